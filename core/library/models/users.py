"""What belongs to one user: the entries of the library, who recommended what, when it was seen, lists, rankings.

Foreign keys carry the user along, so that no row can point at another user's list or recommender.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    event,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, mapped_column, object_session, relationship

from core.errors import UsageError
from core.library.models.base import Base, in_range, not_negative, one_of
from core.library.models.movies import Movie

ENTRY_STATUSES = ("toWatch", "watched", "deleted", "custom")
QUICK_RECOMMENDERS = {
    "youtube": ("YouTube", "📺"),
    "oscar": ("Oscars", "🏆"),
    "random_person": ("Random person", "🎲"),
    "google": ("Google", "🔎"),
}
DEFAULT_COLOR = "#0a84ff"
DEFAULT_ICON = "list"

_OWNED = "all, delete-orphan"


class User(Base):
    """Someone with a library. `id` is a UUID as text."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    username: Mapped[str] = mapped_column(String(50), unique=True)
    created_at: Mapped[float]
    is_active: Mapped[bool] = mapped_column(default=True)
    backup_enabled: Mapped[bool] = mapped_column(default=False)

    recommenders: Mapped[list[Recommender]] = relationship(
        back_populates="user", cascade=_OWNED, passive_deletes=True, order_by="Recommender.id"
    )
    custom_lists: Mapped[list[CustomList]] = relationship(
        cascade=_OWNED, passive_deletes=True, order_by="CustomList.position"
    )
    entries: Mapped[list[Entry]] = relationship(cascade=_OWNED, passive_deletes=True, order_by="Entry.movie_id")


class Recommender(Base):
    """Someone, or something, that recommends movies to a user. Those with a quick key stay as long as the user."""

    __tablename__ = "recommenders"
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        UniqueConstraint("user_id", "name"),
        UniqueConstraint("user_id", "quick_key"),
        CheckConstraint("name <> ''", name="name_not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    is_trusted: Mapped[bool] = mapped_column(default=False)
    color: Mapped[str] = mapped_column(String(9), default=DEFAULT_COLOR)
    emoji: Mapped[str | None] = mapped_column(String(16))
    quick_key: Mapped[str | None] = mapped_column(one_of("quick_key", *QUICK_RECOMMENDERS))
    last_modified: Mapped[float]

    user: Mapped[User] = relationship(back_populates="recommenders")


class CustomList(Base):
    """A user's own list. `id` is a UUID as text that another user may have too, for exports are passed on."""

    __tablename__ = "custom_lists"
    __table_args__ = (not_negative("position"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    color: Mapped[str] = mapped_column(String(9), default=DEFAULT_COLOR)
    icon: Mapped[str] = mapped_column(String(50), default=DEFAULT_ICON)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[float]
    last_modified: Mapped[float]


class Entry(Base):
    """A movie in a user's library. One that was deleted stays, with that status."""

    __tablename__ = "entries"
    __table_args__ = (
        ForeignKeyConstraint(["user_id", "custom_list_id"], ["custom_lists.user_id", "custom_lists.id"]),
        Index(None, "movie_id"),
        Index(None, "user_id", "status"),
        Index(None, "user_id", "custom_list_id"),
    )

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    movie_id: Mapped[int] = mapped_column(ForeignKey("movies.id"), primary_key=True)
    status: Mapped[str] = mapped_column(one_of("status", *ENTRY_STATUSES), default="toWatch")
    custom_list_id: Mapped[str | None] = mapped_column(String(36))
    last_modified: Mapped[float]

    movie: Mapped[Movie] = relationship()
    recommendations: Mapped[list[Recommendation]] = relationship(
        cascade=_OWNED, passive_deletes=True, order_by="Recommendation.recommender_id"
    )
    watched: Mapped[WatchRecord | None] = relationship(cascade=_OWNED, passive_deletes=True)
    ranking: Mapped[Ranking | None] = relationship(cascade=_OWNED, passive_deletes=True)


class Recommendation(Base):
    """That a recommender spoke for a movie (`vote_type` true) or against it."""

    __tablename__ = "recommendations"
    __table_args__ = (
        ForeignKeyConstraint(["user_id", "movie_id"], ["entries.user_id", "entries.movie_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["user_id", "recommender_id"], ["recommenders.user_id", "recommenders.id"], ondelete="CASCADE"
        ),
        Index(None, "user_id", "recommender_id"),
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    movie_id: Mapped[int] = mapped_column(primary_key=True)
    recommender_id: Mapped[int] = mapped_column(primary_key=True)
    date_recommended: Mapped[float]
    vote_type: Mapped[bool] = mapped_column(default=True)

    recommender: Mapped[Recommender] = relationship(
        foreign_keys=[recommender_id], primaryjoin=lambda: Recommendation.recommender_id == Recommender.id
    )


class WatchRecord(Base):
    """When a user saw a movie, and how it was."""

    __tablename__ = "watch_history"
    __table_args__ = (
        ForeignKeyConstraint(["user_id", "movie_id"], ["entries.user_id", "entries.movie_id"], ondelete="CASCADE"),
        in_range("my_rating", 1, 10),
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    movie_id: Mapped[int] = mapped_column(primary_key=True)
    date_watched: Mapped[float]
    my_rating: Mapped[float]


class Ranking(Base):
    """The place of a movie among those that a user liked, or among those disliked; the first is 1."""

    __tablename__ = "rankings"
    __table_args__ = (
        ForeignKeyConstraint(["user_id", "movie_id"], ["entries.user_id", "entries.movie_id"], ondelete="CASCADE"),
        Index(None, "user_id", "liked", "position"),
        CheckConstraint("position >= 1", name="position_from_one"),
    )

    user_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    movie_id: Mapped[int] = mapped_column(primary_key=True)
    liked: Mapped[bool]
    position: Mapped[int]
    ranked_at: Mapped[float]


@event.listens_for(Recommender, "before_delete")
def _keep_quick_recommenders(_mapper: Mapper[Any], _connection: Connection, recommender: Recommender) -> None:
    """Raise UsageError where a quick recommender would go without its user."""
    session = object_session(recommender)
    if recommender.quick_key and session is not None and recommender.user not in session.deleted:
        raise UsageError(f"{recommender.name} is a quick recommender of every user and stays")
