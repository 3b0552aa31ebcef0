"""Where values come from: what was noted when they were published, else what the site itself tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.edits.records import Origin
from core.edits.store import Edits
from core.forms import EnvelopeSource, Form, Json, Source, Subject, revision_of

_RANKS: tuple[EnvelopeSource, ...] = ("llm-generated", "manual", "tmdb")  # the first that any key has stands for all
_EMPTY: tuple[object, ...] = (None, [], {})


def origin_of(edits: Edits, form: Form[Any], thing: Any) -> Origin:
    """Return when and by whom the data of a thing was changed last, and where each key is from."""
    return origins_of(edits, [(form, thing)])[0]


def origins_of(edits: Edits, pairs: Sequence[tuple[Form[Any], Any]]) -> list[Origin]:
    """Return the origins of many things of a session, in their order; of a few thousand at most."""
    subjects = [subject_of(form, thing) for form, thing in pairs]
    noted = edits.origins(subjects)
    return [
        _origin(form, thing, noted.get(subject, {})) for (form, thing), subject in zip(pairs, subjects, strict=True)
    ]


def source_of(origin: Origin) -> EnvelopeSource | None:
    """Return the source of the whole: "llm-generated" where any key is, else "manual", else "tmdb"; None if empty.

    For OMDb envelopes have no word: "tmdb" stands for any service.
    """
    found = {"tmdb" if source == "omdb" else source for source in origin.sources.values()}
    return next((source for source in _RANKS if source in found), None)


def subject_of(form: Form[Any], thing: Any) -> Subject:
    """Return what a thing's data is known by; the last part of its address is its key."""
    return Subject(form.name, str(list(form.address(thing).values())[-1]))


def hash_of(field: str, value: object) -> str:
    """Return what tells whether a key still has the value that it had."""
    return revision_of({field: value})


def noted_fields(
    present: Mapping[str, Sequence[str]], sources: Mapping[str, Source | None], after: Json
) -> dict[str, Sequence[str]]:
    """Return the noted sources of a subject with those of the keys that a publication changed; None forgets one."""
    result = dict(present)
    for field, source in sources.items():
        if source is None or field not in after:
            result.pop(field, None)
        else:
            result[field] = [source, hash_of(field, after[field])]
    return result


def _origin(form: Form[Any], thing: Any, noted: Mapping[str, Any]) -> Origin:
    fields = noted.get("fields", {})
    sources: dict[str, Source] = {}
    for field, value in form.read(thing).items():
        if value in _EMPTY:
            continue
        source, digest = fields.get(field, (None, ""))
        if source is None or digest != hash_of(field, value):
            source = form.source_of(thing, field)
        if source is not None:
            sources[field] = source
    return Origin(noted.get("updated_at"), noted.get("updated_by"), sources)
