"""JSON read value by value, from pieces of any length, and with little memory."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from core.archive import Limits, open_archive
from core.databases.reading import open_reader
from core.django.keys import KeyIndex
from core.django.records import open_export
from core.django.tables import plan_django
from core.progress import Reporter
from core.secrets import file_url
from tests.django.exports import make_tables, members, write_zip


@pytest.mark.slow
def test_memory_does_not_grow_with_records(tmp_path: Path) -> None:
    count = 8_000
    children = (
        json.dumps(
            {
                "model": "core.child",
                "pk": number,
                "fields": {"name": f"child {number} {'x' * 2000}", "weight": None, "rooms": [[1, "attic"]]},
            }
        )
        for number in range(1, count + 1)
    )
    files = {**members([], models_count=1, total_records=count), "core/child.json": f"[{','.join(children)}]".encode()}
    path = write_zip(tmp_path / "b.zip", files)
    size = len(files["core/child.json"])
    del files
    make_tables(tmp_path / "app.db")
    tracemalloc.start()
    with closing(open_archive(path, Limits(max_bytes=1 << 30))) as archive, KeyIndex() as index:
        export = open_export(archive, Reporter())
        with open_reader(file_url(tmp_path / "app.db"), Reporter()) as reader:
            found = plan_django(
                export, reader, index, Reporter(), merge=False, wanted=["core_child", "core_child_rooms"]
            )
        lines = sum(1 for table in found.schema.tables for _ in found.lines(table, Reporter()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 2 * count
    assert size > 16_000_000
    assert peak < 8_000_000
