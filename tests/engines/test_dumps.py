"""Dumps by the engines' own tools: whole, of one moment, with the rows that they hold; and nothing left when not."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.databases.connect import open_server
from core.databases.mysql import snapshot as mysql
from core.databases.mysql.counting import DumpCounter
from core.databases.mysql.server import connections as mysql_connections
from core.databases.mysql.server import probe as mysql_probe
from core.databases.mysql.server import tool_command as mysql_command
from core.databases.postgresql import snapshot as postgresql
from core.databases.postgresql.restore import prepare
from core.databases.postgresql.server import connections as postgresql_connections
from core.databases.postgresql.server import probe as postgresql_probe
from core.databases.postgresql.server import tool_command, tool_version
from core.databases.tools import ToolFailedError, ToolMissingError
from core.errors import CancelledError, GreenroomError, VerificationError
from core.progress import CancelToken, Reporter
from tests.engines import servers
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.dumping import (
    SERVERS,
    TOOLS,
    as_user,
    blocks,
    command_lines,
    count,
    dumped,
    engine_of,
    make_rows,
    open_dump,
    query,
    running_tools,
)

PASSWORD = "p w'#\"\\%:/@ é"
MANY = 40_000
ServerOf = Callable[[str], str]


@pytest.mark.parametrize("engine", SERVERS)
def test_a_dump_knows_its_rows(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    make_rows(url, 3)
    data, facts = dumped(url)
    assert facts.tables == {"a": 3, "b": 0} == count(url)
    header = (postgresql if engine == "postgresql" else mysql).read_header(data[:4096])
    assert facts.engine_version == header.server_version
    assert not running_tools()


@pytest.mark.parametrize("engine", SERVERS)
def test_rows_are_counted_whatever_they_hold(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    q = "`" if engine == "mysql" else '"'
    backslash = "\\\\" if engine == "mysql" else "\\"
    run_sql(
        url,
        f"""
        CREATE TABLE {q}it's 100% (odd) \\{q} ({q}a (b){q} INTEGER, body {"LONGTEXT" if q == "`" else "TEXT"},
            raw {"LONGBLOB" if q == "`" else "BYTEA"}, twice INTEGER GENERATED ALWAYS AS ({q}a (b){q} * 2) STORED);
        INSERT INTO {q}it's 100% (odd) \\{q} ({q}a (b){q}, body) VALUES (1, 'it''s (a) ; {backslash}
),
(b{backslash}'), (2, NULL), (3, '{"(" * 300_000}'), (4, '{backslash}'), (5, 'INSERT INTO `a` VALUES
(1)')
        """,
    )
    assert dumped(url)[1].tables == {"it's 100% (odd) \\": 5}


def test_bytes_are_counted(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_sql(url, "CREATE TABLE t (raw LONGBLOB, flags BIT(8))")
    everything = bytes(range(256)).hex() + "5c27" * 3 + "0a28" * 3 + "e25c27"
    run_sql(url, f"INSERT INTO t VALUES (x'{everything}', 39), (x'5c', 92), (x'', 0)")
    assert dumped(url)[1].tables == {"t": 3}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_rows_are_counted_in_blocks_of_any_size_and_in_either_form(size: int) -> None:
    dump = (
        b"CREATE TABLE `t` (\n  `a` int\n);\n"
        b"INSERT INTO `t` VALUES (1,'it\\'s (\\\\'),(2,'\\\\\\\\'),(3,'a;\\n');\n"
        b"INSERT INTO `t` VALUES\n(4,'(\\n('),\n(5,NULL);\n"
        b"INSERT INTO `t` (`a`, `b (`) VALUES (6,'');\n"
        b"CREATE TABLE `none` (\n);\nDELIMITER ;;\nINSERT INTO `t` VALUES (7,'');\nDELIMITER ;\n"
        b"-- Dump completed on 2026-03-29 14:05:00\n"
    )
    counter = count_all(dump[start : start + size] for start in range(0, len(dump), size))
    counter.finish()
    assert counter.tables == {"t": 6, "none": 0}


def count_all(blocks: Iterable[bytes]) -> DumpCounter:
    counter = DumpCounter()
    for block in blocks:
        counter.take(block)
    return counter


@pytest.mark.parametrize("engine", SERVERS)
def test_what_is_written_meanwhile_is_neither_dumped_nor_counted(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    make_rows(url, MANY)
    with open_dump(url) as dump:
        data = [next(dump.blocks)]
        run_sql(url, "DELETE FROM a WHERE id > 10;\nINSERT INTO b VALUES (1)")
        data += dump.blocks
        assert dump.facts().tables == {"a": MANY, "b": 0}
    assert b"".join(data).count(b"x" * 1000) == MANY


@pytest.mark.parametrize("engine", SERVERS)
def test_a_tool_that_is_killed_is_a_failure(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    make_rows(url, MANY)
    with open_dump(url) as dump:
        next(dump.blocks)
        (tool,) = running_tools()
        os.kill(tool, signal.SIGKILL)
        with pytest.raises(ToolFailedError, match=f"{TOOLS[engine]} was ended by signal 9"):
            list(dump.blocks)


@pytest.mark.parametrize("engine", SERVERS)
def test_a_connection_that_is_cut_is_a_failure(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    make_rows(url, MANY)
    with open_dump(url) as dump:
        next(dump.blocks)
        if engine == "postgresql":
            query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'greenroom'")
        else:
            for (number,) in query(url, "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT /*%'"):
                run_sql(url, f"KILL CONNECTION {number}")
        with pytest.raises(ToolFailedError, match=f"{TOOLS[engine]} failed with exit status"):
            list(dump.blocks)


@pytest.mark.parametrize("engine", SERVERS)
def test_a_dump_that_is_left_leaves_nothing_running(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    make_rows(url, MANY)
    with open_dump(url) as dump:
        next(dump.blocks)
        assert running_tools()
    assert not running_tools()


@pytest.mark.parametrize("engine", SERVERS)
def test_a_dump_that_waits_for_a_lock_can_be_cancelled(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    make_rows(url, 3)
    token = CancelToken()

    def cancel_soon() -> None:
        while not running_tools():
            pass
        token.cancel()

    server = open_server(url)
    with server.connect() as connection:
        lock = "LOCK TABLE a IN ACCESS EXCLUSIVE MODE" if engine == "postgresql" else "LOCK TABLES a WRITE"
        connection.execute(text(lock))
        with open_dump(url, Reporter(token=token)) as dump:
            other = threading.Thread(target=cancel_soon)
            other.start()
            with pytest.raises(CancelledError):
                list(dump.blocks)
            other.join()
    server.dispose()
    assert not running_tools()


@pytest.fixture
def locked_role(server_of: ServerOf) -> Iterator[Callable[[str, str], str]]:
    """Make a user with a password who may do anything in a database, and give the URL as that user."""
    undo: list[tuple[str, str]] = []

    def make(url: str, password: str) -> str:
        literal = password.replace("'", "''")
        if engine_of(url) == "postgresql":
            folder = Path(server_of("postgresql").partition("host=")[2])
            if not (folder / "data").is_dir():
                pytest.skip("the server's pg_hba.conf is not at hand")
            rules = folder / "data" / "pg_hba.conf"
            if "locked" not in rules.read_text():
                rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
            run_sql(url, f"CREATE ROLE locked LOGIN PASSWORD '{literal}';\nSELECT pg_reload_conf()")
            run_sql(url, "GRANT pg_read_all_data TO locked")
            undo.append((url, "DROP ROLE locked"))
        else:
            literal = literal.replace("\\", "\\\\")
            run_sql(url, f"CREATE USER locked@localhost IDENTIFIED BY '{literal}'")
            run_sql(url, f"GRANT ALL ON {_database(url)}.* TO locked@localhost")
            undo.append((url, "DROP USER locked@localhost"))
        return as_user(url, "locked", password)

    yield make
    for url, statement in undo:
        run_sql(url, statement)


def _database(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@pytest.mark.parametrize("engine", SERVERS)
def test_no_process_shows_the_password(
    make_database: MakeDatabase, locked_role: Callable[[str, str], str], engine: str
) -> None:
    url = make_database(engine)
    make_rows(url, MANY)
    with open_dump(locked_role(url, PASSWORD)) as dump:
        next(dump.blocks)
        assert running_tools()
        seen = list(command_lines())
        assert any(TOOLS[engine] in words for _, words in seen)
        assert not [words for _, words in seen if PASSWORD in words or "p w" in words]
        list(dump.blocks)
        assert dump.facts().tables == {"a": MANY, "b": 0}


@pytest.mark.parametrize("engine", SERVERS)
def test_a_wrong_password_is_said_without_it(
    make_database: MakeDatabase, locked_role: Callable[[str, str], str], engine: str
) -> None:
    url = make_database(engine)
    wrong = as_user(locked_role(url, PASSWORD), "locked", "wrong-secret")
    probe = postgresql_probe if engine == "postgresql" else mysql_probe
    with pytest.raises(GreenroomError, match="locked") as caught:
        probe(wrong)
    assert "wrong-secret" not in caught.value.message + caught.value.hint
    with pytest.raises(GreenroomError), open_dump(wrong):
        pass


@pytest.mark.parametrize("engine", SERVERS)
def test_a_database_that_is_not_there_is_named(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine).replace("greenroom_test", "greenroom_none")
    probe = postgresql_probe if engine == "postgresql" else mysql_probe
    with pytest.raises(GreenroomError, match="greenroom_none"):
        probe(url)


@pytest.mark.parametrize("engine", SERVERS)
def test_who_else_is_connected(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    connections = postgresql_connections if engine == "postgresql" else mysql_connections
    assert connections(url) == []
    server = open_server(url)
    with server.connect():
        (other,) = connections(url)
        assert other.user == ("greenroom" if engine == "postgresql" else "root")
    server.dispose()


@pytest.mark.parametrize("engine", SERVERS)
def test_a_tool_that_is_missing_is_named_with_its_package(
    make_database: MakeDatabase, tmp_path: Path, engine: str
) -> None:
    with (
        pytest.raises(ToolMissingError, match=TOOLS[engine]) as caught,
        open_dump(make_database(engine), tools=tmp_path),
    ):
        pass
    assert "-client" in caught.value.hint


@pytest.mark.parametrize(("engine", "kept"), [("postgresql", 0), ("mysql", 0), ("mysql", 900)])
def test_a_dump_that_is_cut_is_a_failure_though_the_tool_says_it_is_well(
    make_database: MakeDatabase, tmp_path: Path, engine: str, kept: int
) -> None:
    """Of one that is cut further on pg_dump's exit status is all that tells."""
    url = make_database(engine)
    make_rows(url, 3)
    tool = shutil.which(TOOLS[engine], path=servers.postgresql_tools() if engine == "postgresql" else None)
    script = tmp_path / TOOLS[engine]
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {tool} "$@"\n{tool} "$@" | head -c {kept}\nexit 0\n')
    script.chmod(0o700)
    with open_dump(url, tools=tmp_path) as dump, pytest.raises(VerificationError):
        list(dump.blocks)


def test_limits_of_time_do_not_end_the_transaction_that_waits(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    make_rows(url, 3)
    name = url.partition("?")[0].rpartition("/")[2]
    run_sql(url, f"ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '500ms'")
    with open_dump(url) as dump:
        list(dump.blocks)
        query(url, "SELECT pg_sleep(1)")
        assert dump.facts().tables == {"a": 3, "b": 0}


def test_a_role_that_may_not_read_all_is_told_which_table(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    make_rows(url, 3)
    run_sql(url, "CREATE ROLE curious LOGIN;\nGRANT SELECT ON b TO curious")
    try:
        with open_dump(as_user(url, "curious")) as dump, pytest.raises(ToolFailedError, match="denied for table a"):
            list(dump.blocks)
    finally:
        run_sql(url, "DROP OWNED BY curious;\nDROP ROLE curious")


def test_tables_that_a_dump_does_not_hold_as_of_one_moment_are_named(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_sql(url, "CREATE TABLE t (a INTEGER) ENGINE=InnoDB;\nCREATE TABLE old (a INTEGER) ENGINE=MyISAM")
    run_sql(url, "CREATE TABLE kept (a INTEGER) WITH SYSTEM VERSIONING")
    with open_dump(url) as dump:
        engine, history = dump.problems
    assert "the table old is MyISAM's" in engine
    assert "the table kept keeps its history" in history


def test_a_dump_tool_that_is_older_than_the_server_is_refused_before_it_runs() -> None:
    with servers.postgresql(18) as server:
        url = server.replace("DATABASE", "postgres")
        with (
            pytest.raises(GreenroomError, match=r"pg_dump 16\.\d+ is older than the server, which is PostgreSQL 18"),
            open_dump(url, tools=servers.postgresql_tools(16)),
        ):
            pass
        with open_dump(url, tools=servers.postgresql_tools(18)) as dump:
            data = b"".join(dump.blocks)
    header = postgresql.read_header(data[:4096])
    assert header.server_version.startswith("18.")
    assert len(postgresql.restore_problems(header, "16.4", "16.4")) == 2
    assert postgresql.restore_problems(header, "18.0", "18.1") == []
    with pytest.raises(VerificationError):
        postgresql.read_header(data[:40])


@pytest.mark.parametrize(
    ("first", "client"),
    [
        (b"-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)", "10.11.6"),
        (b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19-11.4.2-MariaDB, for Linux", "11.4.2"),
        (b"-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)", "8.0.36"),
    ],
)
def test_each_tool_tells_its_version_in_the_dump(first: bytes, client: str) -> None:
    header = mysql.read_header(first + b"\n--\n-- Server version\t10.11.6-MariaDB-log\n")
    assert header == mysql.DumpHeader("10.11.6-MariaDB-log", client)
    with pytest.raises(VerificationError):
        mysql.read_header(first[:20])


def test_a_file_that_is_no_dump_takes_neither_time_nor_memory() -> None:
    for block in (b"x" * (1 << 20), b"INSERT INTO `" + b"`" * (1 << 20)):
        with pytest.raises(VerificationError, match="no tool writes"):
            count_all([block] * 100)
    with pytest.raises(VerificationError, match="cut off"):
        DumpCounter().finish()


@settings(max_examples=500, derandomize=True, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 100))
def test_a_header_that_is_none_is_refused(junk: bytes, kept: int) -> None:
    good = b"PGDMP\x01\x0f\x00\x04\x08\x01\x00" + b"\x00\x01\x00\x00\x00" * 7 + b"\x00\x01\x00\x00\x00x"
    for first in (junk, good[:kept] + junk):
        with suppress(VerificationError):
            postgresql.read_header(first)
        with suppress(VerificationError):
            mysql.read_header(first)


def test_skew_of_mariadb_is_said() -> None:
    header = mysql.DumpHeader("11.4.2-MariaDB", "11.4.2")
    assert mysql.restore_problems(header, "11.4.3-MariaDB-log") == []
    assert "newer" in mysql.restore_problems(header, "10.11.6-MariaDB")[0]
    assert "another product" in mysql.restore_problems(header, "11.4.0")[0]
    assert mysql.dump_problems("11.4.2-MariaDB", "10.11.6")


def test_tools_that_are_newer_than_the_server_dump_it_but_cannot_restore_there(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    make_rows(url, 3)
    newer = servers.postgresql_tools(18)
    with open_dump(url, tools=newer) as dump:
        data = b"".join(dump.blocks)
        facts = dump.facts()
    (problem,) = dump.problems
    assert "transaction_timeout" in problem
    server = facts.engine_version
    for tools, said in ((newer, "transaction_timeout"), (servers.postgresql_tools(16), "unsupported version")):
        assert postgresql.restore_problems(postgresql.read_header(data), server, tool_version("pg_restore", tools))
        with pytest.raises(ToolFailedError, match=said):
            prepare(url, "an-id", blocks(data), facts.tables, Reporter(), tools=tools)


def test_a_url_becomes_the_options_of_the_tools(tmp_path: Path) -> None:
    tool = tmp_path / "pg_dump"
    tool.touch(0o700)
    url = "postgresql://u%27s:secret%20word@db.example:5433/it%27s%20%5C?sslmode=require&options=-c%20jit%3Doff"
    command = tool_command("pg_dump", tmp_path, url)
    for part in (r"user='u\'s'", "host='db.example'", "port='5433'", r"dbname='it\'s \\'", "sslmode='require'"):
        assert part in command.words[-1]
    assert not any("secret" in word for word in command.words)
    assert command.environment["PGPASSWORD"] == "secret word"
    with pytest.raises(GreenroomError, match="sslpassword"):
        tool_command("pg_dump", tmp_path, url + "&sslpassword=x")
    (tmp_path / "mariadb").touch(0o700)
    url = "mysql://u:secret%20%22%5C@db.example:3307/s?ssl_ca=/ca.pem&ssl_verify_identity=true"
    with mysql_command(("mariadb",), tmp_path, url, "--", "s") as options:
        assert not any("secret" in word for word in options.words)
        (file,) = (f"/proc/self/fd/{number}" for number in options.descriptors)
        assert Path(file).stat().st_mode & 0o777 == 0o600
        assert Path(file).read_text().splitlines()[2:] == [
            'host="db.example"',
            'port="3307"',
            'user="u"',
            'password="secret \\"\\\\"',
            'ssl-ca="/ca.pem"',
            'ssl-verify-server-cert="1"',
        ]
