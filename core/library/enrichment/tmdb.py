"""TMDB: a film by its IMDb id or its own, with all that is known of it in one answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.config.model import EnrichmentSettings
from core.library.enrichment.faults import FilmError, KeyRefusedError, ServiceError
from core.library.enrichment.service import Answer, Service, Waiting
from core.library.enrichment.shapes import Details, Found, S, shaped

NAME: Final = "TMDB"

_OLD_KEY: Final = re.compile(r"[0-9A-Za-z]{1,64}")  # a parameter; what is longer, with dots, is a token for a header
_UNKNOWN: Final = {6, 34}  # TMDB's own codes for an id, or a thing, that it does not have
_MOST_FOUND: Final = 5  # there is one, unless TMDB holds a film twice
_ALONG: Final = {
    "movie": "credits,videos,images,release_dates,watch/providers,external_ids",
    "tv": "aggregate_credits,videos,images,content_ratings,watch/providers,external_ids",
}


@dataclass(frozen=True, slots=True)
class TmdbFilm:
    """What TMDB says of a film: `raw` as it came, `details` as far as it is used, `odd` the keys that make no sense."""

    media_type: str
    raw: dict[str, Any]
    details: Details
    odd: tuple[str, ...]


class Tmdb:
    """TMDB as it is asked."""

    def __init__(self, settings: EnrichmentSettings, key: str, waiting: Waiting) -> None:
        plain = _OLD_KEY.fullmatch(key) is not None
        self._languages = settings.languages
        self._service = Service(
            NAME,
            settings.tmdb_url,
            "tmdb_url",
            waiting,
            settings.requests_per_second,
            settings.timeout_seconds,
            secret={"api_key": key} if plain else {},
            token=None if plain else key,
        )

    def close(self) -> None:
        self._service.close()

    def find(self, imdb_id: str, media_type: str) -> list[tuple[str, int]]:
        """Return which films and series may be meant by an IMDb id, those of `media_type` first; of many the first."""
        answer = self._get(f"/find/{imdb_id}", {"external_source": "imdb_id", "language": self._languages[0]})
        if answer is None:
            return []
        found = _shaped(Found, answer.data)[0]
        results = {"movie": found.movie_results, "tv": found.tv_results}
        kinds = sorted((kind for kind in results if results[kind]), key=lambda kind: kind != media_type)
        return [(kind, one.id) for kind in kinds for one in results[kind]][:_MOST_FOUND]

    def film(self, media_type: str, tmdb_id: int) -> TmdbFilm | None:
        """Return all that is known of a film or a series; None where there is none with this id."""
        answer = self._get(
            f"/{media_type}/{tmdb_id}",
            {
                "append_to_response": _ALONG[media_type],
                "language": self._languages[0],
                "include_image_language": ",".join([*_two_letters(self._languages), "null"]),
                "include_video_language": ",".join([*_two_letters(self._languages), "null"]),
            },
        )
        if answer is None:
            return None
        details, odd = _shaped(Details, answer.data)
        if details.id != tmdb_id:
            raise FilmError(f"{NAME} answers with {details.id} when asked for {tmdb_id}")
        return TmdbFilm(media_type, answer.data, details, odd)

    def _get(self, path: str, parameters: dict[str, str]) -> Answer | None:
        answer = self._service.get(path, parameters)
        if answer.status == 401:
            raise KeyRefusedError(NAME, "refuses the key", hint="look at enrichment.tmdb_key in greenroom.toml")
        if answer.status == 404 and answer.data.get("status_code") not in _UNKNOWN:
            raise ServiceError(NAME, "is not at that address", hint="look at enrichment.tmdb_url in greenroom.toml")
        return answer if answer.status == 200 else None


def _shaped(model: type[S], data: dict[str, Any]) -> tuple[S, tuple[str, ...]]:
    made = shaped(model, data)
    if made is None:
        raise ServiceError(NAME, "answers with what is no film", hint="look at enrichment.tmdb_url in greenroom.toml")
    return made


def _two_letters(languages: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(language[:2] for language in languages))
