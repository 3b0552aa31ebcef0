"""The envelope of a record, taken back: which row it is, and all that is wrong with it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from core.documents import Problem, said_value
from core.forms.envelope import Frame, Opened, frame_errors, frame_problems, opened, unknown_version

if TYPE_CHECKING:
    from core.records.form import RecordForm


class RecordFrame(Frame):
    """A row of a table, to be edited and taken back."""

    table: Annotated[str, Field(max_length=4096)] = Field(description="The name of the table.")
    key: Annotated[str, Field(max_length=1 << 17)] = Field(
        description='The key of the row, "12"; of several columns "12,3", a comma in one has a backslash before it.'
    )


def open_record(value: object, form: RecordForm) -> Opened:
    """Given decoded JSON, return the envelope of a row of the form's table, or every problem of it at once."""
    unknown = unknown_version(value)
    if unknown is not None:
        return Opened(None, (unknown,))
    frame, errors = frame_errors(RecordFrame, value)
    problems = frame_problems(RecordFrame, errors)
    named = value.get("table") if isinstance(value, dict) else None
    if isinstance(named, str) and named != form.title:
        problems.append(Problem(("table",), said_value(named), said_value(form.title)))
    if isinstance(frame, RecordFrame) and not problems:
        return opened(form, frame.key, frame)
    data = value.get("data") if isinstance(value, dict) else None
    if isinstance(data, dict):
        problems += form.check(data, ("data",)).problems
    return Opened(None, tuple(dict.fromkeys(problems)))
