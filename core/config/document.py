"""The shape of greenroom.toml, field by field; its JSON Schema is made from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.config.fields import (
    CatalogUrl,
    Command,
    Folders,
    Name,
    PathText,
    Pattern,
    PingUrl,
    SiteDatabase,
    Size,
    Span,
    TableName,
    TimeZoneName,
    VersionText,
    refuse,
)
from core.config.model import DEFAULT_MAX_ARCHIVE_BYTES, DEFAULT_MAX_UPLOAD_BYTES
from core.config.problems import Problem, problem_of
from core.config.tables import AlarmsTable, DaemonTable, EnrichmentTable, LibraryTable


class SiteTable(BaseModel):
    """A table [sites.NAME]: one application, its database and its uploaded files."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    database: SiteDatabase = Field(
        description=(
            "The database: sqlite:///relative/to/this/file.db or sqlite:////absolute/file.db, or a server: "
            "postgresql://, mysql:// or mariadb://USER:PASSWORD@HOST:PORT/NAME."
        ),
        examples=["sqlite:////srv/app/app.db"],
    )
    files: Folders = Field(
        default_factory=dict,
        description="The folders of uploaded files: one in a list, or several in a table that names them.",
        examples=[["/srv/app/uploads"], {"uploads": "/srv/app/uploads", "media": "/srv/app/media"}],
    )
    exclude: list[Pattern] = Field(
        default_factory=list,
        description="Files left out: patterns (*, ?, [abc]) on the path below the folder, or on the last name of it.",
        examples=[["*.tmp", "cache"]],
    )
    exclude_tables: list[TableName] = Field(
        default_factory=list,
        description="Tables left out of portable backups; snapshots hold all.",
        examples=[["sessions"]],
    )
    time_zone: TimeZoneName | None = Field(
        default=None,
        description="The zone in which times are shown. Without it the system's, or UTC.",
        examples=["Europe/Berlin"],
    )
    version: VersionText | None = Field(
        default=None, description="The application's version, kept in each backup.", examples=["1.4"]
    )
    version_command: Command | None = Field(
        default=None,
        description="Instead of `version`: a command that prints it on one line. No shell; in this file's folder.",
        examples=["app --version"],
    )
    max_archive_bytes: Size = Field(
        default=DEFAULT_MAX_ARCHIVE_BYTES,
        description="The most that an archive may hold unpacked; a restore refuses more. Bytes, or text with a unit.",
        examples=["20 GiB", 1000000],
    )
    max_upload_bytes: Size = Field(
        default=DEFAULT_MAX_UPLOAD_BYTES,
        description="The most that an archive of another program may hold unpacked; `adopt` refuses more.",
        examples=["500 MiB", 1000000],
    )
    password_file: PathText | None = Field(
        default=None,
        description="A file whose first line is the database's password; nobody else may read it.",
        examples=["/etc/greenroom/app.password"],
    )
    password_command: Command | None = Field(
        default=None,
        description="A command that prints the database's password on one line. No shell; in this file's folder.",
        examples=["pass show app/database"],
    )
    tools: PathText | None = Field(
        default=None,
        description="The folder of the database's own tools, such as pg_dump, where those on the PATH do not fit.",
        examples=["/usr/lib/postgresql/16/bin"],
    )
    ping_url: PingUrl | None = Field(
        default=None,
        description="An address that is told when a run begins (/start), succeeds, or fails (/fail), as Healthchecks'.",
        examples=["https://hc.example.org/ping/${PING_KEY}/app"],
    )
    max_age: Span | None = Field(
        default=None,
        description="Alarm when there was no good backup for longer. Without it, twice the pause of the schedule.",
        examples=["36 h", "3 days"],
    )


class _DocumentSource(PydanticBaseSettingsSource):
    """The one source: the table read from the file whose owner was checked, taken as it is."""

    def __init__(self, settings_cls: type[BaseSettings], document: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._document = document

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self._document.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._document)


def _some_site(value: dict[str, SiteTable]) -> dict[str, SiteTable]:
    return value or refuse("names no site", "a table [sites.NAME] for each site")


class FileSettings(BaseSettings):
    """greenroom.toml: what greenroom looks after, and where it keeps what it makes.

    Relative paths are relative to the file's folder, ~/ is the caller's home.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    state: PathText = Field(
        description="The folder of greenroom's own state: catalog, locks, pending restores.",
        examples=["/var/lib/greenroom"],
    )
    storage: PathText = Field(
        description="The folder in which the archives rest, a folder for each site.",
        examples=["/var/backups/greenroom"],
    )
    sites: Annotated[dict[Name, SiteTable], AfterValidator(_some_site)] = Field(
        description="The applications, each a table [sites.NAME].",
        json_schema_extra={"minProperties": 1, "additionalProperties": False},
    )
    catalog: CatalogUrl | None = Field(
        default=None,
        description="The catalog's database, any that SQLAlchemy opens. Without it STATE/catalog.db.",
        examples=["postgresql://greenroom:${DB_PASSWORD}@db/greenroom"],
    )
    catalog_password_file: PathText | None = Field(
        default=None,
        description="A file whose first line is the catalog's password; nobody else may read it.",
        examples=["/etc/greenroom/catalog.password"],
    )
    catalog_password_command: Command | None = Field(
        default=None,
        description="A command that prints the catalog's password on one line. No shell; in this file's folder.",
        examples=["pass show greenroom/catalog"],
    )

    daemon: DaemonTable = Field(
        default_factory=DaemonTable, description="How schedules are run, by `greenroom --daemon` and by the app."
    )
    alarms: AlarmsTable = Field(
        default_factory=AlarmsTable, description="Whom to tell when something is wrong, and what counts as wrong."
    )
    enrichment: EnrichmentTable = Field(
        default_factory=EnrichmentTable,
        description="Where the metadata of films is fetched, for sites that are movie libraries.",
    )
    library: LibraryTable = Field(
        default_factory=LibraryTable, description="What is done by itself with users' libraries."
    )

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Given the file's table, check it; raise ValidationError where it is wrong. The environment plays no part."""
        super().__init__(document=document)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the file as the only source: what a stray variable would change is not seen by who reads the file."""
        del env_settings, dotenv_settings, file_secret_settings
        return (_DocumentSource(settings_cls, init_settings()["document"]),)


@dataclass(frozen=True)
class CheckedDocument:
    """What of a file is right by itself, and all that is not: the keys left are still compared with each other."""

    top: dict[str, str]
    sites: dict[str, SiteTable]
    problems: list[Problem]
    daemon: DaemonTable = field(default_factory=DaemonTable)
    alarms: AlarmsTable = field(default_factory=AlarmsTable)
    enrichment: EnrichmentTable = field(default_factory=EnrichmentTable)
    library: LibraryTable = field(default_factory=LibraryTable)


def check_document(document: Mapping[str, Any]) -> CheckedDocument:
    """Given the file's table, return its right part and its problems."""
    try:
        settings = FileSettings(document)
    except ValidationError as error:
        # Never kept as a cause: it holds the input, and with it a password.
        errors = error.errors(include_url=False)
    else:
        top = {key: value for key, value in settings if isinstance(value, str)}
        return CheckedDocument(
            top, settings.sites, [], settings.daemon, settings.alarms, settings.enrichment, settings.library
        )
    wrong = {one["loc"][:2] for one in errors}
    return CheckedDocument(
        top={
            key: value
            for key, value in document.items()
            if key in FileSettings.model_fields and isinstance(value, str) and (key,) not in wrong
        },
        sites={
            name: SiteTable.model_validate(table)
            for name, table in _raw_sites(document).items()
            if ("sites", name) not in wrong
        },
        problems=[problem_of(one, _known_keys(one["loc"])) for one in errors],
    )


def _raw_sites(document: Mapping[str, Any]) -> dict[str, Any]:
    sites = document.get("sites")
    return sites if isinstance(sites, dict) else {}


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of greenroom.toml."""
    schema = _without_null(FileSettings.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "daemon": DaemonTable,
        "alarms": AlarmsTable,
        "enrichment": EnrichmentTable,
        "library": LibraryTable,
    }
    table = tables.get(str(location[0]), SiteTable)
    return list(FileSettings.model_fields if len(location) == 1 else table.model_fields)


def _without_null(node: Any) -> Any:
    """TOML has no null: a key that may be left out is not one that may be null."""
    if isinstance(node, list):
        return [_without_null(one) for one in node]
    if not isinstance(node, dict):
        return node
    rest = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    choices = rest.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        choices = [one for one in choices if one != {"type": "null"}]
        rest.pop("anyOf")
        return {**choices[0], **rest} if len(choices) == 1 else {**rest, "anyOf": choices}
    return rest
