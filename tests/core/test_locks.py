"""The lock of a site: one holder, who is named, and lookers who are in nobody's way."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import BusyError
from core.locks import hold_lock, lock_holder

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.locks import hold_lock
with hold_lock(Path(sys.argv[1]), actor="alice", verb="backup", now=datetime(2026, 1, 1, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLD, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as other:
        assert other.stdout is not None
        other.stdout.readline()
        holder = lock_holder(path)
        assert holder is not None
        assert (holder.actor, holder.verb, holder.pid) == ("alice", "backup", other.pid)
        with pytest.raises(BusyError, match="alice"), hold_lock(path, actor="bob", verb="apply", now=_NOW):
            pass
        other.kill()
        other.wait()
    assert lock_holder(path) is None
    with hold_lock(path, actor="bob", verb="apply", now=_NOW):
        pass


def test_who_looks_is_in_nobody_s_way(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            lock_holder(path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(300):
            with hold_lock(path, actor="bob", verb="backup", now=_NOW):
                pass
    finally:
        done.set()
        for looker in lookers:
            looker.join()


_NO_ROOM = """
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.locks import hold_lock, lock_holder
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
path = Path(sys.argv[1])
with hold_lock(path, actor="alice", verb="prune", now=datetime(2026, 1, 1, tzinfo=UTC)):
    found = lock_holder(path)
    sys.stderr.write(found.actor)
sys.stderr.write(" then " + str(lock_holder(path)))
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
"""


def test_where_no_byte_can_be_written_it_is_held_without_a_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _NO_ROOM, str(tmp_path / "lock")]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "unknown then None")
