"""A terminal that goes away: the app ends, in good order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import make_place

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
