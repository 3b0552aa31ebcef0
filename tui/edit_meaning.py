"""What a text in the editor means: its data, whether it stands there alone or in an envelope, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from core.documents import Document, DocumentError, Path, Problem, placed, read, said_mends, said_value
from core.forms import Json, Source
from core.forms.envelope import unknown_version
from core.forms.schemas import keys_at
from core.library.categories import Category
from core.library.exchange.shape import Shaped, Wanted, shaped
from tui.sheets import Sheet

_NO_OBJECT = "an object: the data in { }"


def _where_it_is(path: Path) -> Path:
    return path


@dataclass(frozen=True, slots=True)
class Meant:
    """The data of a text; the rest is what its envelope says.

    `in_text` leads from a path of the data to the one in the text. Without `revision` an envelope does not say which
    state it was made from.
    """

    data: Json
    in_text: Callable[[Path], Path] = _where_it_is
    is_envelope: bool = False
    merge_lists: bool = False
    source: Source | None = None
    revision: str | None = None

    def in_data(self, path: Path) -> Path | None:
        """Return the path in the data of what is at a path in the text; None where it is no part of the data."""
        before = self.in_text(())
        return path[len(before) :] if path[: len(before)] == before else None


@dataclass(frozen=True, slots=True)
class Understood:
    """A text read: `document` where it is JSON, `meant` where that is an object, `problems` in the order of the text.

    `said` are lines: what was mended, what the text was taken for.
    """

    document: Document | None
    meant: Meant | None
    problems: tuple[Problem, ...]
    said: tuple[str, ...] = ()


def understand(sheet: Sheet, address: Mapping[str, Any], text: str) -> Understood:
    """Given the text and the keys that an envelope of the sheet begins with, return what it means."""
    try:
        reading = read(text)
    except DocumentError as error:
        return Understood(None, None, error.problems)
    document = reading.document
    shape, origin = _shaped(sheet, address, document.value)
    said = (*said_mends(reading.mends), *dict.fromkeys(shape.notes))
    value = shape.value
    if not isinstance(value, dict):
        problem = Problem((), f"the text is {said_value(value)}", _NO_OBJECT)
        return Understood(document, None, placed([problem], document), said)
    if not is_envelope(sheet, address, value):
        meant = Meant(value)
        return Understood(document, meant, placed(sheet.form.check(value).problems, document), said)
    unknown = unknown_version(value)
    meant = replace(_opened(value), in_text=lambda path: origin(("data", *path)))
    if isinstance(document.value, dict) and is_envelope(sheet, address, document.value):
        meant, said = replace(meant, is_envelope=True), ("this is a whole envelope: its data counts", *said)
    problems = [unknown] if unknown else other_things(sheet, address, value)
    if not unknown:
        problems += sheet.form.check(meant.data, ("data",)).problems
    moved = (replace(each, path=origin(each.path)) for each in problems)
    return Understood(document, meant, placed(moved, document), said)


def _shaped(sheet: Sheet, address: Mapping[str, Any], value: object) -> tuple[Shaped, Callable[[Path], Path]]:
    """Return a value as an envelope of the sheet where it is certainly meant for one, and where its paths lead in it.

    What is no film's category stays as it is.
    """
    if not isinstance(sheet.form, Category):
        return Shaped(value), _where_it_is
    wanted = Wanted(sheet.form, sheet.key)
    known = keys_at(sheet.form.schema(), ())
    if (
        isinstance(value, dict)
        and not is_envelope(sheet, address, value)
        and (not value or any(key in known for key in value))
    ):
        shape = shaped({"data": value}, wanted)
        return shape, lambda path: shape.origin(path)[1:]
    shape = shaped(value, wanted)
    return shape, shape.origin


def is_envelope(sheet: Sheet, address: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Whether an object is an envelope rather than data: `data` is no key of the data, or all of the frame is there."""
    if not isinstance(value.get("data"), dict):
        return False
    return "data" not in keys_at(sheet.form.schema(), ()) or set(address) <= set(value)


def _opened(value: Mapping[str, Any]) -> Meant:
    """Return what an envelope says, as far as it says it."""
    about, part = value.get("metadata"), value.get("part")
    about = about if isinstance(about, dict) else {}
    source, revision = about.get("source"), about.get("revision")
    return Meant(
        data=value["data"],
        merge_lists=isinstance(part, dict) and isinstance(part.get("of"), int) and part["of"] > 1,
        source=source if source in get_args(Source) else None,
        revision=revision if isinstance(revision, str) else None,
    )


def other_things(sheet: Sheet, address: Mapping[str, Any], value: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of an envelope that says it is about something else."""
    known = sheet.form.envelope_schema().get("properties", {})
    problems = []
    for key, wanted in address.items():
        found = value.get(key, wanted)
        if found != wanted and found not in known.get(key, {}).get("enum", ()):
            problems.append(Problem((key,), f"{said_value(found)}: this is of something else", said_value(wanted)))
    return problems


def put_back(problems: tuple[Problem, ...], understood: Understood) -> tuple[Problem, ...]:
    """Given problems of the data alone, return them with their places in the text."""
    meant, document = understood.meant, understood.document
    if document is None or meant is None:
        return problems
    return placed((replace(each, path=meant.in_text(each.path)) for each in problems), document)
