"""How large an export is for a language model, and a large one in parts that are imported one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.forms.envelope import encode_envelope
from core.forms.form import Json

MOST_TOKENS = 5_000
_BYTES_A_TOKEN = 3


def estimated_tokens(text: bytes) -> int:
    """Return about how many tokens a text has: its bytes by three, rounded up.

    The rule of thumb for prose is four. Indented JSON has more: its brackets, quotes and short keys are tokens of their
    own. Three rather says too many than too few.
    """
    return -(-len(text) // _BYTES_A_TOKEN)


def split_envelope(envelope: Mapping[str, Any], most: int = MOST_TOKENS) -> list[Json]:
    """Return the envelope in as few parts as hold its keys and items in their order, none over `most` tokens.

    The parts are to be imported with their lists merged, and published together, for they carry the revision of the
    whole; so an item that is taken out of a part stays. What is small enough stays as it is. A single item, or value,
    that is larger makes a part that is too large.
    """
    if estimated_tokens(encode_envelope(envelope)) <= most:
        return [dict(envelope)]
    frame = {**envelope, "data": {}, "part": {"number": 10_000, "of": 10_000}}
    room = most * _BYTES_A_TOKEN - len(encode_envelope(frame))
    parts: list[Json] = [{}]
    used = 0
    for key, item, single in _pieces(envelope["data"]):
        # What it takes with its key and comma, whether or not the key is there already.
        size = len(encode_envelope({"data": {"x": {key: [item]}}}))
        if used and used + size > room:
            parts.append({})
            used = 0
        used += size
        if single:
            parts[-1][key] = item
        else:
            parts[-1].setdefault(key, []).append(item)
    return [
        {**envelope, "data": data, "part": {"number": number, "of": len(parts)}} for number, data in enumerate(parts, 1)
    ]


def _pieces(data: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield what may stand in different parts: each value, each item of a list; and whether it is the key's value."""
    for key, value in data.items():
        if isinstance(value, list) and value:
            yield from ((key, item, False) for item in value)
        else:
            yield key, value, True
