"""What PostgreSQL's own catalog tells of the tables of the schema that a role works in, whatever their names are."""

from __future__ import annotations

from sqlalchemy import text

from core.databases.facts import MARKER

# The partitions of a table are parts of it, and no tables to a reader of its rows.
_OURS = f"""
    c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> '{MARKER}'
"""
_NO_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {} AND d.deptype = 'e')"
TABLES = text(f"SELECT c.relname FROM pg_class c WHERE {_OURS} ORDER BY c.relname")
PARTITIONED = text(f"SELECT c.relname FROM pg_class c WHERE {_OURS} AND c.relkind = 'p'")
COLUMNS = text(f"""
    SELECT c.relname AS table, a.attname AS name, b.typname AS type,
        format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS native,
        (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = b.oid) AS values,
        (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = b.typelem) AS elements,
        a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS required,
        coalesce(pg_get_expr(f.adbin, f.adrelid), pg_get_expr(t.typdefaultbin, 0)) AS said,
        a.attidentity = 'a' AS always, a.attidentity <> '' AS identity,
        a.attgenerated <> '' AS computed, a.attgenerated = 's' AS stored,
        CASE WHEN t.typtype = 'd' THEN format_type(t.oid, -1) END AS domain,
        (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.contypid = t.oid
            AND k.contype = 'c') AS domain_rules,
        CASE WHEN a.attcollation <> b.typcollation THEN l.collname END AS collation,
        coalesce(l.collisdeterministic, TRUE) AS exact,
        q.seqincrement AS step
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
        LEFT JOIN pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        LEFT JOIN LATERAL (SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
            AND refclassid = 'pg_class'::regclass AND refobjid = c.oid AND refobjsubid = a.attnum
            AND objid IN (SELECT seqrelid FROM pg_sequence) ORDER BY objid LIMIT 1) own ON TRUE
        LEFT JOIN pg_sequence q ON q.seqrelid = own.objid
    WHERE {_OURS} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum
""")
_NAMES = """
    ARRAY(SELECT a.attname::text FROM unnest({}) WITH ORDINALITY AS one (number, place)
        JOIN pg_attribute a ON a.attrelid = {} AND a.attnum = one.number ORDER BY one.place)
"""
# What only younger servers have is read by its name, for the older ones have no such column.
CONSTRAINTS = text(f"""
    SELECT c.relname AS table, k.conname AS name, k.contype::text AS kind,
        {_NAMES.format("k.conkey", "k.conrelid")} AS columns,
        CASE WHEN o.relnamespace = c.relnamespace THEN o.relname ELSE n.nspname || '.' || o.relname END AS other,
        {_NAMES.format("k.confkey", "k.confrelid")} AS referred,
        k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
        to_jsonb(k) -> 'confdelsetcols' NOT IN ('null', '[]') AS sets_some,
        k.condeferrable AS deferrable, k.condeferred AS deferred, k.convalidated AS proved,
        k.confmatchtype = 'f' AS whole, coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, FALSE) AS nulls_same,
        pg_get_expr(k.conbin, k.conrelid) AS sql, pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        LEFT JOIN pg_class o ON o.oid = k.confrelid LEFT JOIN pg_namespace n ON n.oid = o.relnamespace
        LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
    WHERE {_OURS} AND k.conparentid = 0 ORDER BY c.relname, k.conname
""")
INDEXES = text(f"""
    SELECT c.relname AS table, x.relname AS name, i.indisunique AS unique,
        ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS one (number, place)
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = one.number
            WHERE one.place <= i.indnkeyatts ORDER BY one.place) AS columns,
        ARRAY(SELECT one.flags & 1 = 1 FROM unnest(i.indoption::int2[]) WITH ORDINALITY AS one (flags, place)
            ORDER BY one.place) AS descending,
        pg_get_expr(i.indpred, c.oid) AS where, i.indisvalid AS valid, m.amname = 'btree' AS ordered,
        coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, FALSE) AS nulls_same,
        NOT EXISTS (SELECT FROM unnest(i.indclass::oid[]) class JOIN pg_opclass p ON p.oid = class
            WHERE NOT p.opcdefault)
        AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[], i.indcollation::oid[]) AS one (number, by)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = one.number AND a.attcollation <> one.by)
            AS plain,
        pg_get_indexdef(x.oid) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_am m ON m.oid = x.relam
    WHERE {_OURS} AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY c.relname, x.relname
""")
HABITS = text(f"""
    SELECT c.relname, 'row-level security is left out: who may read the table sees all of its rows' FROM pg_class c
        WHERE {_OURS} AND c.relrowsecurity
    UNION ALL SELECT c.relname, 'is made as one table, without its partitions' FROM pg_class c
        WHERE {_OURS} AND c.relkind = 'p'
    UNION ALL SELECT c.relname, 'inherits from ' || p.relname || ': it is made as a table of its own'
        FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
        WHERE {_OURS}
""")
OTHERS = text(f"""
    SELECT 'view ' || relname FROM pg_class c
        WHERE relkind = 'v' AND relnamespace = quote_ident(current_schema())::regnamespace
        AND {_NO_EXTENSION.format("c.oid")}
    UNION ALL SELECT 'materialised view ' || relname FROM pg_class
        WHERE relkind = 'm' AND relnamespace = quote_ident(current_schema())::regnamespace
    UNION ALL SELECT 'foreign table ' || relname FROM pg_class
        WHERE relkind = 'f' AND relnamespace = quote_ident(current_schema())::regnamespace
    UNION ALL SELECT 'sequence ' || relname FROM pg_class c
        WHERE relkind = 'S' AND relnamespace = quote_ident(current_schema())::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid
            AND deptype IN ('a', 'i', 'e'))
    UNION ALL SELECT CASE typtype WHEN 'd' THEN 'domain ' ELSE 'type ' END || typname FROM pg_type t
        WHERE typnamespace = quote_ident(current_schema())::regnamespace AND {_NO_EXTENSION.format("t.oid")}
        AND (typtype IN ('d', 'r') OR (typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = t.typrelid) = 'c'))
    UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND c.relnamespace = quote_ident(current_schema())::regnamespace
    UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace
    UNION ALL SELECT CASE prokind WHEN 'p' THEN 'procedure ' ELSE 'function ' END || proname FROM pg_proc p
        WHERE pronamespace = quote_ident(current_schema())::regnamespace AND {_NO_EXTENSION.format("p.oid")}
    UNION ALL SELECT 'table ' || schemaname || '.' || tablename FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema', current_schema())
    ORDER BY 1
""")
