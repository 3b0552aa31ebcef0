"""Commands of the configuration: no shell, one line, an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.commands import first_line_of, run_command
from core.config import Settings, Site, application_version
from core.errors import GreenroomError

Load = Callable[..., Settings]


def run(command: str, folder: Path, seconds: float = 10) -> str:
    return first_line_of(command, what="sites.app.version_command", folder=folder, seconds=seconds)


def version(command: str) -> str | None:
    return application_version(Site("app", "sqlite:////a.db", version_command=command))


def test_the_first_line_is_taken(tmp_path: Path) -> None:
    assert run("printf 'one\\r\\ntwo\\n'", tmp_path) == "one"
    assert run("pwd", tmp_path) == str(tmp_path)


def test_no_shell_reads_it(tmp_path: Path) -> None:
    assert run("echo $HOME `id` ; touch x > y", tmp_path) == "$HOME `id` ; touch x > y"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/no/such/program", "cannot be run: No such file or directory"),
        ("'open", "cannot be run: No closing quotation"),
        ("false", "failed with exit status 1"),
        ("sh -c 'printf \"\\033[31mno  \\n way\" >&2; exit 7'", r"failed with exit status 7: \?\[31mno way"),
        ("sh -c 'kill -9 $$'", "failed with exit status -9"),
        ("true", "printed nothing that can be used"),
        ("printf '\\nsecond'", "printed nothing that can be used"),
        ("printf '\\377\\n'", "printed nothing that can be used"),
    ],
)
def test_what_fails_is_told(tmp_path: Path, command: str, expected: str) -> None:
    with pytest.raises(GreenroomError, match=rf"^sites\.app\.version_command {expected}$") as caught:
        run(command, tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("command", ["sleep 60", "sh -c 'sleep 60 & wait'", "yes", "sh -c 'exec >&- 2>&-; sleep 60'"])
def test_what_does_not_end_is_ended(tmp_path: Path, command: str) -> None:
    """With all that it started, however much it prints."""
    before = time.monotonic()
    with pytest.raises(GreenroomError, match=r"did not end within 0\.3 seconds"):
        run(command, tmp_path, seconds=0.3)
    assert time.monotonic() - before < 10


def test_it_cannot_ask(tmp_path: Path) -> None:
    """Its standard input is empty."""
    assert run("sh -c 'read answer || echo nobody'", tmp_path) == "nobody"


def test_a_lot_of_output_is_no_harm(tmp_path: Path) -> None:
    """More than a pipe holds, on both."""
    assert run("sh -c 'yes line | head -n 100000; yes why | head -n 100000 >&2'", tmp_path) == "line"


def test_versions(load: Load) -> None:
    assert application_version(load().site("app")) is None
    assert application_version(load('version = "1.4"').site("app")) == "1.4"
    assert application_version(load("version_command = \"echo '  2.0 '\"").site("app")) == "2.0"


def test_a_version_is_short_and_printable() -> None:
    found = version("printf '1\\033" + "9" * 300 + "\\n'")
    assert found == "1?" + "9" * 198
    with pytest.raises(GreenroomError, match="printed an empty line"):
        version("echo ' '")


_LARGE = b"0123456789" * 100_000


@pytest.mark.parametrize(
    ("words", "status", "kept"),
    [
        (["cat"], 0, 1 << 16),  # what it prints is kept in part
        (["wc", "-c"], 0, len("1000000\n")),
        (["true"], 0, 0),  # nobody reads
        (["sh", "-c", "exec <&-; exit 3"], 3, 0),
    ],
)
def test_what_is_given_is_read_or_not(tmp_path: Path, words: list[str], status: int, kept: int) -> None:
    ended = run_command(words, what="alarms.command", folder=tmp_path, seconds=10, given=_LARGE)
    assert ended.status == status
    assert kept <= len(ended.output) <= kept + 8192


def test_one_that_neither_reads_nor_ends_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match=r"did not end within 0\.3 seconds"):
        run_command(["sleep", "60"], what="alarms.command", folder=tmp_path, seconds=0.3, given=_LARGE)


def test_one_that_never_stops_printing_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match=r"did not end within 0\.3 seconds"):
        run_command(["yes"], what="alarms.command", folder=tmp_path, seconds=0.3, given=b"x")
