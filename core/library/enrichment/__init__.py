"""What TMDB and OMDb know of films, fetched and written where no person's value stands."""

from core.library.enrichment.course import enrich
from core.library.enrichment.faults import FilmError, KeyRefusedError, LimitReachedError, ServiceError, StoppingError
from core.library.enrichment.report import EnrichmentReport, FilmReport
from core.library.enrichment.service import Waiting
from core.library.enrichment.waiting import Film, waiting, waiting_count

__all__ = [
    "EnrichmentReport",
    "Film",
    "FilmError",
    "FilmReport",
    "KeyRefusedError",
    "LimitReachedError",
    "ServiceError",
    "StoppingError",
    "Waiting",
    "enrich",
    "waiting",
    "waiting_count",
]
