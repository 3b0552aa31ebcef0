"""Backups as a list that a person pages, sorts and filters, and days counted: all of it is the database's work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from core.catalog.backups import COLUMNS, BackupRows
from core.catalog.models import SystemBackup
from core.catalog.records import CANCELLED, BackupRecord
from core.catalog.text import storable

Order = Literal["newest", "oldest", "largest", "smallest", "most rows"]

_COMPLETED = SystemBackup.status == "completed"
_ORDERS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    "newest": (SystemBackup.created_at.desc(), SystemBackup.id.desc()),
    "oldest": (SystemBackup.created_at.asc(), SystemBackup.id.asc()),
    "largest": (func.coalesce(SystemBackup.file_size, -1).desc(), SystemBackup.id.desc()),
    "smallest": (SystemBackup.file_size.is_(None), SystemBackup.file_size.asc(), SystemBackup.id.desc()),
    "most rows": (func.coalesce(SystemBackup.record_count, -1).desc(), SystemBackup.id.desc()),
}
ORDERS: tuple[Order, ...] = tuple(_ORDERS)

_SEARCHED = (
    SystemBackup.backup_name,
    SystemBackup.description,
    SystemBackup.created_by,
    SystemBackup.kind,
    SystemBackup.role,
    SystemBackup.status,
)
# What the list shows as a word but the catalog holds as a fact.
_FACTS: dict[str, ColumnElement[bool]] = {
    "pinned": SystemBackup.pinned.is_(True),
    "foreign": SystemBackup.is_foreign.is_(True),
    "verified": and_(_COMPLETED, SystemBackup.verified_at.is_not(None)),
    "damaged": and_(_COMPLETED, SystemBackup.verified_at.is_(None), SystemBackup.error.is_not(None)),
}
_SHORTEST_FACT = 3


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the backups that match, from `offset` on; `total` match, `of` there are.

    `kept_at` is the place, among all that match, of the backup that was asked to be kept in sight, or None.
    """

    rows: tuple[BackupRecord, ...]
    offset: int
    total: int
    of: int
    kept_at: int | None = None


@dataclass(frozen=True, slots=True)
class SpanCount:
    """What happened in a span of time: backups that are good, that failed or are damaged, the largest archive."""

    good: int = 0
    bad: int = 0
    largest_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class BackupTotals:
    """The completed backups of a site in numbers; `last_at` is when the newest was made, safety backups left out."""

    count: int
    total_bytes: int
    scheduled: int
    manual: int
    last_at: datetime | None


class BackupPages(BackupRows):
    """Pages and counts of a site's backups. Each method is one short transaction."""

    def page(
        self,
        site: str,
        *,
        text: str = "",
        order: Order = "newest",
        offset: int = 0,
        limit: int = 200,
        keep: int | None = None,
    ) -> Page:
        """Return a page of the site's backups that match every word of `text`, in the order.

        Where the backup of the id `keep` matches and is not within the page, the page is moved around it.
        """
        conditions = list(_wanted(site, text))
        with self.reading() as session:
            total = _count(session, conditions)
            of = _count(session, [SystemBackup.site == site]) if text.split() else total
            offset = max(0, min(offset, total - limit))
            kept_at = None if keep is None else _place_of(session, conditions, order, keep)
            if kept_at is not None and not offset <= kept_at < offset + limit:
                offset = max(0, min(kept_at - limit // 2, total - limit))
            query = select(*COLUMNS).where(*conditions).order_by(*_ORDERS[order]).limit(limit).offset(offset)
            rows = tuple(BackupRecord(**row) for row in session.execute(query).mappings())
        return Page(rows, offset, total, of, kept_at)

    def span_counts(self, site: str, bounds: Sequence[datetime]) -> tuple[SpanCount, ...]:
        """Given a site and ascending times, count its scheduled and manual backups between each time and the next."""
        spans = [
            (and_(SystemBackup.created_at >= begin, SystemBackup.created_at < end), number)
            for number, (begin, end) in enumerate(pairwise(bounds))
        ]
        if not spans:
            return ()
        good = and_(_COMPLETED, or_(SystemBackup.verified_at.is_not(None), SystemBackup.error.is_(None)))
        failed = and_(SystemBackup.status == "failed", func.coalesce(SystemBackup.error, "") != CANCELLED)
        bad = or_(failed, and_(_COMPLETED, ~good))
        inner = (
            select(
                case(*spans).label("span"),
                case((good, 1), else_=0).label("good"),
                case((bad, 1), else_=0).label("bad"),
                case((good, SystemBackup.file_size)).label("size"),
            )
            .where(
                SystemBackup.site == site,
                SystemBackup.created_at >= bounds[0],
                SystemBackup.created_at < bounds[-1],
                SystemBackup.role.in_(("manual", "scheduled")),
            )
            .subquery()
        )
        query = select(inner.c.span, func.sum(inner.c.good), func.sum(inner.c.bad), func.max(inner.c.size)).group_by(
            inner.c.span
        )
        with self.reading() as session:
            found = {span: SpanCount(int(good), int(bad), size) for span, good, bad, size in session.execute(query)}
        return tuple(found.get(number, SpanCount()) for number in range(len(spans)))

    def backup_totals(self, site: str) -> BackupTotals:
        """Count the completed backups of a site, and those of them that its schedule or a person asked for."""
        role = SystemBackup.role
        query = select(
            func.count(),
            func.coalesce(func.sum(SystemBackup.file_size), 0),
            func.coalesce(func.sum(case((role == "scheduled", 1), else_=0)), 0),
            func.coalesce(func.sum(case((role == "manual", 1), else_=0)), 0),
            func.max(case((role != "safety", SystemBackup.created_at))),
        ).where(SystemBackup.site == site, _COMPLETED)
        with self.reading() as session:
            count, size, scheduled, manual, last = session.execute(query).one()
        return BackupTotals(int(count), int(size), int(scheduled), int(manual), last)

    def instants_made_for(self, site: str, since: datetime) -> frozenset[datetime]:
        """Return the instants of the site's schedule, from `since` on, for which there is a backup or a failed one."""
        query = select(SystemBackup.scheduled_for).where(
            SystemBackup.site == site, SystemBackup.scheduled_for >= since, SystemBackup.status != "running"
        )
        with self.reading() as session:
            return frozenset(instant for instant in session.scalars(query) if instant is not None)


def _wanted(site: str, text: str) -> Iterator[ColumnElement[bool]]:
    yield SystemBackup.site == site
    for word in text.split():
        sought = storable(word)
        facts = (
            condition
            for name, condition in _FACTS.items()
            if len(word) >= _SHORTEST_FACT and name.startswith(word.lower())
        )
        yield or_(*(column.icontains(sought, autoescape=True) for column in _SEARCHED), *facts)


def _count(session: Session, conditions: Sequence[ColumnElement[bool]]) -> int:
    return session.scalars(select(func.count()).select_from(SystemBackup).where(*conditions)).one()


def _place_of(session: Session, conditions: Sequence[ColumnElement[bool]], order: Order, backup_id: int) -> int | None:
    place = func.row_number().over(order_by=_ORDERS[order]).label("place")
    numbered = select(SystemBackup.id, place).where(*conditions).subquery()
    found = session.scalar(select(numbered.c.place).where(numbered.c.id == backup_id))
    return None if found is None else int(found) - 1
