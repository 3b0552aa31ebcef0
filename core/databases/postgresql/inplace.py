"""A dump into the site's PostgreSQL database itself, for a role that may create none: all of it in one transaction.

What the role owns is dropped, the dump restored, its rows counted, and the restore's id written into a small table;
then it is committed. So the table tells whether the server committed, whatever became of us.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import text

from core.databases.facts import MARKER, checked_id
from core.databases.postgresql.server import PACKAGE, connect, literal, run, tool_command, tool_version
from core.databases.quoting import double_quoted as quoted
from core.databases.tools import Command, find_tool, translate_and_feed, version_numbers
from core.errors import GreenroomError
from core.progress import Reporter

# From these on pg_restore keeps psql from running what a dump says to the shell.
_GUARDED = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
_KEPT = ("extension", "default acl", "foreign-data wrapper", "server", "user mapping", "event trigger", "language")
# What belongs to the role, to no extension and to nothing else that goes, in the server's words: `table`, `public.a`.
_OWNED = text("""
    SELECT o.type, o.identity, s.objid FROM pg_shdepend s
        CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, 0) o
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND s.refclassid = 'pg_authid'::regclass AND s.refobjid = current_user::regrole
        AND s.deptype = 'o' AND s.objsubid = 0 AND o.type <> ALL(:kept) AND o.identity <> 'public'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = s.classid AND d.objid = s.objid
            AND d.refobjid <> s.objid AND d.deptype IN ('e', 'i'))
    ORDER BY o.type, o.identity
""")
_WORDS = {"composite type": "TYPE", "statistics object": "STATISTICS"}
_MARKERS = text("""
    SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'greenroom_restore' AND c.relkind = 'r' AND pg_has_role(c.relowner, 'MEMBER')
""")
_OF_OTHERS = """(SELECT md5(coalesce(string_agg(o, ',' ORDER BY o), '')) FROM (
    SELECT 'relation ' || c.oid AS o FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE rolname <> current_user AND relpersistence <> 't' AND relnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT 'function ' || p.oid FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
        WHERE rolname <> current_user
    UNION ALL SELECT 'type ' || t.oid FROM pg_type t JOIN pg_roles r ON r.oid = t.typowner
        WHERE rolname <> current_user AND typnamespace <> 'pg_toast'::regnamespace
    UNION ALL SELECT 'rule ' || k.oid FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_roles r ON r.oid = c.relowner WHERE rolname <> current_user) others)"""

_STILL_THERE = f"""
    IF current_setting('greenroom.others') <> {_OF_OTHERS} THEN
        RAISE EXCEPTION 'something of another role depends on what the restore replaces';
    END IF;"""
# A commit before ours fails: pg_restore writes one where a dump has large objects.
_GUARDED_COMMIT = """
CREATE TEMPORARY TABLE greenroom_guard (a int) ON COMMIT DROP;
CREATE FUNCTION pg_temp.greenroom_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('greenroom.ended', true) IS DISTINCT FROM 'yes' THEN
        RAISE EXCEPTION 'the dump commits before its end, as one with large objects does';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER greenroom_guard AFTER INSERT ON greenroom_guard INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp.greenroom_guard();
INSERT INTO greenroom_guard VALUES (1);"""
# Tables have the names that `server.shown` gives them.
_COUNTED = """DECLARE one record; found bigint;
BEGIN
    FOR one IN SELECT * FROM pg_temp.greenroom_expected e
        LEFT JOIN (SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS shown
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r') t ON t.shown = e.name
    LOOP
        IF one.oid IS NULL THEN RAISE EXCEPTION 'the dump has no table %', one.name; END IF;
        EXECUTE pg_catalog.format('SELECT count(*) FROM %s', one.oid::pg_catalog.regclass) INTO found;
        IF found <> one.wanted THEN
            RAISE EXCEPTION 'the table % has % rows, expected %', one.name, found, one.wanted;
        END IF;
    END LOOP;
END"""
_MARKED = """DECLARE place text;
BEGIN
    SELECT pg_catalog.quote_ident(nspname) INTO place FROM pg_catalog.pg_namespace
        WHERE pg_catalog.has_schema_privilege(oid, 'CREATE') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
        ORDER BY nspname <> 'public' LIMIT 1;
    EXECUTE pg_catalog.format('CREATE TABLE %s.greenroom_restore AS SELECT %L::text AS id', place, RESTORE_ID);
END"""


def owned(url: str) -> list[str]:
    """Return what a restore in place drops, a line each: `table public.film`."""
    with connect(url) as connection:
        return [f"{kind} {identity}" for kind, identity, _ in connection.execute(_OWNED, {"kept": list(_KEPT)})]


def in_place_problems(tools: Path | None = None) -> list[str]:
    """Return why these tools may not restore in place: a dump could give psql commands for the shell."""
    version = tool_version("pg_restore", tools)
    major, minor, *_ = (*version_numbers(version), 0)
    if major < min(_GUARDED) or minor < _GUARDED.get(major, 0):
        return [f"pg_restore {version} does not guard psql from what a dump says to the shell; update {PACKAGE}"]
    return []


def restore_in_place(
    url: str,
    restore_id: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    *,
    tools: Path | None = None,
    owners: bool = True,
) -> None:
    """Put a dump into the place of what the role owns, in one transaction; any error and nothing has changed.

    It is an error where something of another role depends on what goes, where a table would not have the rows expected,
    and where the dump has large objects, for pg_restore then writes a commit of its own.
    Raise GreenroomError or CancelledError. After an error of the connection ask `committed`.
    """
    for problem in in_place_problems(tools):
        raise GreenroomError(problem, hint="restore with a role that may create databases, or with newer tools")
    forget(url)
    words = ["--exit-on-error", *([] if owners else ["--no-owner", "--no-acl"]), "--file=-"]
    translator = Command([str(find_tool(["pg_restore"], tools, PACKAGE)), *words], {})
    reader = tool_command("psql", tools, url, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
    reporter.phase("loading the database")
    translate_and_feed(
        translator, reader, _drops(url).encode(), blocks, _ending(checked_id(restore_id), expected).encode(), reporter
    )
    if not committed(url, restore_id):
        raise GreenroomError("psql ended well, but the server did not commit", hint="nothing was changed; try again")


def committed(url: str, restore_id: str) -> bool:
    """Whether the server committed a restore in place."""
    with connect(url) as connection:
        ids: list[str] = []
        for schema in connection.execute(_MARKERS).scalars().all():
            query = f"SELECT id FROM {quoted(schema)}.{quoted(MARKER)}"
            ids += connection.exec_driver_sql(query.replace("%", "%%")).scalars()
    return restore_id in ids


def forget(url: str) -> None:
    """Drop the table that says which restore was committed; can be repeated."""
    with connect(url, autocommit=True) as connection:
        for schema in connection.execute(_MARKERS).scalars().all():
            run(connection, f"DROP TABLE {quoted(schema)}.{quoted(MARKER)}")


def _drops(url: str) -> str:
    with connect(url) as connection:
        rows = [(str(row[0]), str(row[1]), int(row[2])) for row in connection.execute(_OWNED, {"kept": list(_KEPT)})]
    drops = [_drop(*row) for row in sorted(rows, key=lambda row: row[0] == "schema")]
    return "\n".join(
        [
            r"\encoding UTF8",
            "BEGIN;",
            "SET LOCAL client_min_messages = warning;",
            "SET LOCAL lock_timeout = '60s';",
            _GUARDED_COMMIT,
            _do(f"PERFORM set_config('greenroom.others', {_OF_OTHERS}, true);"),
            *drops,
            _do(_STILL_THERE),
            "",
        ]
    )


def _drop(kind: str, identity: str, number: int) -> str:
    if kind == "large object":
        return _do(f"PERFORM lo_unlink({number});")
    return f"DROP {_WORDS.get(kind, kind.upper())} IF EXISTS {identity} CASCADE;"


def _ending(restore_id: str, expected: dict[str, int]) -> str:
    lines = ["CREATE TEMPORARY TABLE greenroom_expected (name text, wanted bigint) ON COMMIT DROP;"]
    lines += (f"INSERT INTO pg_temp.greenroom_expected SELECT {literal(t)}, {n};" for t, n in expected.items())
    return "\n".join(
        [
            "",
            *lines,
            _do(_COUNTED),
            _do(_MARKED.replace("RESTORE_ID", literal(restore_id))),
            "SET LOCAL greenroom.ended = 'yes';",
            "COMMIT;",
            "",
        ]
    )


def _do(body: str) -> str:
    whole = body if body.lstrip().startswith("DECLARE") else f"BEGIN {body} END"
    return f"DO {literal(whole)};"
