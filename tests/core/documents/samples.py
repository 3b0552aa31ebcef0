"""JSON values and texts for the property tests of documents."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

bounded = settings(max_examples=150, deadline=None, derandomize=True, database=None)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        "",
        '"',
        "\\",
        "'",
        "//",
        "/*",
        "```",
        "True",
        "\u201cx\u201d",
        "\u2028",
        "{",
        "}",
        ",]",
        "a\nb",
        "\ufeff",
        "\U0001f3ac",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=20
)
objects = st.dictionaries(texts, values, max_size=5)


def any_text_of(value: object, *, indent: int | None, ascii_only: bool) -> str:
    """Return a value as another program might write it."""
    return json.dumps(value, indent=indent, ensure_ascii=ascii_only)
