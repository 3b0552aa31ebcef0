"""A dump into the site's PostgreSQL database itself, for a role that may create none: all of it in one transaction.

What the role owns is dropped, the dump restored, its rows counted, and the restore's id written into a small table;
the commit waits until it is asked for. So the table tells whether the server committed, whatever became of us.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, text

from core.databases.facts import MARKER, checked_id
from core.databases.postgresql.server import PACKAGE, connect, literal, probe, run, tool_command, tool_version
from core.databases.postgresql.snapshot import read_header, restore_problems
from core.databases.quoting import double_quoted as quoted
from core.databases.tools import Command, fed_translated, find_tool, version_numbers
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
_SECONDS = 30
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

# What pg_dump would dump of others: the dump could not be restored beside it.
_TABLES_OF_OTHERS = text("""
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relowner <> current_user::regrole AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
    ORDER BY 1
""")
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


def find_problems(url: str, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot take the place of what the role owns, a sentence each."""
    found = restore_problems(read_header(first), probe(url), tool_version("pg_restore", tools))
    with connect(url) as connection:
        others = connection.execute(_TABLES_OF_OTHERS).scalars().all()
    if others:
        found.append(
            f"the role may create no database, and what is in the one it has is not all its own: {', '.join(others)}"
        )
    return found + in_place_problems(tools)


def in_place_problems(tools: Path | None = None) -> list[str]:
    """Return why these tools may not restore in place: a dump could give psql commands for the shell."""
    version = tool_version("pg_restore", tools)
    major, minor, *_ = (*version_numbers(version), 0)
    if major < min(_GUARDED) or minor < _GUARDED.get(major, 0):
        return [f"pg_restore {version} does not guard psql from what a dump says to the shell; update {PACKAGE}"]
    return []


@contextmanager
def prepared_in_place(
    url: str,
    restore_id: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    *,
    tools: Path | None = None,
    owners: bool = True,
) -> Iterator[Callable[[], None]]:
    """Put a dump into the place of what the role owns, in one transaction; yield its commit.

    Any error before, or a block that ends without it, and nothing has changed. It is an error where something of
    another role depends on what goes, where a table would not have the rows expected, and where the dump has large
    objects, for pg_restore then writes a commit of its own.
    Raise GreenroomError or CancelledError. After an error of the commit ask `committed`.
    """
    for problem in in_place_problems(tools):
        raise GreenroomError(problem, hint="restore with a role that may create databases, or with newer tools")
    forget(url)
    words = ["--exit-on-error", *([] if owners else ["--no-owner", "--no-acl"]), "--file=-"]
    translator = Command([str(find_tool(["pg_restore"], tools, PACKAGE)), *words], {})
    reader = tool_command("psql", tools, url, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
    ready = f"greenroom is ready {secrets.token_hex(8)}"
    before, after = _beginning(url, restore_id), _ending(restore_id, expected, ready)
    reporter.phase("loading the database")
    with fed_translated(translator, reader, before.encode(), blocks, after.encode(), ready.encode(), reporter) as end:
        yield partial(_commit, url, restore_id, end)


def _commit(url: str, restore_id: str, end: Callable[[bytes], None]) -> None:
    end(b"SET LOCAL greenroom.ended = 'yes';\nCOMMIT;\n")
    if not committed(url, restore_id):
        raise GreenroomError("psql ended well, but the server did not commit", hint="nothing was changed; try again")


def committed(url: str, restore_id: str) -> bool:
    """Whether the server committed a restore in place; a session that is gone, but not yet for it, is waited for."""
    with connect(url) as connection:
        run(connection, f"SET LOCAL lock_timeout = '{_SECONDS}s'")
        run(connection, f"SELECT {_lock(restore_id)}")
        connection.rollback()  # what was read while waiting is older than what the other did
        ids: list[str] = []
        for table in _markers(connection):
            ids += connection.execute(text(f"SELECT id FROM {table}".replace(":", r"\:"))).scalars()
    return restore_id in ids


def forget(url: str) -> None:
    """Drop the table that says which restore was committed; can be repeated."""
    with connect(url, autocommit=True) as connection:
        for table in _markers(connection):
            run(connection, f"DROP TABLE {table}")


def _markers(connection: Connection) -> list[str]:
    schemas = connection.execute(_MARKERS).scalars()
    return [f"{quoted(schema)}.{quoted(MARKER)}" for schema in schemas]


def _lock(restore_id: str) -> str:
    """The lock that the transaction of a restore holds to its end."""
    return f"pg_advisory_xact_lock(hashtext('greenroom'), hashtext({literal(checked_id(restore_id))}))"


def _beginning(url: str, restore_id: str) -> str:
    with connect(url) as connection:
        rows = [(str(row[0]), str(row[1]), int(row[2])) for row in connection.execute(_OWNED, {"kept": list(_KEPT)})]
    drops = [_drop(*row) for row in sorted(rows, key=lambda row: row[0] == "schema")]
    return "\n".join(
        [
            r"\encoding UTF8",
            r"\o /dev/null",  # what nobody reads would fill the pipe
            "BEGIN;",
            _do(f"PERFORM {_lock(restore_id)};"),
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


def _ending(restore_id: str, expected: dict[str, int], ready: str) -> str:
    lines = ["CREATE TEMPORARY TABLE greenroom_expected (name text, wanted bigint) ON COMMIT DROP;"]
    lines += (f"INSERT INTO pg_temp.greenroom_expected SELECT {literal(t)}, {n};" for t, n in expected.items())
    return "\n".join(
        [
            "",
            *lines,
            _do(_COUNTED),
            _do(_MARKED.replace("RESTORE_ID", literal(restore_id))),
            rf"\echo {ready}",
            "",
        ]
    )


def _do(body: str) -> str:
    whole = body if body.lstrip().startswith("DECLARE") else f"BEGIN {body} END"
    return f"DO {literal(whole)};"
