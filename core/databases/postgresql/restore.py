"""A dump into a new PostgreSQL database beside the site's, checked and marked there, ready for the swap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from core.databases.connect import beside, database_of
from core.databases.facts import checked_id, expect_counts
from core.databases.postgresql.server import connect, count_tables, literal, probe, run, tool_command, tool_version
from core.databases.postgresql.snapshot import read_header, restore_problems
from core.databases.postgresql.swap import Databases, administer, drop_new, look
from core.databases.quoting import double_quoted as quoted
from core.databases.tools import feed_tool
from core.errors import GreenroomError
from core.progress import Reporter

WITHOUT_OWNERS = ("--no-owner", "--no-acl")
# The values of these are lists, which stand as they are; all others are one value.
_LISTS = {"search_path", "local_preload_libraries", "session_preload_libraries", "temp_tablespaces"}
_LIKE = text("""
    SELECT to_jsonb(d) - 'datacl', r.rolname, t.spcname, pg_encoding_to_char(d.encoding),
        d.datacl IS NOT NULL, shobj_description(d.oid, 'pg_database')
    FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba JOIN pg_tablespace t ON t.oid = d.dattablespace
    WHERE d.datname = :name
""")
_GRANTS = text("""
    SELECT coalesce(r.rolname, ''), a.privilege_type, a.is_grantable
    FROM pg_database d CROSS JOIN aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE d.datname = :name AND a.grantee <> d.datdba
""")
_SETTINGS = text("""
    SELECT coalesce(r.rolname, ''), unnest(s.setconfig) FROM pg_db_role_setting s
        JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE d.datname = :name
""")
_RIGHTS = text("""
    SELECT r.rolsuper, r.rolcreatedb, coalesce(pg_has_role(d.datdba, 'MEMBER'), true)
    FROM pg_roles r LEFT JOIN pg_database d ON d.datname = :name WHERE r.rolname = current_user
""")


def swap_problems(url: str) -> list[str]:
    """Return why the site's role cannot restore into a database beside the site's and swap the two: rights it lacks."""
    with administer(url) as connection:
        superuser, creates, owns = connection.execute(_RIGHTS, {"name": database_of(url)}).one()
    problems = []
    if not (superuser or creates):
        problems.append("the role may not create databases: ALTER ROLE ... CREATEDB")
    if not (superuser or owns):
        problems.append("the role does not own the database: ALTER DATABASE ... OWNER TO")
    return problems


def find_problems(url: str, first: bytes, tools: Path | None) -> list[str]:
    """Given a dump's beginning, return why it cannot take the place of the database, a sentence each."""
    found = restore_problems(read_header(first), probe(url), tool_version("pg_restore", tools))
    return found + swap_problems(url)


def prepare(
    url: str,
    restore_id: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    *,
    tools: Path | None = None,
    owners: bool = True,
) -> None:
    """Restore a dump into a new database beside the site's, which is not touched, and check its rows.

    It gets the site's owner, encoding, locale, tablespace, rights and settings; without `owners` all in it belongs to
    the role of the URL and no right that was granted comes back. At its end it is marked with the restore's id. One
    that is there already is made anew. Any error leaves none.
    Raise GreenroomError, VerificationError where the rows are not those expected, CancelledError.
    """
    checked_id(restore_id)
    found = look(url)
    if found.old is not None and found.site is not None:
        raise GreenroomError(
            f"the database {found.old_name} is there still, from an earlier restore",
            hint="finish that restore, or go back from it, or look what is in it and drop it",
        )
    drop_new(url)
    try:
        with administer(url) as connection:
            comment = create_like(connection, database_of(url), found.new_name)
        new = beside(url, found.new_name)
        load_into(new, blocks, expected, reporter, tools, () if owners else WITHOUT_OWNERS)
        _mark(new, found, restore_id, comment)
    except BaseException:
        drop_new(url)
        raise


def load_into(
    new: str,
    blocks: Iterable[bytes],
    expected: dict[str, int],
    reporter: Reporter,
    tools: Path | None,
    words: Sequence[str] = (),
) -> None:
    """Restore a dump into the empty database of the URL `new`, in one transaction, and check its rows."""
    reporter.phase("loading the database")
    command = tool_command("pg_restore", tools, new, "--single-transaction", "--exit-on-error", *words)
    feed_tool(command, blocks, reporter)
    expect_counts(expected, count_tables(new, reporter).tables)


def create_like(connection: Connection, name: str, new: str, *, for_others: bool = True) -> str:
    """Create the database `new` with the properties of `name`, where that exists; return its comment.

    Unless it is `for_others` it belongs to the role, nobody else may connect, and no role has settings of its own.
    """
    row = connection.execute(_LIKE, {"name": name}).one_or_none()
    if row is None:
        run(connection, f"CREATE DATABASE {quoted(new)} TEMPLATE template0")
        return ""
    about, owner, tablespace, encoding, has_grants, comment = row
    place = f"CONNECTION LIMIT {int(about['datconnlimit'])}"
    if tablespace != "pg_default":  # which needs no right, but may not be named without one
        place += f" TABLESPACE {quoted(tablespace)}"
    kind = f"ENCODING {literal(encoding)} {_locale(about)}"
    owned = f"OWNER {quoted(owner)} " if for_others else ""
    statements = [f"CREATE DATABASE {quoted(new)} TEMPLATE template0 {owned}{kind} {place}"]
    if has_grants or not for_others:
        statements.append(f"REVOKE ALL ON DATABASE {quoted(new)} FROM PUBLIC")
    for grantee, right, grantable in connection.execute(_GRANTS, {"name": name}) if for_others else ():
        whom = quoted(grantee) if grantee else "PUBLIC"
        option = " WITH GRANT OPTION" if grantable else ""
        statements.append(f"GRANT {right} ON DATABASE {quoted(new)} TO {whom}{option}")
    for role, setting in connection.execute(_SETTINGS, {"name": name}):
        if role and not for_others:
            continue
        whose = f"ROLE {quoted(role)} IN DATABASE" if role else "DATABASE"
        variable, _, value = str(setting).partition("=")
        said = value if variable in _LISTS and value else literal(value)
        statements.append(f"ALTER {whose} {quoted(new)} SET {_variable(variable)} TO {said}")
    for statement in statements:
        run(connection, statement)
    return comment or ""


def _locale(about: dict[str, Any]) -> str:
    words = [f"LC_COLLATE {literal(about['datcollate'])} LC_CTYPE {literal(about['datctype'])}"]
    provider = about.get("datlocprovider", "c")
    locale = about.get("datlocale") or about.get("daticulocale")
    if provider == "i":
        words.append(f"LOCALE_PROVIDER icu ICU_LOCALE {literal(locale)}")
    elif provider == "b":
        words.append(f"LOCALE_PROVIDER builtin BUILTIN_LOCALE {literal(locale)}")
    return " ".join(words)


def _variable(name: str) -> str:
    return ".".join(map(quoted, name.split(".")))


def _mark(new: str, found: Databases, restore_id: str, comment: str) -> None:
    """The mark is the last that is written: a database without it was not loaded to its end."""
    with connect(new, autocommit=True) as connection:
        run(connection, "ANALYZE")
        mark = literal(found.mark(restore_id) + comment)
        run(connection, f"COMMENT ON DATABASE {quoted(found.new_name)} IS {mark}")
