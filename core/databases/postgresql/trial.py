"""A restored PostgreSQL database is tried: are its foreign keys checked, and does each table take one more row?

All of it is one transaction that is rolled back. A table that refuses a row for another reason than a number that is
taken says nothing: the row is a copy of one that is there, and its own rules may forbid that.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.databases.connect import run_as_it_is
from core.databases.postgresql.server import shown
from core.databases.scratch import Trial
from core.progress import Reporter

Place = tuple[str, str, str]  # schema, table, column

_OURS = """
    c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.deptype = 'e')
"""
# A column that counts up, and what it would get next.
_COUNTED = """
    (a.attidentity <> '' OR coalesce(pg_get_expr(f.adbin, f.adrelid), '') LIKE 'nextval(%')
"""
_COUNTERS = text(f"""
    SELECT n.nspname, c.relname, a.attname, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
        quote_ident(a.attname), quote_ident(m.nspname) || '.' || quote_ident(s.relname), q.seqincrement
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        JOIN pg_depend p ON (p.classid = 'pg_attrdef'::regclass AND p.objid = f.oid)
            OR (p.classid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum
                AND p.deptype = 'i')
        JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (p.objid, p.refobjid)
        JOIN pg_namespace m ON m.oid = s.relnamespace
        JOIN pg_sequence q ON q.seqrelid = s.oid AND NOT q.seqcycle
    WHERE {_OURS} AND a.attnum > 0 AND NOT a.attisdropped AND {_COUNTED}
        AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1
            AND i.indkey[0] = a.attnum AND i.indpred IS NULL)
    GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3
""")
_KEYS = text("""
    SELECT convalidated, conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'f' AND conparentid = 0 ORDER BY 2, 3
""")
_TABLES = text(f"""
    SELECT n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS place,
        ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a
            LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                AND NOT {_COUNTED} ORDER BY a.attnum) AS kept,
        EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = c.oid) AS referred,
        EXISTS (SELECT FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND {_COUNTED}) AS counts,
        ARRAY(SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            WHERE x.indrelid = c.oid AND x.indisunique AND EXISTS (
                SELECT FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
                WHERE a.attrelid = c.oid AND a.attnum = ANY(x.indkey) AND {_COUNTED})) AS counting
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OURS} ORDER BY 1, 2
""")
_TAKEN = "23505"
_FAULTS_OF_THE_SERVER = ("08", "53", "57", "58", "XX")


def behind(connection: Connection) -> frozenset[Place]:
    """Return the columns whose next number is not beyond all that are there already, so that one may be taken."""
    found = []
    for schema, table, column, place, name, sequence, step in connection.execute(_COUNTERS).all():
        beyond = ">=" if step > 0 else "<="
        following = f"CASE WHEN s.is_called THEN s.last_value + ({int(step)}) ELSE s.last_value END"
        query = f"SELECT EXISTS (SELECT FROM {sequence} s JOIN {place} t ON t.{name} {beyond} {following})"
        if run_as_it_is(connection, query).scalar_one():
            found.append((schema, table, column))
    return frozenset(found)


def try_tables(connection: Connection, known: frozenset[Place], reporter: Reporter) -> Trial:
    """Try all tables; `known` are the columns that are behind in the site itself: then the backup is not at fault."""
    keys = connection.execute(_KEYS).all()
    notices = [
        f"the foreign key {name} of {table} is not checked, in the source neither"
        for is_checked, table, name in keys
        if not is_checked
    ]
    late = behind(connection)
    problems = [_late_words(place) for place in sorted(late - known)]
    notices += [f"{_late_words(place)}, as in the site itself" for place in sorted(late & known)]
    skipped = {(schema, table) for schema, table, _ in late}
    tables = [row for row in connection.execute(_TABLES).all() if (row.nspname, row.relname) not in skipped]
    reporter.phase("inserting a row into each table", len(tables), "steps")
    inserts = 0
    for row in tables:
        refused = _try_table(connection, row)
        inserts += refused == ""
        problems += [refused] if refused else []
        reporter.advance()
    return Trial(sum(row[0] for row in keys), inserts, tuple(problems), tuple(notices))


def _late_words(place: Place) -> str:
    schema, table, column = place
    return f"the sequence of {column} in {shown(schema, table)} is behind: a new row gets a number that is taken"


def _try_table(connection: Connection, row: Any) -> str | None:
    """Insert a row; return what speaks against the backup, nothing where it was taken, None where it says nothing."""
    if row.referred and not row.counts:
        return None  # a second row with the same key cannot be, and the first cannot go
    try:
        with connection.begin_nested() as savepoint:
            run_as_it_is(connection, f"ALTER TABLE {row.place} DISABLE TRIGGER USER")  # which may reach out of here
            taken = run_as_it_is(connection, _insert(row)).rowcount
            run_as_it_is(connection, "SET CONSTRAINTS ALL IMMEDIATE")
            savepoint.rollback()
    except DBAPIError as error:
        return _refusal(row, error)
    return "" if taken else None


def _insert(row: Any) -> str:
    """A row that nothing refers to is taken away first, so that the new one is not like any other."""
    kept = ", ".join(row.kept)
    one = f"SELECT ctid FROM ONLY {row.place} LIMIT 1"
    if not kept:
        return f"INSERT INTO {row.place} DEFAULT VALUES"
    if row.referred:
        return f"INSERT INTO {row.place} ({kept}) SELECT {kept} FROM ONLY {row.place} LIMIT 1"
    return (
        f"WITH gone AS (DELETE FROM ONLY {row.place} WHERE ctid = ({one}) RETURNING {kept})"
        f" INSERT INTO {row.place} ({kept}) SELECT {kept} FROM gone"
    )


def _refusal(row: Any, error: DBAPIError) -> str | None:
    said: Any = error.orig
    code = said.sqlstate or ""
    if code.startswith(_FAULTS_OF_THE_SERVER):
        raise error
    if code == _TAKEN and said.diag.constraint_name in row.counting:
        return f"{shown(row.nspname, row.relname)} refused a new row: {said.diag.message_primary}"
    return None
