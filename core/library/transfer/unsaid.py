"""What a database holds of a user's that no file can say: an application may let references and times go astray."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.library.models import CustomList, Entry, Ranking, Recommendation, Recommender, WatchRecord

NO_NUMBER: Final = "a time or a rating that is no number: it is infinite, not a number, or missing"

_LARGEST = 1.7976931348623157e308
_NUMBERS: Final[tuple[InstrumentedAttribute[float], ...]] = (
    Entry.last_modified,
    Recommendation.date_recommended,
    WatchRecord.date_watched,
    WatchRecord.my_rating,
    Ranking.ranked_at,
    Recommender.last_modified,
    CustomList.created_at,
    CustomList.last_modified,
)


def unsaid(session: Session, user_id: str) -> Counter[str]:
    """Count what of a user's an export leaves out, or cannot say as it is, by words; films without IMDb ids apart."""
    found: Counter[str] = Counter()
    counts = [select(func.count()).where(*where).scalar_subquery() for _, where in _all(user_id)]
    row = session.execute(select(*counts)).one()
    for (words, _), number in zip(_all(user_id), row, strict=True):
        found[words] += number
    return +found


def _all(user_id: str) -> Iterator[tuple[str, tuple[ColumnElement[bool], ...]]]:
    of_list = (CustomList.user_id == Entry.user_id, CustomList.id == Entry.custom_list_id)
    yield (
        "a list that is not there",
        (Entry.user_id == user_id, Entry.custom_list_id.is_not(None), ~_there(CustomList, *of_list)),
    )
    of_person = (Recommender.user_id == Recommendation.user_id, Recommender.id == Recommendation.recommender_id)
    yield (
        "a recommendation by somebody who is not there",
        (Recommendation.user_id == user_id, ~_there(Recommender, *of_person)),
    )
    for words, table in (
        ("a recommendation of a film that is not in the library", Recommendation),
        ("when a film was seen that is not in the library", WatchRecord),
        ("a ranking of a film that is not in the library", Ranking),
    ):
        of_entry = (Entry.user_id == table.user_id, Entry.movie_id == table.movie_id)
        yield words, (table.user_id == user_id, ~_there(Entry, *of_entry))
    for number in _NUMBERS:
        # Written so that NaN, which PostgreSQL takes for larger than everything, is found too.
        yield NO_NUMBER, (number.class_.user_id == user_id, or_(number.is_(None), func.abs(number) > _LARGEST))


def _there(table: type[Any], *where: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(table.user_id).where(and_(*where)).exists()
