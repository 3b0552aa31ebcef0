"""greenroom as a process: signals, the terminal, closed pipes, defects, and what is imported for what."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from cli.root import COMMANDS
from core import __version__
from core.progress import Progress
from tests.cli.conftest import GREENROOM, House, clean_environment

HEAVY = ("sqlalchemy", "pydantic", "alembic", "textual", "PIL")


def _python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**clean_environment(), "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _half_made(house: House) -> list[str]:
    return sorted(path.name for path in (house.root / "backups").rglob("*") if path.is_file())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_backup_leaves_nothing_half_made(house: House, number: signal.Signals) -> None:
    """The application's version is asked for in the middle: the command that tells it waits for the signal."""
    os.mkfifo(house.root / "reached")
    os.mkfifo(house.root / "go")
    house.set_site("app", version_command=json.dumps("sh -c 'echo here > reached; cat go'"))
    with house.start("backup", "--json") as process:
        assert (house.root / "reached").read_text() == "here\n"
        assert any(name.endswith(".zip.partial") for name in _half_made(house))
        process.send_signal(number)
        (house.root / "go").write_text("1.4\n")
        out, err = process.communicate()
    assert process.returncode == 130
    assert number.name in err
    assert json.loads(out)["exit_code"] == 130
    assert _half_made(house) == []
    (backup,) = house.done("list", "--json").json["backups"]
    assert (backup["status"], backup["error"]) == ("failed", "cancelled")


def test_a_signal_at_a_question_changes_nothing(house: House) -> None:
    house.back_up()
    before = house.state()
    master, slave = pty.openpty()
    with house.start("restore", "latest", "--now", stdin=slave) as process:
        os.close(slave)
        ran = process.communicate()
    assert (process.returncode, "no terminal" in ran[1]) == (2, True)
    os.close(master)

    master, slave = pty.openpty()
    with subprocess.Popen(
        [GREENROOM, "--config", house.config, "restore", "latest", "--now"],
        env=clean_environment(),
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
    ) as process:
        os.close(slave)
        shown = b""
        while b"Type the name" not in shown:
            shown += os.read(master, 4096)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 130
    os.close(master)
    assert house.state() == before
    assert "nothing is pending" in house.done("apply").out


def test_a_signal_that_the_caller_ignores_stays_ignored(house: House) -> None:
    program = (
        "import os, signal; from cli.interrupts import Interrupts\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with Interrupts().caught():\n    os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('still here')"
    )
    assert _python(program, house.root).stdout == "still here\n"


def test_without_a_terminal_the_app_does_not_open(house: House) -> None:
    ran = house.greenroom()
    assert ran.code == 2
    assert "greenroom list" in ran.err
    assert house.greenroom("--json").code == 2


def test_the_app_does_not_open_before_init(bare_house: House) -> None:
    master, slave = pty.openpty()
    ran = subprocess.run(
        [GREENROOM, "--config", bare_house.config],
        env=clean_environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        check=False,
    )
    os.close(slave)
    shown = os.read(master, 4096).decode()
    os.close(master)
    assert ran.returncode == 4
    assert "greenroom init" in shown


@pytest.fixture(params=["full", "without a reader", "closed"])
def lost_output(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """How a process is started whose standard output takes nothing."""
    if request.param == "closed":
        yield {"stdout": None, "preexec_fn": lambda: os.close(1)}
        return
    reading, writing = os.pipe() if request.param == "without a reader" else (None, os.open("/dev/full", os.O_WRONLY))
    if reading is not None:
        os.close(reading)
    yield {"stdout": writing}
    os.close(writing)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_result_that_cannot_be_printed_is_told_and_what_was_done_stays(
    house: House, lost_output: dict[str, Any], form: list[str]
) -> None:
    house.add_site("shop")
    with house.start("backup", "app", *form, **lost_output) as process:
        _, err = process.communicate()
    assert process.returncode == 7
    assert "the command ran to its end, but its result cannot be printed: " in err
    assert "hint: what it did stays" in err
    assert "should not have happened" not in err
    assert [backup["status"] for backup in house.done("list", "--json").json["backups"]] == ["completed"]
    with house.start("status", *form, **lost_output) as process:
        _, err = process.communicate()
    assert (process.returncode, "its result cannot be printed" in err) == (7, True)
    with house.start("pin", "none", *form, **lost_output) as process:
        _, err = process.communicate()
    assert (process.returncode, "greenroom: " in err) == (2, True)


def test_what_is_left_to_do_is_done_where_a_line_cannot_be_printed(house: House) -> None:
    house.add_site("shop")
    for site in ("app", "shop"):
        house.back_up(site)
        house.done("restore", f"{site}/latest", "--stage", "--yes")
        house.change(site)
    with Path("/dev/full").open("w") as full, house.start("apply", stdout=full) as process:
        _, err = process.communicate()
    assert (process.returncode, err.count("cannot be printed")) == (7, 1)
    assert [house.greenroom("apply", site).out for site in ("app", "shop")] == [
        "app: nothing is pending\n",
        "shop: nothing is pending\n",
    ]


def test_where_nothing_at_all_can_be_printed_the_exit_code_tells(house: House) -> None:
    with Path("/dev/full").open("w") as full:
        with house.start("pin", "none", "--json", stdout=full, stderr=full) as process:
            assert process.wait() == 2
        with house.start("status", stdout=full, stderr=full) as process:
            assert process.wait() == 7


def test_closed_streams_are_no_defect(house: House) -> None:
    def close() -> None:
        os.close(0)
        os.close(2)

    with house.start("backup", stdin=None, stderr=None, preexec_fn=close) as process:
        out, _ = process.communicate()
    assert (process.returncode, " of app: " in out) == (0, True)


def test_a_defect_exits_1_and_shows_where_only_when_asked(tmp_path: Path) -> None:
    program = (
        "import sys, cli.root; from cli.main import main\n"
        "cli.root.COMMANDS['list'] = ('cli.backups', 'not_there', '')\n"
        "sys.argv = ['greenroom', 'list']; main()"
    )
    ran = _python(program, tmp_path)
    assert ran.returncode == 1
    assert "not_there" in ran.stderr
    assert "GREENROOM_DEBUG" in ran.stderr
    assert "Traceback" not in ran.stderr
    debugged = _python(f"import os; os.environ['GREENROOM_DEBUG'] = '1'\n{program}", tmp_path)
    assert debugged.returncode == 1
    assert "Traceback" in debugged.stderr


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["nonsense"]])
def test_help_and_version_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    program = f"import sys; from cli.main import run; run({words!r})\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    assert _python(program, tmp_path).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [["list"], ["status"], ["backup"]])
def test_commands_do_without_the_screen(house: House, words: list[str]) -> None:
    program = (
        f"import sys; from cli.main import run; code = run({words!r})\n"
        "print(code, [m for m in ('textual', 'PIL', 'tui', 'core.library') if m in sys.modules])"
    )
    assert _python(program, house.root).stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, house: House) -> None:
    assert isinstance(getattr(import_module(COMMANDS[name][0]), COMMANDS[name][1]), click.Command)
    text = house.done(name, "--help").out
    assert all(option in text for option in ("--config", "--read-only", "--json", "--quiet"))
    assert name in house.done("--help").out


def test_version_and_mistakes(house: House) -> None:
    assert __version__ in house.done("--version").out
    ran = house.greenroom("lisst")
    assert (ran.code, ran.out) == (2, "")
    assert "hint:" in ran.err
    wrong = house.greenroom("list", "--nonsense", "--json")
    assert wrong.code == 2
    assert set(wrong.json) == {"greenroom_json", "command", "error", "message", "exit_code"}
    assert wrong.json["command"] == "list"


def test_progress_is_one_line_on_a_terminal(house: House) -> None:
    ran = house.at_terminal("backup")
    assert "\rcopying the database" in ran.err
    assert ran.err.endswith("\r")
    assert house.at_terminal("backup", "--quiet").err == ""


def test_the_demo_is_written_and_initialised(tmp_path: Path, house: House) -> None:
    ran = house.done("demo", str(tmp_path / "films"), "--json", "--quiet")
    assert set(ran.json) == {
        "greenroom_json",
        "command",
        "folder",
        "configuration",
        "site",
        "movies",
        "seed",
        "created",
    }
    assert ran.json["created"] is True
    assert "last good backup" in house.done("status", "--config", ran.json["configuration"]).out
    again = house.done("demo", str(tmp_path / "films"))
    assert "there already" in again.out
    assert house.greenroom("demo", str(house.root / "srv")).code == 2


def test_progress_tells_part_rate_and_time_left() -> None:
    describe = import_module("cli.work").describe
    assert describe(Progress("copying", 0, 100, "bytes"), 0.0) == "copying"
    assert describe(Progress("copying", 1 << 20, 4 << 20, "bytes"), 2.0) == "copying  25 %  1 MiB  512 KiB/s  0:06 left"
    assert describe(Progress("reading", 5, 10, "files"), 0.5) == "reading  50 %  5 files"
    assert describe(Progress("counting", 3, None, "steps"), 9.0) == "counting"
