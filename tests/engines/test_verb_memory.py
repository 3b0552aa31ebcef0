"""Memory of a whole portable backup and of its restore into an empty database: it grows with the largest value."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_target_memory import BLOB, MIB, load

# What getrusage tells begins with what the process that started this one held.
_VERB = """
import sys
from cli.main import run
code = run(sys.argv[1:])
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) << 10, file=sys.stderr)
sys.exit(code)
"""


def _peak(house: House, *words: str) -> int:
    command = [sys.executable, "-c", _VERB, "--config", str(house.config), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stderr.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("rows", "size"),
    [
        pytest.param(200_000, 200, marks=pytest.mark.long),
        pytest.param(40, 4 * MIB, marks=pytest.mark.long),
        (1, 100 * MIB),
    ],
)
def test_memory(make_database: MakeDatabase, tmp_path: Path, engine: str, rows: int, size: int) -> None:
    url, into = make_database(engine), make_database(engine)
    run_sql(url, f"CREATE TABLE t (id INTEGER PRIMARY KEY, raw {BLOB[engine]})")
    load(url, rows, size)
    (tmp_path / "house").mkdir()
    house = House(tmp_path / "house")
    house.add_site("app", database=json.dumps(url))
    house.done("init")
    most = 150 * MIB + (4 * size if size > 4 * MIB else 0)
    assert _peak(house, "backup", "--kind", "portable") <= most
    assert _peak(house, "restore", "latest", "--into", into, "--now", "--yes") <= most
