"""`metadata.json`: what an archive says it holds."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from core.archive.names import problem_with_name, shown
from core.errors import VerificationError

FORMAT = "greenroom"
FORMAT_VERSION = 1
EXPORT_VERSION = "1.0"
MAX_METADATA_BYTES = 16 << 20

_MAX_COUNT = (1 << 63) - 1
_LONGEST_TABLE = 200


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


def _plain_name(text: str) -> str:
    problem = problem_with_name(text)
    if problem or "/" in text:
        raise ValueError(problem or "must not hold `/`")
    return text


def _good_name(text: str) -> str:
    problem = problem_with_name(text)
    if problem:
        raise ValueError(problem)
    return text


Count = Annotated[int, Field(strict=True, ge=0, le=_MAX_COUNT)]
Line = Annotated[str, Field(max_length=1000), AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_plain_name)]
Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]


class _Part(BaseModel):
    """Frozen; keys that this version does not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


_Model = TypeVar("_Model", bound=_Part)


class DatabaseEntry(_Part):
    """The member that is the database in its engine's own form, or, of a portable backup, what describes its tables."""

    member: Literal["database.db", "database.dump", "database.sql", "schema.json"]
    bytes: Count
    sha256: Sha256


class TableEntry(_Part):
    """A table and how many rows the backup holds of it; in a portable backup also the member that holds them."""

    name: str
    rows: Count
    member: Annotated[str, Field(pattern=r"\Atables/[^/]+\.json\z"), AfterValidator(_good_name)] | None = None
    bytes: Count | None = None
    sha256: Sha256 | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {key: value for key, value in handler(self).items() if value is not None}


class FolderEntry(_Part):
    """A folder of files: how many of what is in it, and a digest of all names, attributes and contents.

    `key` is empty for a site's only folder. `folders` counts those below the root; `bytes` those of files.
    """

    key: Annotated[str, AfterValidator(lambda key: key and _plain_name(key))]
    path: str
    files: Count
    folders: Count
    links: Count
    bytes: Count
    listing_sha256: Sha256

    @property
    def prefix(self) -> str:
        """The name of the folder's root in the archive."""
        return folder_prefix(self.key)


class Manifest(_Part):
    """What a native archive holds, counted and hashed.

    `excluded_tables` are those of the database that a portable backup leaves out.
    """

    format: Literal["greenroom"] = "greenroom"
    format_version: Annotated[int, Field(strict=True, ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION
    name: Name
    site: Name
    kind: Literal["snapshot", "portable"]
    scope: Literal["full", "partial"]
    created_at: AwareDatetime
    time_zone: Line
    created_by: Line
    description: str
    greenroom_version: Line
    application_version: Line | None
    engine: Line
    engine_version: Line
    database: DatabaseEntry
    tables: tuple[TableEntry, ...]
    excluded_tables: tuple[str, ...] = ()
    files: tuple[FolderEntry, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Manifest:
        if (self.database.member == "schema.json") != (self.kind == "portable"):
            raise ValueError("a snapshot has a database, and a portable backup has a schema.json")
        for table in self.tables:
            if ({table.member, table.bytes, table.sha256} == {None}) != (self.kind == "snapshot"):
                raise ValueError("each table of a portable backup has a member, and none of a snapshot has")
        keys = [folder.key for folder in self.files]
        if len(set(keys)) < len(keys) or ("" in keys and len(keys) > 1):
            raise ValueError("several folders need a key of their own each")
        tables = [table.name for table in self.tables]
        if len(set(tables)) < len(tables):
            raise ValueError("a table is named twice")
        if self.kind == "portable" and len(self.members) <= len(self.tables):
            raise ValueError("two tables have the same member")
        return self

    @property
    def members(self) -> dict[str, tuple[int, str]]:
        """The members that are the database, with their lengths and SHA-256."""
        found: dict[str, tuple[int, str]] = {self.database.member: (self.database.bytes, self.database.sha256)}
        for table in self.tables:
            if table.member is not None and table.bytes is not None and table.sha256 is not None:
                found[table.member] = table.bytes, table.sha256
        return found

    def to_bytes(self) -> bytes:
        """Return the manifest as it stands in the archive."""
        document = self.model_dump(mode="json")
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


class BareMetadata(_Part):
    """`metadata.json` of FastCMS; its times are UTC and say no zone."""

    created_at: dt.datetime | None = None
    app_version: str | None = None
    backup_name: str | None = None

    @model_validator(mode="after")
    def _is_aware(self) -> BareMetadata:
        if self.created_at is None or self.created_at.tzinfo is not None:
            return self
        return self.model_copy(update={"created_at": self.created_at.replace(tzinfo=dt.UTC)})


class ExportMetadata(_Part):
    """What an export of a Django project in Baby Buddy's form says of itself; the counts are of all its records.

    `models_count` is that of the project's models, of which those without records are not in the export.
    """

    version: Literal["1.0"]
    timestamp: AwareDatetime
    database_engine: Line
    babybuddy_version: Line | None = None
    models_count: Count | None = None
    total_records: Count | None = None
    includes_media: bool = False
    created_by: Line = ""
    timezone: Line = ""


def folder_prefix(key: str) -> str:
    """Given the key of a folder of files, return the name of its root in the archive."""
    return f"files/{key}/" if key else "files/"


def table_member(name: str, number: int) -> str:
    """Given a table's name and its place among all, return the name of the member that holds its rows.

    Letters of any script stay, for a person is to find the table; what a file system could stumble over does not, and
    the number keeps two names apart that differ by that, by case, or at their end.
    """
    letters = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
    short = letters.encode()[:_LONGEST_TABLE].decode(errors="ignore")
    return f"tables/{short}.json" if short == name and name.islower() else f"tables/{short}~{number}.json"


def says_greenroom(document: dict[str, object]) -> bool:
    """Given metadata.json, tell whether it claims the native format; raise where it claims another one."""
    if "format" not in document:
        return False
    if document["format"] != FORMAT:
        raise VerificationError(
            "metadata.json names a format that is not greenroom's",
            hint="greenroom reads its own archives and the bare form (database.db, files/, metadata.json)",
        )
    return True


def read_document(data: bytes) -> dict[str, object]:
    """Given the bytes of metadata.json, return the JSON object; raise VerificationError if there is none."""
    try:
        document = json.loads(data.decode(), object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except RecursionError as error:
        raise VerificationError("metadata.json is nested too deeply") from error
    except ValueError as error:
        raise VerificationError(f"metadata.json is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise VerificationError("metadata.json is not a JSON object")
    return document


def parse_manifest(document: dict[str, object]) -> Manifest:
    """Given metadata.json of a native archive, return the manifest; raise VerificationError if it is none."""
    version = document.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise VerificationError(
            f"the archive was made by a newer greenroom: format {version}, known is {FORMAT_VERSION}",
            hint="upgrade greenroom",
        )
    return _validated(Manifest, document)


def parse_bare(document: dict[str, object]) -> BareMetadata:
    """Given metadata.json of a bare archive, return what it says; raise VerificationError if it is none."""
    return _validated(BareMetadata, document)


def says_export(document: dict[str, object]) -> bool:
    """Given metadata.json without a format, tell whether it is that of an export of a Django project."""
    return {"version", "database_engine"} <= document.keys()


def parse_export(document: dict[str, object]) -> ExportMetadata:
    """Given the metadata of an export, return what it says; raise VerificationError if it is none that is known."""
    version = document.get("version")
    if isinstance(version, str) and version != EXPORT_VERSION:
        raise VerificationError(
            f"the export is of version {shown(version)}, and known is {EXPORT_VERSION}",
            hint="export it with a version of the application that writes this one, or upgrade greenroom",
        )
    return _validated(ExportMetadata, document)


def _validated(model: type[_Model], document: dict[str, object]) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "as a whole"
        raise VerificationError(f"metadata.json is wrong at {shown(where)}: {first['msg']}") from error


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("an object names a key twice")
    return document


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number")
