"""Memory of a load: it grows with the largest value only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.conftest import ENGINES, MakeDatabase, run_sql

MIB = 1 << 20
BLOB = {"sqlite": "BLOB", "postgresql": "BYTEA", "mysql": "LONGBLOB"}
_LOAD = """
import json, sys
from core.databases.rowfile import read_lines
from core.databases.schema import Column, ColumnType, Table
from core.databases.target import open_target

url, rows, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
columns = (Column(name="id", type=ColumnType(kind="integer")), Column(name="raw", type=ColumnType(kind="bytes")))
source = Table(name="t", columns=columns, primary_key=("id",))
piece = b"00ff5c09" * (1 << 14)

def blocks():
    yield b"[\\n"
    for number in range(rows):
        yield b'{"id":%d,"raw":"' % number
        for _ in range(max(1, 2 * size // len(piece))):
            yield piece[:2 * size]
        yield b'"}' + (b",\\n" if number < rows - 1 else b"\\n]\\n")

with open_target(url) as target:
    result = target.load(source, read_lines(blocks()), merge=False)
    target.finish()
    same = target.checksum(target.schema.table("t"), result.columns) == result.sum
    target.commit()
# What getrusage tells begins with what the process that started this one held.
status = open("/proc/self/status").read()
peak = int(status.partition("VmHWM:")[2].split()[0]) << 10
print(json.dumps({"rows": result.sum.rows, "same": same, "peak": peak}))
"""


def load(url: str, rows: int, size: int) -> dict[str, int]:
    command = [sys.executable, "-c", _LOAD, url, str(rows), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, int] = json.loads(done.stdout)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("rows", "size"), [(200_000, 200), pytest.param(40, 4 * MIB, marks=pytest.mark.long), (1, 100 * MIB)]
)
def test_memory(make_database: MakeDatabase, engine: str, rows: int, size: int) -> None:
    url = make_database(engine)
    run_sql(url, f"CREATE TABLE t (id INTEGER PRIMARY KEY, raw {BLOB[engine]})")
    told = load(url, rows, size)
    assert (told["rows"], told["same"]) == (rows, True)
    assert told["peak"] <= 150 * MIB + (4 * size if size > 4 * MIB else 0)
