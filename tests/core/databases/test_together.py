"""Many values together become what each would alone, and none is let through that alone would be refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.databases.mysql.loadtext import loaded_conversion
from core.databases.postgresql.copytext import copied_conversion
from core.databases.schema import ColumnType
from core.databases.together import Together
from core.databases.values import conversion

_TYPES = (
    ColumnType(kind="decimal", precision=4, scale=2),
    ColumnType(kind="decimal", precision=4, scale=0),
    ColumnType(kind="decimal"),
    ColumnType(kind="text", length=3),
    ColumnType(kind="text", native="text"),
    ColumnType(kind="date"),
    ColumnType(kind="timestamp", precision=3),
    ColumnType(kind="timestamp", zoned=True),
    ColumnType(kind="time", precision=0),
)
_PIECES = st.sampled_from(
    [
        "-",
        "0",
        "1",
        "12",
        ".",
        "00",
        "0.00",
        "\n",
        "\\",
        "\0",
        "\v",
        "\t",
        "é",
        "2026-03-29",
        " ",
        "14:05:00",
        ".120",
        ".12",
        "+00",
        "",
    ]
)
_TEXTS = st.lists(st.lists(_PIECES, max_size=4).map("".join), min_size=2, max_size=4)


@pytest.mark.parametrize("type_", _TYPES, ids=str)
@settings(derandomize=True, max_examples=200, deadline=None)
@given(texts=_TEXTS)
def test_together_they_become_what_each_would(type_: ColumnType, texts: list[str]) -> None:
    for make in (conversion, copied_conversion, loaded_conversion):
        found = make(type_, type_)
        assert found is not None
        for step in found.steps:
            together = step.many(texts) if isinstance(step, Together) else None
            if together is not None:
                assert [step(text) for text in texts] == together


def test_most_values_stay() -> None:
    for type_, value in (
        (ColumnType(kind="decimal", precision=4, scale=2), "-12.50"),
        (ColumnType(kind="timestamp"), "2026-03-29 14:05:00.12"),
        (ColumnType(kind="date"), "2026-03-29"),
        (ColumnType(kind="text", length=3), "abc"),
    ):
        found = conversion(type_, type_)
        assert found is not None
        (step,) = found.steps
        assert isinstance(step, Together)
        assert step.many([value, value]) == [value, value]
