"""The tables [daemon], [alarms], [enrichment] and [library] of greenroom.toml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.config.fields import Command, DayTime, PathText, ServiceKey, ServiceUrl, Size, WebUrl
from core.config.model import AlarmSettings, DaemonSettings, EnrichmentSettings, LibrarySettings

_MOST_PAUSES = 20
_LONGEST_PAUSE = 7 * 24 * 60
_MOST_REGIONS = 20
_CONFIG = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
_DAEMON, _ALARMS = DaemonSettings(), AlarmSettings()
_ENRICHMENT, _LIBRARY = EnrichmentSettings(), LibrarySettings()


class DaemonTable(BaseModel):
    """The table [daemon]: how schedules are run, by `greenroom --daemon` and by the app."""

    model_config = _CONFIG

    apply_at_start: bool = Field(
        default=_DAEMON.apply_at_start,
        description="Whether the daemon applies staged restores when it starts. No application may run then.",
    )
    on_stop: Literal["cancel", "finish"] = Field(
        default=_DAEMON.on_stop,
        description="What becomes of a backup that runs when the daemon is asked to end: cancelled, or finished.",
    )
    log: Literal["text", "json"] = Field(
        default=_DAEMON.log, description="The form of the daemon's log: key=value, or a JSON object a line."
    )
    retry_minutes: list[Annotated[int, Field(ge=1, le=_LONGEST_PAUSE)]] = Field(
        default=list(_DAEMON.retry_minutes),
        max_length=_MOST_PAUSES,
        description="The pauses, in minutes, after which a failed run is tried again; then the next one comes in turn.",
        examples=[[5, 15, 60]],
    )
    parallel_runs: int = Field(
        default=_DAEMON.parallel_runs, ge=1, le=16, description="How many sites are backed up at the same time."
    )


class AlarmsTable(BaseModel):
    """The table [alarms]: whom to tell when something is wrong, and what counts as wrong."""

    model_config = _CONFIG

    apprise: list[WebUrl] = Field(
        default_factory=list,
        description="Where alarms go: URLs as Apprise has them. Secrets as ${NAME} of the environment.",
        examples=[["mailtos://user:${MAIL_PASSWORD}@example.org?to=admin@example.org"]],
    )
    command: Command | None = Field(
        default=None,
        description="A command that is given each alarm, as JSON on its input. No shell; in this file's folder.",
        examples=["/usr/local/bin/page-me"],
    )
    low_space: Size = Field(
        default=_ALARMS.low_space,
        description="Alarm when less than this is free in the storage. Bytes, or text with a unit.",
        examples=["5 GiB"],
    )
    shrunk_percent: int = Field(
        default=_ALARMS.shrunk_percent,
        ge=0,
        le=99,
        description="Alarm when an archive is smaller than this share of those before it. 0: never.",
    )
    repeat_hours: int = Field(
        default=_ALARMS.repeat_hours,
        ge=1,
        le=24 * 31,
        description="After how many hours an alarm is repeated while its cause lasts.",
    )
    textfile: PathText | None = Field(
        default=None,
        description="A file that gets the figures in the form of Prometheus' textfile collector.",
        examples=["/var/lib/prometheus/node-exporter/greenroom.prom"],
    )


class EnrichmentTable(BaseModel):
    """The table [enrichment]: where the metadata of films is fetched, and with which keys."""

    model_config = _CONFIG

    tmdb_key: ServiceKey | None = Field(
        default=None,
        description="The key of TMDB, or its read access token. Better as ${NAME} of the environment.",
        examples=["${TMDB_KEY}"],
    )
    tmdb_key_file: PathText | None = Field(
        default=None,
        description="A file whose first line is the key of TMDB; nobody else may read it.",
        examples=["/etc/greenroom/tmdb.key"],
    )
    tmdb_key_command: Command | None = Field(
        default=None,
        description="A command that prints the key of TMDB on one line. No shell; in this file's folder.",
        examples=["pass show greenroom/tmdb"],
    )
    omdb_key: ServiceKey | None = Field(
        default=None,
        description="The key of OMDb. Without any OMDb is not asked. Better as ${NAME} of the environment.",
        examples=["${OMDB_KEY}"],
    )
    omdb_key_file: PathText | None = Field(
        default=None,
        description="A file whose first line is the key of OMDb; nobody else may read it.",
        examples=["/etc/greenroom/omdb.key"],
    )
    omdb_key_command: Command | None = Field(
        default=None,
        description="A command that prints the key of OMDb on one line. No shell; in this file's folder.",
        examples=["pass show greenroom/omdb"],
    )
    tmdb_url: ServiceUrl = Field(default=_ENRICHMENT.tmdb_url, description="Where TMDB answers.")
    tmdb_image_url: ServiceUrl = Field(
        default=_ENRICHMENT.tmdb_image_url, description="What the addresses of TMDB's pictures begin with."
    )
    omdb_url: ServiceUrl = Field(default=_ENRICHMENT.omdb_url, description="Where OMDb answers.")
    regions: list[Annotated[str, Field(pattern="^[A-Z]{2}$")]] = Field(
        default=list(_ENRICHMENT.regions),
        min_length=1,
        max_length=_MOST_REGIONS,
        description="Countries whose certificates and streaming services are taken, by preference.",
        examples=[["DE", "US"]],
    )
    languages: list[Annotated[str, Field(pattern="^[a-z]{2}(-[A-Z]{2})?$")]] = Field(
        default=list(_ENRICHMENT.languages),
        min_length=1,
        max_length=_MOST_REGIONS,
        description="The first is the language of titles and texts; pictures and trailers may be of any of them.",
        examples=[["de-DE", "en-US"]],
    )
    requests_per_second: int = Field(
        default=_ENRICHMENT.requests_per_second,
        ge=1,
        le=50,
        description="How often each service is asked at most.",
    )
    timeout_seconds: int = Field(
        default=_ENRICHMENT.timeout_seconds,
        ge=1,
        le=120,
        description="How long a service may say nothing before it is asked again.",
    )


class LibraryTable(BaseModel):
    """The table [library]: what is done by itself with the libraries of a movie library's users."""

    model_config = _CONFIG

    daily: DayTime = Field(
        default=_LIBRARY.daily,
        description="When the libraries of users who want it are copied each day: HH:MM in the site's zone.",
        examples=["03:00"],
    )
