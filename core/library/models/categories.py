"""What the category editors list for a movie: awards, streaming, timeline, trivia, gallery."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.library.models.base import Base, in_range, not_negative, one_of

AWARD_STATUSES = ("Winner", "Nominee")
PRESTIGE_LEVELS = ("national", "state", "industry", "international")
STREAMING_TYPES = ("subscription", "rent", "buy", "free")
STREAMING_QUALITIES = ("SD", "HD", "4K")
TIMELINE_CATEGORIES = (
    "Production Start",
    "Casting Announcement",
    "Trailer Release",
    "Premiere",
    "Box Office Milestone",
    "Award Win",
    "Controversy",
)
TRIVIA_CATEGORIES = (
    "Behind the Scenes",
    "Continuity Error",
    "Cameo",
    "Production Detail",
    "Cultural Reference",
    "Goofs",
)


class ListedOfMovie:
    """One item of a movie's list; `position` keeps the order, from 0."""

    id: Mapped[int] = mapped_column(primary_key=True)
    movie_id: Mapped[int] = mapped_column(ForeignKey("movies.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)


class Award(ListedOfMovie, Base):
    """An award won, or a nomination for it. `external_id` names it within its movie."""

    __tablename__ = "awards"
    __table_args__ = (
        UniqueConstraint("movie_id", "external_id"),
        Index(None, "movie_id", "position"),
        in_range("year", 1880, 2200),
        not_negative("position"),
    )

    external_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    organization: Mapped[str | None] = mapped_column(String(200))
    ceremony_id: Mapped[str | None] = mapped_column(String(80))
    ceremony: Mapped[str | None] = mapped_column(String(200))
    year: Mapped[int]
    category: Mapped[str] = mapped_column(String(200))
    nominee: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(one_of("status", *AWARD_STATUSES))
    country: Mapped[str | None] = mapped_column(String(50))
    language: Mapped[str | None] = mapped_column(String(50))
    prestige_level: Mapped[str | None] = mapped_column(one_of("prestige_level", *PRESTIGE_LEVELS))
    notes: Mapped[str | None] = mapped_column(Text)


class StreamingOption(ListedOfMovie, Base):
    """A place to see the movie. The price is a text, with its currency."""

    __tablename__ = "streaming_options"
    __table_args__ = (Index(None, "movie_id", "position"), not_negative("position"))

    platform: Mapped[str] = mapped_column(String(100))
    region: Mapped[str] = mapped_column(String(50))
    type: Mapped[str] = mapped_column(one_of("type", *STREAMING_TYPES))
    price: Mapped[str | None] = mapped_column(String(20))
    quality: Mapped[str | None] = mapped_column(one_of("quality", *STREAMING_QUALITIES))
    url: Mapped[str | None] = mapped_column(String(500))
    verified: Mapped[bool] = mapped_column(default=False)


class TimelineEvent(ListedOfMovie, Base):
    """Something that happened to the movie on a day."""

    __tablename__ = "timeline_events"
    __table_args__ = (Index(None, "movie_id", "position"), not_negative("position"))

    date: Mapped[dt.date]
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(one_of("category", *TIMELINE_CATEGORIES))
    media_url: Mapped[str | None] = mapped_column(String(500))


class TriviaItem(ListedOfMovie, Base):
    """A question about the movie, and its answer."""

    __tablename__ = "trivia_items"
    __table_args__ = (Index(None, "movie_id", "position"), not_negative("position"))

    question: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(one_of("category", *TRIVIA_CATEGORIES))
    answer: Mapped[str] = mapped_column(Text)
    explanation: Mapped[str | None] = mapped_column(Text)


class GalleryImage(ListedOfMovie, Base):
    """The address of a further picture."""

    __tablename__ = "gallery_images"
    __table_args__ = (
        Index(None, "movie_id", "position"),
        CheckConstraint("url <> ''", name="url_not_empty"),
        not_negative("position"),
    )

    url: Mapped[str] = mapped_column(String(500))
