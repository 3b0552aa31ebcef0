"""Movies, the people who made them, and genres."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, column, or_
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.orderinglist import ordering_list
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.library.models.base import Base, Document, in_range, not_negative, one_of
from core.library.models.categories import Award, GalleryImage, StreamingOption, TimelineEvent, TriviaItem

MEDIA_TYPES = ("movie", "tv")
RELEASE_STATUSES = ("released", "upcoming", "in-production")
CREDIT_ROLES = ("director", "writer", "producer", "cast")

_OWNED = "all, delete-orphan"


class Movie(Base):
    """A film or series: the basic information, the media addresses, and all that hangs on it."""

    __tablename__ = "movies"
    __table_args__ = (
        UniqueConstraint("media_type", "tmdb_id"),
        Index(None, "title"),
        CheckConstraint("title <> ''", name="title_not_empty"),
        in_range("siddu_score", 0, 100),
        in_range("critics_score", 0, 100),
        in_range("imdb_rating", 0, 10),
        in_range("rotten_tomatoes_score", 0, 100),
        not_negative("runtime"),
        not_negative("budget"),
        not_negative("revenue"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(50), unique=True)
    imdb_id: Mapped[str | None] = mapped_column(String(12), unique=True)
    tmdb_id: Mapped[int | None]
    media_type: Mapped[str] = mapped_column(one_of("media_type", *MEDIA_TYPES), default="movie")
    title: Mapped[str] = mapped_column(String(200))
    tagline: Mapped[str | None] = mapped_column(String(500))
    year: Mapped[str | None] = mapped_column(String(4))
    release_date: Mapped[date | None]
    runtime: Mapped[int | None]
    rating: Mapped[str | None] = mapped_column(String(10))
    language: Mapped[str | None] = mapped_column(String(50))
    country: Mapped[str | None] = mapped_column(String(50))
    overview: Mapped[str | None] = mapped_column(Text)
    budget: Mapped[int | None] = mapped_column(BigInteger)
    revenue: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str | None] = mapped_column(one_of("status", *RELEASE_STATUSES), default="released")
    siddu_score: Mapped[float | None]
    critics_score: Mapped[float | None]
    imdb_rating: Mapped[float | None]
    rotten_tomatoes_score: Mapped[int | None]
    poster_url: Mapped[str | None] = mapped_column(String(255))
    backdrop_url: Mapped[str | None] = mapped_column(String(255))
    trailer_url: Mapped[str | None] = mapped_column(String(255))
    tmdb_data: Mapped[dict[str, Any] | None] = mapped_column(Document)
    omdb_data: Mapped[dict[str, Any] | None] = mapped_column(Document)

    genre_links: Mapped[list[MovieGenre]] = relationship(
        cascade=_OWNED, order_by="MovieGenre.position", collection_class=ordering_list("position")
    )
    genres: AssociationProxy[list[Genre]] = association_proxy(
        "genre_links", "genre", creator=lambda genre: MovieGenre(genre=genre)
    )
    credits: Mapped[list[Credit]] = relationship(
        back_populates="movie", cascade=_OWNED, order_by="Credit.role, Credit.position"
    )
    awards: Mapped[list[Award]] = relationship(
        cascade=_OWNED, order_by="Award.position", collection_class=ordering_list("position")
    )
    streaming_options: Mapped[list[StreamingOption]] = relationship(
        cascade=_OWNED, order_by="StreamingOption.position", collection_class=ordering_list("position")
    )
    timeline: Mapped[list[TimelineEvent]] = relationship(
        cascade=_OWNED, order_by="TimelineEvent.position", collection_class=ordering_list("position")
    )
    trivia: Mapped[list[TriviaItem]] = relationship(
        cascade=_OWNED, order_by="TriviaItem.position", collection_class=ordering_list("position")
    )
    gallery: Mapped[list[GalleryImage]] = relationship(
        cascade=_OWNED, order_by="GalleryImage.position", collection_class=ordering_list("position")
    )


class Person(Base):
    """Someone who made movies; not to be confused with a user's recommenders."""

    __tablename__ = "people"
    __table_args__ = (Index(None, "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(50), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    image_url: Mapped[str | None] = mapped_column(String(255))

    credits: Mapped[list[Credit]] = relationship(back_populates="person", passive_deletes="all")


class Credit(Base):
    """One role of a person in a movie; a person may hold several. `character` is empty where there is none."""

    __tablename__ = "credits"
    __table_args__ = (
        UniqueConstraint("movie_id", "role", "person_id", "character"),
        Index(None, "movie_id", "role", "position"),
        Index(None, "person_id"),
        # An expression, for `character` is a word of MariaDB's own that must be quoted there.
        CheckConstraint(or_(column("role") == "cast", column("character") == ""), name="character_in_cast"),
        not_negative("position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    movie_id: Mapped[int] = mapped_column(ForeignKey("movies.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    role: Mapped[str] = mapped_column(one_of("role", *CREDIT_ROLES))
    character: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)

    movie: Mapped[Movie] = relationship(back_populates="credits")
    person: Mapped[Person] = relationship(back_populates="credits")


class Genre(Base):
    """A genre; movies name theirs in an order of their own."""

    __tablename__ = "genres"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(50), unique=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)


class MovieGenre(Base):
    """That a movie is of a genre."""

    __tablename__ = "movie_genres"
    __table_args__ = (Index(None, "genre_id"), not_negative("position"))

    movie_id: Mapped[int] = mapped_column(ForeignKey("movies.id", ondelete="CASCADE"), primary_key=True)
    genre_id: Mapped[int] = mapped_column(ForeignKey("genres.id"), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)

    genre: Mapped[Genre] = relationship()
