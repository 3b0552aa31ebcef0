"""What services say of a film, as data of its categories: pure. What they do not know has no key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from core.config.model import EnrichmentSettings
from core.forms import Json
from core.library.enrichment.omdb import OmdbAnswer
from core.library.enrichment.shapes import Certificates, Credited, Credits, Details, Offers, Provider, present
from core.library.enrichment.tmdb import TmdbFilm

MOST_CAST: Final = 50
MOST_CREW: Final = 20
MOST_PICTURES: Final = 20
PERSON: Final = "tmdb-person-"

_POSTER, _BACKDROP, _PORTRAIT = "w780", "w1280", "w342"
_STATUS: Final = {
    "Released": "released",
    "Returning Series": "released",
    "Ended": "released",
    "Canceled": None,
    "Rumored": "upcoming",
    "Planned": "upcoming",
    "In Production": "in-production",
    "Post Production": "in-production",
}
_TYPES: Final = (("flatrate", "subscription"), ("free", "free"), ("ads", "free"), ("rent", "rent"), ("buy", "buy"))
_TRAILERS: Final = {"YouTube": "https://www.youtube.com/watch?v=", "Vimeo": "https://vimeo.com/"}
_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_PATH: Final = re.compile(r"/[A-Za-z0-9._/-]+")
_YEAR: Final = re.compile(r"([0-9]{4})(?![0-9])")


def data_of(tmdb: TmdbFilm | None, omdb: OmdbAnswer | None, settings: EnrichmentSettings) -> dict[str, Json]:
    """Return by category the data that the services have; where both know a value, TMDB's counts."""
    basic: Json = {}
    found: dict[str, Json] = {"basic_info": basic}
    if tmdb is not None:
        basic |= _basic_info(tmdb.details, settings)
        found["cast_crew"] = _cast_crew(tmdb, settings)
        found["media"] = _media(tmdb.details, settings)
        found["streaming"] = _streaming(tmdb.details, settings)
    if omdb is not None:
        found["basic_info"] = {**_of_omdb(omdb), **basic}
    return {category: data for category, data in found.items() if data}


def keys_of_omdb(tmdb: TmdbFilm | None, omdb: OmdbAnswer | None, settings: EnrichmentSettings) -> frozenset[str]:
    """Return the keys of basic_info whose values are OMDb's."""
    if omdb is None:
        return frozenset()
    return frozenset(_of_omdb(omdb).keys() - (_basic_info(tmdb.details, settings).keys() if tmdb else set()))


def _known(values: Mapping[str, Any]) -> Json:
    """Leave out what a service does not know: TMDB says 0 and "" for that."""
    return {key: value for key, value in values.items() if value not in (None, "", 0, [])}


def _basic_info(details: Details, settings: EnrichmentSettings) -> Json:
    released = details.release_date or details.first_air_date or None
    minutes = [details.runtime, *(details.episode_run_time or ())]
    languages = {language.iso_639_1: language.english_name for language in present(details.spoken_languages)}
    return _known(
        {
            "title": _text(details.title or details.name),
            "tagline": _text(details.tagline),
            "year": released[:4] if released else None,
            "release_date": released,
            "runtime": next((each for each in minutes if each), None),
            "rating": _certificate(details, settings.regions),
            "language": languages.get(details.original_language),
            "country": next((country.name for country in present(details.production_countries) if country.name), None),
            "overview": _text(details.overview),
            "budget": details.budget,
            "revenue": details.revenue,
            "status": _STATUS.get(details.status or ""),
            "genres": _once(genre.name for genre in present(details.genres)),
        }
    )


def _text(text: str | None) -> str | None:
    return text.strip() if text else None


def _once(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _certificate(details: Details, regions: Iterable[str]) -> str | None:
    """Return the certificate of the first region that has one; that of the cinemas before others."""
    by_region: dict[str, str] = {}
    for said in (details.release_dates, details.content_ratings):
        for region, certificate in _certificates(said):
            by_region.setdefault(region, certificate)
    return next((by_region[region] for region in regions if region in by_region), None)


def _certificates(said: Certificates | None) -> Iterator[tuple[str, str]]:
    for country in present(said.results) if said else ():
        if country.rating:
            yield country.iso_3166_1, country.rating
        in_cinemas_first = sorted(present(country.release_dates), key=lambda release: release.type != 3)
        for release in in_cinemas_first:
            if release.certification:
                yield country.iso_3166_1, release.certification


def _cast_crew(film: TmdbFilm, settings: EnrichmentSettings) -> Json:
    details = film.details
    credited = (details.aggregate_credits if film.media_type == "tv" else details.credits) or Credits()
    crew = [(one, job, one.department) for one in present(credited.crew) for job in _jobs(one)]
    # Those who make a series are called executive producers.
    producing = {"Producer", "Executive Producer"} if film.media_type == "tv" else {"Producer"}
    makers = present(details.created_by)

    def of(people: Iterable[Credited]) -> list[Json]:
        items = {one.id: _person(one, settings) for one in reversed(list(people))}
        return list(reversed(items.values()))[:MOST_CREW]

    return _known(
        {
            "directors": of(one for one, job, _ in crew if job == "Director"),
            "writers": of([*makers, *(one for one, _, department in crew if department == "Writing")]),
            "producers": of(one for one, job, _ in crew if job in producing),
            "cast": list(_cast(credited, settings))[:MOST_CAST],
        }
    )


def _jobs(one: Credited) -> list[str | None]:
    return [one.job] if one.jobs is None else [role.job for role in present(one.jobs)]


def _cast(credited: Credits, settings: EnrichmentSettings) -> Iterator[Json]:
    seen = set()
    for one in present(credited.cast):
        characters = [one.character] if one.roles is None else [role.character for role in present(one.roles)[:1]]
        for character in characters or [None]:
            if (one.id, character or None) not in seen:
                seen.add((one.id, character or None))
                yield {**_person(one, settings), "character": _text(character) or None}


def _person(one: Credited, settings: EnrichmentSettings) -> Json:
    return {
        "id": f"{PERSON}{one.id}",
        "name": one.name.strip(),
        "image": _picture(one.profile_path, _PORTRAIT, settings),
    }


def _media(details: Details, settings: EnrichmentSettings) -> Json:
    backdrops = present(details.images.backdrops) if details.images else []
    pictures = _once(_picture(image.file_path, _BACKDROP, settings) for image in backdrops)
    return _known(
        {
            "poster_url": _picture(details.poster_path, _POSTER, settings),
            "backdrop_url": _picture(details.backdrop_path, _BACKDROP, settings),
            "trailer_url": _trailer(details),
            "gallery_images": pictures[:MOST_PICTURES],
        }
    )


def _picture(path: str | None, size: str, settings: EnrichmentSettings) -> str | None:
    return f"{settings.tmdb_image_url}/{size}{path}" if path and _PATH.fullmatch(path) else None


def _trailer(details: Details) -> str | None:
    videos = present(details.videos.results) if details.videos else []
    trailers = [one for one in videos if one.type == "Trailer" and one.site in _TRAILERS and _KEY.fullmatch(one.key)]
    trailers.sort(key=lambda one: not one.official)
    return f"{_TRAILERS[trailers[0].site]}{trailers[0].key}" if trailers else None


def _streaming(details: Details, settings: EnrichmentSettings) -> Json:
    by_region = (details.offers.results if details.offers else None) or {}
    options: dict[tuple[str, ...], Json] = {}
    for region in settings.regions:
        offers = by_region.get(region)
        for provider, kind in _offered(offers) if offers else ():
            key = (provider.provider_name, region, kind)
            link = offers.link if offers else None
            options.setdefault(key, dict(zip(("platform", "region", "type"), key, strict=True)) | {"url": link or None})
    return _known({"streaming_options": list(options.values())})


def _offered(offers: Offers) -> Iterator[tuple[Provider, str]]:
    for attribute, kind in _TYPES:
        for provider in present(getattr(offers, attribute)):
            yield provider, kind


def _of_omdb(omdb: OmdbAnswer) -> Json:
    film = omdb.film
    tomatoes = next((one.value for one in present(film.ratings) if one.source == "Rotten Tomatoes"), None)
    year = _YEAR.match(film.year or "")
    critics = _whole(film.metascore)
    scores = {
        "critics_score": None if critics is None else float(critics),
        "imdb_rating": _decimal(film.imdb_rating),
        "rotten_tomatoes_score": _whole(tomatoes, "%"),
    }
    return _known(
        {
            "title": _said(film.title),
            "year": year[1] if year else None,
            "release_date": _day(film.released),
            "runtime": _whole(film.runtime, " min"),
            "rating": _certified(film.rated),
            "language": _first(film.language),
            "country": _first(film.country),
            "overview": _said(film.plot),
            "genres": _once(part.strip() for part in (_said(film.genre) or "").split(",")),
        }
    ) | {key: value for key, value in scores.items() if value is not None}


def _said(text: str | None) -> str | None:
    plain = (text or "").strip()
    return None if plain in {"", "N/A"} else plain


def _first(text: str | None) -> str | None:
    return (_said(text) or "").split(",")[0].strip() or None


def _certified(text: str | None) -> str | None:
    said = _said(text)
    return None if said in {"Not Rated", "Unrated", "UNRATED", "NOT RATED"} else said


def _whole(text: str | None, ending: str = "") -> int | None:
    plain = (_said(text) or "").removesuffix(ending).replace(",", "")
    return int(plain) if re.fullmatch(r"[0-9]{1,9}", plain) else None


def _decimal(text: str | None) -> float | None:
    plain = _said(text) or ""
    return float(plain) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", plain) else None


def _day(text: str | None) -> str | None:
    try:
        return datetime.strptime(_said(text) or "", "%d %b %Y").date().isoformat()  # noqa: DTZ007 - a day, not a time
    except ValueError:
        return None
