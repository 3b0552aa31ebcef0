"""A terminal that goes away: the app ends, in good order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import make_place
from tui.terminal import knows_utf8, locale_warning, only_ascii

# A process of its own forks into the terminal, for this one has threads. What the app draws first is awaited, then
# the terminal is closed as a broken connection closes it.
_HANG_UP = """
import os, pty, sys
root, draws = sys.argv[1], b""
child, terminal = pty.fork()
if child == 0:
    from pathlib import Path
    from tests.support import open_place
    from tui.app import run_app
    os.environ["TERM"] = "linux"
    os._exit(run_app(open_place(Path(root)).context))
while b"NO GOOD BACKUP YET" not in draws:
    draws += os.read(terminal, 65536)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_broken_connection_ends_the_app(tmp_path: Path) -> None:
    make_place(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _HANG_UP, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "130\n"


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({}, False),
    ],
)
def test_the_locale_tells_what_the_terminal_shows(environment: dict[str, str], *, known: bool) -> None:
    assert knows_utf8(environment) is known
    assert (locale_warning(environment) is None) is known


def test_without_utf8_everything_is_ascii_and_as_wide_as_before() -> None:
    drawn = "\u250c\u2500\u2510\u2502 Zo\u00eb \u6620\u753b \u2588\u2026"
    assert only_ascii(drawn) == "+-+| Zo? ???? #."
    assert only_ascii("plain \x1b[7m") == "plain \x1b[7m"


_PLAIN = """
import os, pty, sys
root, draws = sys.argv[1], b""
child, terminal = pty.fork()
if child == 0:
    from pathlib import Path
    from tests.support import open_place
    from tui.app import run_app
    os.environ["TERM"] = "linux"
    os.environ["LC_ALL"] = "C"
    os._exit(run_app(open_place(Path(root)).context, mouse=False))
while b"NO GOOD BACKUP YET" not in draws or b"The locale names no UTF-8" not in draws:
    draws += os.read(terminal, 65536)
os.close(terminal)
os.waitpid(child, 0)
print(draws.isascii(), b"?1000h" in draws)
"""


def test_a_terminal_of_plain_letters_gets_nothing_else_and_keeps_its_mouse(tmp_path: Path) -> None:
    make_place(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _PLAIN, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "True False\n"
