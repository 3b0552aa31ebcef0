"""Made-up movies, as many as are asked for: each follows from the seed and its number alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.library.dice import Dice
from core.library.facts import Words
from core.library.models import (
    Award,
    Credit,
    Entry,
    Movie,
    MovieGenre,
    Person,
    Recommendation,
    StreamingOption,
    WatchRecord,
)
from core.library.rows import BASE_URL, Rows, poster_path

_FIRST_YEAR, _LAST_YEAR = 1930, 2024
_MOVIES_A_PERSON = 5
_LEAST_PEOPLE = 40
_DAY = 86_400
_ENTRIES_BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp()
_ENTRIES_DAYS = 1600

_LANGUAGES = (
    ("English", "United States"),
    ("English", "United Kingdom"),
    ("French", "France"),
    ("German", "Germany"),
    ("Italian", "Italy"),
    ("Spanish", "Spain"),
    ("Japanese", "Japan"),
)
_RATINGS = ("G", "PG", "PG-13", "R", None)
_PLATFORMS = ("Filmhouse", "Kinoteka", "Matinee", "Reel")
_AWARDS = ("Best Film", "Best Director", "Best Screenplay", "Best Cinematography", "Best Editing")


@dataclass(frozen=True, slots=True)
class Reader:
    """A user whose library the made-up movies go into as well: one in `odds` of them."""

    user_id: str
    recommenders: Sequence[int]
    odds: int


class Inventor:
    """Makes up movies with the ids from `first_movie` on, played by made-up people from `first_person` on."""

    def __init__(
        self,
        seed: int,
        *,
        movies: int,
        words: Words,
        genres: Mapping[str, int],
        first_person: int,
        readers: Sequence[Reader],
    ) -> None:
        self._seed = seed
        self._words = words
        self._genres = list(genres.values())
        self._first_person = first_person
        self._people = max(_LEAST_PEOPLE, movies // _MOVIES_A_PERSON)
        self._readers = readers

    @property
    def people(self) -> range:
        """The ids of the made-up people."""
        return range(self._first_person, self._first_person + self._people)

    def add_person(self, rows: Rows, number: int) -> None:
        dice = Dice(self._seed, "person", number)
        name = f"{dice.pick(self._words.first_names)} {dice.pick(self._words.last_names)}"
        rows.add(Person, id=number, external_id=f"person-demo-{number:06}", name=name, image_url=None)

    def add_movie(self, rows: Rows, number: int) -> tuple[str, str]:
        """Add the movie with the id `number` and all that hangs on it; return its external id and its title."""
        dice = Dice(self._seed, "movie", number)
        external_id, title = f"demo-{number:06}", self._title(dice)
        released = dt.date(dice.between(_FIRST_YEAR, _LAST_YEAR), 1, 1) + dt.timedelta(days=dice.below(365))
        self._add_information(rows, number, external_id, title, released, dice)
        for position, genre in enumerate(dice.sample(len(self._genres), dice.between(1, 3))):
            rows.add(MovieGenre, movie_id=number, genre_id=self._genres[genre], position=position)
        self._add_credits(rows, number, dice)
        self._add_awards_and_streaming(rows, number, title, released.year, dice)
        for reader in self._readers:
            if dice.one_in(reader.odds):
                _add_entry(rows, number, reader, dice)
        return external_id, title

    def _title(self, dice: Dice) -> str:
        adjective, noun = dice.pick(self._words.adjectives), dice.pick(self._words.nouns)
        place, other = dice.pick(self._words.places), dice.pick(self._words.nouns)
        return dice.pick(
            (
                f"The {adjective} {noun}",
                f"{adjective} {noun}",
                f"The {noun} of {place}",
                f"A {noun} in {place}",
                f"The {noun} and the {other}",
                f"The {noun}'s {other}",
                f"{adjective} {noun} in {place}",
            )
        )

    def _add_information(
        self, rows: Rows, number: int, external_id: str, title: str, released: dt.date, dice: Dice
    ) -> None:
        language, country = dice.pick(_LANGUAGES)
        occupation, deed = dice.pick(self._words.occupations), dice.pick(self._words.deeds)
        budget = dice.between(1, 200) * 100_000
        rows.add(
            Movie,
            id=number,
            external_id=external_id,
            # Eight digits that begin with 99: of the form of an IMDb id, and nobody's.
            imdb_id=f"tt99{number:06}",
            tmdb_id=None,
            media_type="movie",
            title=title,
            tagline=None,
            year=str(released.year),
            release_date=released,
            runtime=dice.between(75, 190),
            rating=dice.pick(_RATINGS),
            language=language,
            country=country,
            overview=f"In {dice.pick(self._words.places)}, {occupation} {deed}.",
            budget=budget,
            revenue=budget * dice.between(1, 60) // 10,
            status="released",
            siddu_score=dice.between(300, 950) / 10,
            critics_score=dice.between(200, 980) / 10,
            imdb_rating=dice.between(35, 92) / 10,
            rotten_tomatoes_score=dice.between(10, 99),
            poster_url=BASE_URL + poster_path(external_id),
            backdrop_url=None,
            trailer_url=None,
            tmdb_data=None,
            omdb_data=None,
        )

    def _add_credits(self, rows: Rows, number: int, dice: Dice) -> None:
        cast = dice.between(2, 5)
        people = dice.sample(self._people, cast + 3)
        writer = people[0] if dice.one_in(3) else people[1]
        crew = (("director", people[0]), ("writer", writer), ("producer", people[2]))
        for role, person in crew:
            rows.add(
                Credit,
                movie_id=number,
                person_id=self._first_person + person,
                role=role,
                character="",
                position=0,
            )
        for position, person in enumerate(people[3:]):
            rows.add(
                Credit,
                movie_id=number,
                person_id=self._first_person + person,
                role="cast",
                character=dice.pick(self._words.first_names),
                position=position,
            )

    def _add_awards_and_streaming(self, rows: Rows, number: int, title: str, year: int, dice: Dice) -> None:
        if dice.one_in(8):
            rows.add(
                Award,
                movie_id=number,
                position=0,
                external_id=f"demo-{number:06}-1",
                name="Golden Projector",
                organization="Academy of Made-up Films",
                ceremony_id=f"projector-{year + 1}",
                ceremony=f"Golden Projectors {year + 1}",
                year=year + 1,
                category=dice.pick(_AWARDS),
                nominee=title,
                status=dice.pick(("Winner", "Nominee")),
                country=None,
                language=None,
                prestige_level="industry",
                notes=None,
            )
        if dice.one_in(4):
            rows.add(
                StreamingOption,
                movie_id=number,
                position=0,
                platform=dice.pick(_PLATFORMS),
                region=dice.pick(("DE", "GB", "US")),
                type=dice.pick(("subscription", "free")),
                price=None,
                quality=dice.pick(("SD", "HD", "4K")),
                url=f"https://watch.example/{number}",
                verified=False,
            )


def _add_entry(rows: Rows, number: int, reader: Reader, dice: Dice) -> None:
    status = dice.pick(("toWatch", "watched", "watched", "deleted"))
    added = _ENTRIES_BEGIN + dice.below(_ENTRIES_DAYS) * _DAY + dice.below(_DAY)
    key = {"user_id": reader.user_id, "movie_id": number}
    watched = added + dice.between(1, 60) * _DAY
    rows.add(
        Entry,
        **key,
        status=status,
        custom_list_id=None,
        last_modified=watched if status == "watched" else added,
    )
    if status == "watched":
        rows.add(WatchRecord, **key, date_watched=watched, my_rating=dice.between(2, 20) / 2)
    if dice.one_in(3):
        rows.add(
            Recommendation,
            **key,
            recommender_id=dice.pick(reader.recommenders),
            date_recommended=added,
            vote_type=not dice.one_in(6),
        )
