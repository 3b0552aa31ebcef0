"""What is taken for the text of a jsonb as it stands is what it would have become."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.databases.numbers import checked_decimal
from core.databases.postgresql import copytext

_NAMES = st.sampled_from(["", "a", "b", "aa", "é", "aé", "z", "$text"])
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a, b", ": ", "é", "\\", '"', "\n", "\x7f", "1e5", "-0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)


def _shown(text: str) -> str:
    return copytext._shown(json.loads(text, parse_float=checked_decimal, parse_int=checked_decimal))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(value=_VALUES, compact=st.booleans(), ascii_only=st.booleans())
def test_texts_of_any_layout(value: object, compact: bool, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":") if compact else None)
    assert copytext.jsonb_text(text) == _shown(text)
    assert copytext.jsonb_text(_shown(text)) == _shown(text)


_ODD = ("1.50", "1E2", "-0", "-0.0", "-0.5", "1e-07", "12345678901234567890123.5", "[-0, 1]")


@pytest.mark.parametrize("text", [*_ODD, '{"a": 1, "a": 2}', '{"b": 1, "a": 2}', '{"a":1}', "[1,2]", "[]", "{}"])
def test_numbers_names_and_spaces(text: str) -> None:
    assert copytext.jsonb_text(text) == _shown(text)
