"""What greenroom knows of the edits of films: drafts that wait, and when, by whom and from where changes came."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.edits import Edits, Origin, origins_of
from core.edits.records import DraftHead
from core.forms import Source, Subject
from core.library.categories import CATEGORIES, NAMES
from core.library.models import Movie


@dataclass(frozen=True, slots=True)
class FilmEdits:
    """Of one film: its drafts by category, when it was changed last as far as greenroom saw it, and from which sources.

    A source is noted of a change; what the application or the film's own id at TMDB tell is not in `sources`.
    """

    drafts: Mapping[str, DraftHead] = field(default_factory=dict)
    changed_at: datetime | None = None
    changed_by: str | None = None
    sources: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class CategoryState:
    """One category of a film: whether there is something in it, its draft, and where its data is from."""

    name: str
    title: str
    filled: bool
    draft: DraftHead | None
    origin: Origin


def drafted_films(edits: Edits) -> frozenset[str]:
    """Return the external ids of the films with a draft."""
    return frozenset(head.subject.key for head in edits.drafts(forms=NAMES))


def film_edits(edits: Edits, external_ids: Collection[str]) -> dict[str, FilmEdits]:
    """Return what is known of these films, some hundreds at most; those of which nothing is known are left out."""
    drafts: dict[str, dict[str, DraftHead]] = {}
    for head in edits.drafts(forms=NAMES, keys=external_ids):
        drafts.setdefault(head.subject.key, {})[head.subject.form] = head
    noted: dict[str, list[Mapping[str, Any]]] = {}
    subjects = [Subject(name, key) for key in external_ids for name in NAMES]
    for subject, known in edits.origins(subjects).items():
        noted.setdefault(subject.key, []).append(known)
    return {key: _edits_of(drafts.get(key, {}), noted.get(key, [])) for key in drafts.keys() | noted.keys()}


def category_states(edits: Edits, movie: Movie, filled: Collection[str]) -> tuple[CategoryState, ...]:
    """Return how each category of a film is, in their order."""
    drafts = {head.subject.form: head for head in edits.drafts(forms=NAMES, keys=[movie.external_id])}
    origins = origins_of(edits, [(category, movie) for category in CATEGORIES])
    return tuple(
        CategoryState(category.name, category.title, category.name in filled, drafts.get(category.name), origin)
        for category, origin in zip(CATEGORIES, origins, strict=True)
    )


def _edits_of(drafts: Mapping[str, DraftHead], noted: Collection[Mapping[str, Any]]) -> FilmEdits:
    newest = max(noted, key=lambda known: known["updated_at"], default=None)
    return FilmEdits(
        drafts=drafts,
        changed_at=newest["updated_at"] if newest else None,
        changed_by=newest["updated_by"] if newest else None,
        sources=frozenset(source for known in noted for source, _ in known["fields"].values()),
    )
