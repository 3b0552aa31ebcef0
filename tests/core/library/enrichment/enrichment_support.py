"""TMDB and OMDb as a server on this machine, a time that does not pass, and films as both services tell them."""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from core.library.enrichment import EnrichmentReport, Waiting, enrich
from core.progress import CancelToken, Reporter
from tests.libraries import Library

TMDB_KEY = "0123456789abcdef0123456789abcdef"
OMDB_KEY = "deadbeef"
BLUE, BAD = "imdb-tt0156887", "imdb-tt0903747"  # films of the library that wait


@dataclass(frozen=True)
class Reply:
    """What the server sends: an object as JSON, or bytes as they are.

    `cut` ends the connection half-way, `hang` says nothing, `drip` is a header, or a text, that never ends.
    """

    data: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json;charset=utf-8"
    cut: bool = False
    hang: bool = False
    drip: Literal["header", "text"] | None = None


UNKNOWN = Reply(
    {"success": False, "status_code": 34, "status_message": "The resource you requested could not be found."}, 404
)
BAD_TMDB_KEY = Reply(
    {"status_code": 7, "status_message": "Invalid API key: You must be granted a valid key.", "success": False}, 401
)
BAD_OMDB_KEY = Reply({"Response": "False", "Error": "Invalid API key!"}, 401)
OMDB_LIMIT = Reply({"Response": "False", "Error": "Request limit reached!"}, 401)
OMDB_UNKNOWN = Reply({"Response": "False", "Error": "Error getting data."})
TOO_MANY = Reply({"status_code": 25, "status_message": "Your request count (41) is over the allowed limit of 40."}, 429)


class FakeServices:
    """Both services. `films` are TMDB's by kind and id, `ratings` OMDb's by IMDb id; `next_replies` come before any."""

    def __init__(self) -> None:
        self.films: dict[tuple[str, int], dict[str, Any]] = {}
        self.ratings: dict[str, dict[str, Any]] = {}
        self.next_replies: dict[str, list[Reply]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.tokens = {TMDB_KEY}
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, film: dict[str, Any], ratings: dict[str, Any] | None = None, *, kind: str = "movie") -> None:
        """Let TMDB know a film, and OMDb too."""
        self.films[kind, film["id"]] = film
        if ratings is not None:
            self.ratings[ratings["imdbID"]] = ratings

    def then(self, path: str, *replies: Reply) -> None:
        """Answer so to the next questions whose path begins like this."""
        self.next_replies.setdefault(path, []).extend(replies)

    def reply(self, target: str, headers: dict[str, str]) -> Reply:
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append(parts.path)
        self.headers.append(headers)
        for path, replies in self.next_replies.items():
            if parts.path.startswith(path) and replies:
                return replies.pop(0)
        if parts.path == "/omdb":
            return self._omdb(query)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if query.get("api_key") not in self.tokens and token not in self.tokens:
            return BAD_TMDB_KEY
        return self._tmdb(parts.path.removeprefix("/3").split("/")[1:], query)

    def _tmdb(self, path: list[str], query: dict[str, str]) -> Reply:
        kind, number = path
        if kind == "find":
            found: dict[str, list[Any]] = {
                f"{name}_results": [] for name in ("movie", "person", "tv", "tv_episode", "tv_season")
            }
            for (media_type, tmdb_id), film in self.films.items():
                if film.get("imdb_id", film.get("external_ids", {}).get("imdb_id")) == number:
                    found[f"{media_type}_results"].append({"id": tmdb_id, "media_type": media_type, "adult": False})
            return Reply(found)
        film = self.films.get((kind, int(number)), {})
        asked_along = set(query.get("append_to_response", "").split(","))
        extra = {"credits", "aggregate_credits", "videos", "images", "release_dates", "content_ratings"}
        extra |= {"watch/providers", "external_ids"}
        return Reply({key: value for key, value in film.items() if key not in extra - asked_along}) if film else UNKNOWN

    def _omdb(self, query: dict[str, str]) -> Reply:
        if query.get("apikey") != OMDB_KEY:
            return BAD_OMDB_KEY
        found = self.ratings.get(query["i"])
        return OMDB_UNKNOWN if found is None else Reply(found)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away early is what some tests want."""


def _handler(services: FakeServices) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = services.reply(self.path, headers)
            if reply.hang:
                services.released.wait()
                self.close_connection = True
                return
            if reply.drip is not None:
                self._drip(reply.drip)
                return
            body = reply.data if isinstance(reply.data, bytes) else json.dumps(reply.data).encode()
            packed = "gzip" in headers.get("accept-encoding", "") and not isinstance(reply.data, bytes)
            body = gzip.compress(body, 1) if packed else body
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if reply.cut else body)
            self.close_connection = self.close_connection or reply.cut

        def _drip(self, what: str) -> None:
            self.close_connection = True
            begin = b"X-Slow: " if what == "header" else b'Content-Type: application/json\r\n\r\n{"title": "'
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + begin)
            while not services.released.wait(0.01):
                self.wfile.write(b"x")

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@dataclass
class FakeTime:
    """Pauses pass at once, and are remembered; a token may end them."""

    token: CancelToken = field(default_factory=CancelToken)
    seconds: float = 0.0
    pauses: list[float] = field(default_factory=list)
    on_pause: Callable[[float], None] = lambda _seconds: None

    def pause(self, seconds: float) -> None:
        if seconds:
            self.pauses.append(seconds)
            self.on_pause(seconds)
        self.seconds += seconds
        self.token.check()

    def monotonic(self) -> float:
        return self.seconds


@contextmanager
def running() -> Iterator[FakeServices]:
    with FakeServices() as services:
        yield services


def run(library: Library, time: FakeTime, *ids: str, **more: Any) -> EnrichmentReport:
    return enrich(
        library.context,
        library.site,
        ids or None,
        reporter=Reporter(token=time.token),
        time=Waiting(time.pause, time.monotonic, library.context.clock),
        **more,
    )


def row(library: Library, external_id: str, *columns: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(library.database)) as connection:
        query = f"SELECT {', '.join(columns)} FROM movies WHERE external_id = ?"
        found: tuple[Any, ...] = connection.execute(query, (external_id,)).fetchone()
        return found


def person(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "adult": False,
        "gender": 2,
        "id": number,
        "known_for_department": "Acting",
        "name": name,
        "original_name": name,
        "popularity": 20.5,
        "profile_path": f"/face{number}.jpg",
        "credit_id": f"52fe4250c3a36847f80149{number}",
    } | more


def film(**changes: Any) -> dict[str, Any]:
    """A film as TMDB tells it, with all that can be asked for along with it: Fight Club, but for the changes."""
    return {
        "adult": False,
        "backdrop_path": "/hZkgoQYus5vegHoetLkCJzb17zJ.jpg",
        "belongs_to_collection": None,
        "budget": 63000000,
        "genres": [{"id": 18, "name": "Drama"}, {"id": 53, "name": "Thriller"}],
        "homepage": "http://www.foxmovies.com/movies/fight-club",
        "id": 550,
        "imdb_id": "tt0137523",
        "origin_country": ["US"],
        "original_language": "en",
        "original_title": "Fight Club",
        "overview": "A man who cannot sleep meets one who sells soap.",
        "popularity": 61.4,
        "poster_path": "/pB8BM7pdSp6B6Ih7QZ4DrQ3PmJK.jpg",
        "production_companies": [{"id": 508, "logo_path": None, "name": "Regency", "origin_country": "US"}],
        "production_countries": [{"iso_3166_1": "US", "name": "United States of America"}],
        "release_date": "1999-10-15",
        "revenue": 100853753,
        "runtime": 139,
        "spoken_languages": [{"english_name": "English", "iso_639_1": "en", "name": "English"}],
        "status": "Released",
        "tagline": "Mischief. Mayhem. Soap.",
        "title": "Fight Club",
        "video": False,
        "vote_average": 8.4,
        "vote_count": 26000,
        "credits": {
            "cast": [
                person(819, "Edward Norton", cast_id=4, character="Narrator", order=0),
                person(287, "Brad Pitt", cast_id=5, character="Tyler Durden", order=1),
            ],
            "crew": [
                person(7467, "David Fincher", department="Directing", job="Director"),
                person(7468, "Jim Uhls", department="Writing", job="Screenplay"),
                person(7469, "Chuck Palahniuk", department="Writing", job="Novel"),
                person(1254, "Art Linson", department="Production", job="Producer"),
                person(9999, "Jeff Cronenweth", department="Camera", job="Director of Photography"),
            ],
        },
        "videos": {
            "results": [
                {"iso_639_1": "en", "key": "fan-made", "site": "YouTube", "type": "Trailer", "official": False},
                {"iso_639_1": "en", "key": "BdJKm16Co6M", "site": "YouTube", "type": "Trailer", "official": True},
                {"iso_639_1": "en", "key": "clip", "site": "YouTube", "type": "Clip", "official": True},
            ]
        },
        "images": {
            "backdrops": [{"file_path": f"/back{n}.jpg", "width": 1920, "height": 1080} for n in (1, 2)],
            "logos": [],
            "posters": [{"file_path": "/poster1.jpg", "width": 2000, "height": 3000}],
        },
        "release_dates": {
            "results": [
                {
                    "iso_3166_1": "DE",
                    "release_dates": [{"certification": "18", "type": 3, "release_date": "1999-11-11T00:00:00.000Z"}],
                },
                {
                    "iso_3166_1": "US",
                    "release_dates": [
                        {"certification": "", "type": 1, "release_date": "1999-09-21T00:00:00.000Z"},
                        {"certification": "R", "type": 3, "release_date": "1999-10-15T00:00:00.000Z"},
                    ],
                },
            ]
        },
        "watch/providers": {
            "results": {
                "US": {
                    "link": "https://www.themoviedb.org/movie/550-fight-club/watch?locale=US",
                    "flatrate": [{"logo_path": "/h.jpg", "provider_id": 15, "provider_name": "Hulu"}],
                    "rent": [{"logo_path": "/a.jpg", "provider_id": 2, "provider_name": "Apple TV"}],
                },
                "DE": {
                    "link": "https://www.themoviedb.org/movie/550-fight-club/watch?locale=DE",
                    "flatrate": [{"logo_path": "/d.jpg", "provider_id": 337, "provider_name": "Disney Plus"}],
                },
            }
        },
        "external_ids": {"imdb_id": "tt0137523", "wikidata_id": "Q190050", "facebook_id": "FightClub"},
    } | changes


def rating(imdb_id: str = "tt0137523", **changes: Any) -> dict[str, Any]:
    """A film as OMDb tells it."""
    return {
        "Title": "Fight Club",
        "Year": "1999",
        "Rated": "R",
        "Released": "15 Oct 1999",
        "Runtime": "139 min",
        "Genre": "Crime, Drama, Thriller",
        "Director": "David Fincher",
        "Writer": "Chuck Palahniuk, Jim Uhls",
        "Actors": "Brad Pitt, Edward Norton, Meat Loaf",
        "Plot": "An office worker and a soap maker found a club.",
        "Language": "English",
        "Country": "Germany, United States",
        "Awards": "Nominated for 1 Oscar. 12 wins & 38 nominations total",
        "Poster": "https://m.media-amazon.com/images/M/fight.jpg",
        "Ratings": [
            {"Source": "Internet Movie Database", "Value": "8.8/10"},
            {"Source": "Rotten Tomatoes", "Value": "81%"},
            {"Source": "Metacritic", "Value": "67/100"},
        ],
        "Metascore": "67",
        "imdbRating": "8.8",
        "imdbVotes": "2,400,000",
        "imdbID": imdb_id,
        "Type": "movie",
        "DVD": "N/A",
        "BoxOffice": "$37,030,102",
        "Production": "N/A",
        "Website": "N/A",
        "Response": "True",
    } | changes


def series(**changes: Any) -> dict[str, Any]:
    """A series as TMDB tells it."""
    return {
        "id": 1396,
        "name": "Breaking Bad",
        "created_by": [person(66633, "Vince Gilligan")],
        "episode_run_time": [],
        "first_air_date": "2008-01-20",
        "genres": [{"id": 18, "name": "Drama"}, {"id": 10759, "name": "Action & Adventure"}],
        "original_language": "en",
        "spoken_languages": [{"english_name": "English", "iso_639_1": "en", "name": "English"}],
        "production_countries": [{"iso_3166_1": "US", "name": "United States of America"}],
        "origin_country": ["US"],
        "overview": "A teacher of chemistry changes his trade.",
        "poster_path": "/ztkUQFLlC19CCMYHW9o1zWhJRNq.jpg",
        "backdrop_path": None,
        "status": "Ended",
        "tagline": "",
        "number_of_seasons": 5,
        "aggregate_credits": {
            "cast": [
                person(17419, "Bryan Cranston", roles=[{"character": "Walter White", "episode_count": 62}], order=0)
            ],
            "crew": [
                person(
                    66633,
                    "Vince Gilligan",
                    department="Production",
                    jobs=[{"job": "Executive Producer", "episode_count": 62}, {"job": "Director", "episode_count": 5}],
                )
            ],
        },
        "videos": {"results": []},
        "images": {"backdrops": [], "logos": [], "posters": []},
        "content_ratings": {"results": [{"descriptors": [], "iso_3166_1": "US", "rating": "TV-MA"}]},
        "watch/providers": {"results": {}},
        "external_ids": {"imdb_id": "tt0903747", "tvdb_id": 81189},
    } | changes
