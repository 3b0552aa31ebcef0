"""What the catalog of MariaDB and MySQL tells of the tables of a database, whatever their names are."""

from __future__ import annotations

from sqlalchemy import text

from core.databases.facts import MARKER

_OURS = f"""
    table_schema = DATABASE() AND table_name <> '{MARKER}' AND table_name IN (SELECT t.table_name
        FROM information_schema.tables t WHERE t.table_schema = DATABASE()
        AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED'))
"""
TABLES = text(f"""
    SELECT table_name AS name, table_type = 'SYSTEM VERSIONED' AS versioned, engine AS engine,
        COALESCE(create_options, '') LIKE '%partitioned%' AS partitioned
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> '{MARKER}'
        AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
""")
COLUMNS = text(f"""
    SELECT table_name AS table_name, column_name AS name, column_type AS native, column_default AS said,
        is_nullable = 'YES' AS nullable, COALESCE(collation_name, '') AS collation, LOWER(extra) AS extra,
        generation_expression AS computed
    FROM information_schema.columns WHERE {_OURS} ORDER BY table_name, ordinal_position
""")
INDEXES = text(f"""
    SELECT table_name AS table_name, index_name AS name, non_unique = 0 AS is_unique, column_name AS column_name,
        COALESCE(collation, 'A') = 'D' AS descending, sub_part AS length, index_type AS kind
    FROM information_schema.statistics WHERE {_OURS} ORDER BY table_name, index_name, seq_in_index
""")
KEYS = text(f"""
    SELECT table_name AS table_name, constraint_name AS name, column_name AS column_name,
        IF(referenced_table_schema = DATABASE(), referenced_table_name,
            CONCAT(referenced_table_schema, '.', referenced_table_name)) AS other,
        referenced_column_name AS referred
    FROM information_schema.key_column_usage WHERE {_OURS} AND referenced_table_name IS NOT NULL
    ORDER BY table_name, constraint_name, ordinal_position
""")
ACTIONS = text("""
    SELECT table_name, constraint_name, delete_rule, update_rule FROM information_schema.referential_constraints
    WHERE constraint_schema = DATABASE()
""")
CHECKS = {
    True: text("""
        SELECT table_name AS table_name, IF(level = 'Column', NULL, constraint_name) AS name, check_clause AS clause,
            TRUE AS proved
        FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()
        ORDER BY table_name, level DESC, constraint_name
    """),
    False: text("""
        SELECT t.table_name AS table_name, c.constraint_name AS name, c.check_clause AS clause,
            t.enforced = 'YES' AS proved
        FROM information_schema.check_constraints c JOIN information_schema.table_constraints t
            ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
        WHERE c.constraint_schema = DATABASE() AND t.constraint_type = 'CHECK' ORDER BY 1, 2
    """),
}  # by whether it is MariaDB
OTHERS = text("""
    SELECT CONCAT(IF(table_type = 'SEQUENCE', 'sequence ', 'view '), table_name) AS name
        FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('VIEW', 'SEQUENCE')
    UNION ALL SELECT CONCAT('trigger ', trigger_name) FROM information_schema.triggers
        WHERE trigger_schema = DATABASE()
    UNION ALL SELECT CONCAT(LOWER(routine_type), ' ', routine_name) FROM information_schema.routines
        WHERE routine_schema = DATABASE()
    UNION ALL SELECT CONCAT('event ', event_name) FROM information_schema.events WHERE event_schema = DATABASE()
    ORDER BY 1
""")
