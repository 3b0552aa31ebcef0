"""OMDb: the ratings of a film by its IMDb id, and what TMDB may lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from core.config.model import EnrichmentSettings
from core.library.enrichment.faults import KeyRefusedError, LimitReachedError, ServiceError
from core.library.enrichment.service import Service, Waiting
from core.library.enrichment.shapes import OmdbFilm, shaped

NAME: Final = "OMDb"

_LIMIT: Final = "limit"
_KEY: Final = "api key"
_NOT_FOUND: Final = ("not found", "incorrect imdb id", "error getting data", "conversion from string")


@dataclass(frozen=True, slots=True)
class OmdbAnswer:
    """What OMDb says of a film: `raw` as it came, `film` as far as it is used, `odd` the keys that make no sense."""

    raw: dict[str, Any]
    film: OmdbFilm
    odd: tuple[str, ...]


class Omdb:
    """OMDb as it is asked."""

    def __init__(self, settings: EnrichmentSettings, key: str, waiting: Waiting) -> None:
        self._service = Service(
            NAME,
            settings.omdb_url,
            "omdb_url",
            waiting,
            settings.requests_per_second,
            settings.timeout_seconds,
            secret={"apikey": key},
        )

    def close(self) -> None:
        self._service.close()

    def film(self, imdb_id: str) -> OmdbAnswer | None:
        """Return what OMDb knows of a film; None where it knows none."""
        answer = self._service.get("", {"i": imdb_id, "plot": "full", "r": "json"})
        said = answer.data.get("Error")
        complaint = said.lower() if isinstance(said, str) else ""
        if answer.status == 401 or answer.data.get("Response") != "True":
            _check_unknown(answer.status, complaint)
            return None
        made = shaped(OmdbFilm, answer.data)
        if made is None or made[0].imdb_id.lower() != imdb_id.lower():
            raise ServiceError(NAME, "answers with what is not this film", hint="look at enrichment.omdb_url")
        return OmdbAnswer(answer.data, *made)


def _check_unknown(status: int, complaint: str) -> None:
    """Return where OMDb says that it does not know a film; raise what else it says."""
    if _LIMIT in complaint:
        raise LimitReachedError(
            NAME, "was asked as often as the key allows", hint="go on tomorrow: what is done stays done"
        )
    if status == 401 or _KEY in complaint:
        raise KeyRefusedError(NAME, "refuses the key", hint="look at enrichment.omdb_key in greenroom.toml")
    if not any(words in complaint for words in _NOT_FOUND):
        raise ServiceError(NAME, "gives no film and no reason that is known")
