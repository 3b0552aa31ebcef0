"""A text that somebody gives for a row: an envelope, or the bare data of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.documents import Problem, placed, read, said_mends, said_value
from core.forms.envelope import Envelope
from core.forms.problems import InvalidDataError
from core.records.envelope import open_record
from core.records.form import RecordForm

_FRAME = {"table", "key", "data", "metadata", "exported_at", "version"}


@dataclass(frozen=True, slots=True)
class Taken:
    """An envelope that was read, and in words what was mended of its text."""

    envelope: Envelope
    notes: tuple[str, ...]


def read_record(source: str | bytes, form: RecordForm, key: str | None = None) -> Taken:
    """Return the envelope that a text holds; bare data is that of the row with `key`.

    Raise DocumentError where it is no JSON even after mending, InvalidDataError with all that is wrong, each with its
    path, line and column.
    """
    reading = read(source)
    notes = tuple(said_mends(reading.mends))
    value = reading.document.value
    if key is not None and isinstance(value, Mapping) and not _is_envelope(value, form):
        problems: list[Problem] = list(form.check(value).problems)
        if problems:
            raise InvalidDataError(placed(problems, reading.document))
        value = {"table": form.title, "key": key, "data": value}
        notes = (*notes, f"the data of the row {key} without its envelope")
    opened = open_record(value, form)
    problems = list(opened.problems)
    if opened.envelope is not None and key is not None and opened.envelope.key != key:
        problems.append(Problem(("key",), said_value(opened.envelope.key), said_value(key)))
    if opened.envelope is None or problems:
        raise InvalidDataError(placed(problems, reading.document))
    return Taken(opened.envelope, notes)


def _is_envelope(value: Mapping[str, Any], form: RecordForm) -> bool:
    """A table may well have columns that are called as the parts of an envelope are."""
    if not isinstance(value.get("data"), Mapping):
        return False
    return bool({"table", "key"} & value.keys()) or not value.keys() <= set(form.keys) or value.keys() <= _FRAME
