"""A file with a user's library, read record by record: nothing of it is held but one record and the piece at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from core.documents import Path, Problem, said_value
from core.errors import VerificationError
from core.forms.problems import problem_of
from core.json_stream import JsonStream, repeated_keys
from core.library.transfer.models import (
    VERSION,
    ListRecord,
    ListRecord1,
    MovieRecord,
    MovieRecord1,
    PersonRecord,
    PersonRecord1,
    RankingRecord,
    Record,
)
from core.library.transfer.pieces import Pieces
from core.library.transfer.tally import KINDS, Kind, Tally
from core.progress import Reporter
from core.words import plural, printable

LONGEST_RECORD: Final = 16 << 20
MOST_KEYS: Final = 1_000
MOST_RECORDS: Final[dict[Kind, int]] = {"movies": 1_000_000, "people": 100_000, "lists": 10_000, "rankings": 1_000_000}

_MODELS: dict[int, dict[Kind, type[Record]]] = {
    1: {"movies": MovieRecord1, "people": PersonRecord1, "lists": ListRecord1, "rankings": RankingRecord},
    2: {"movies": MovieRecord, "people": PersonRecord, "lists": ListRecord, "rankings": RankingRecord},
}


@dataclass(frozen=True)
class Section:
    """One list of the file: where it begins, and how many records it has."""

    offset: int
    records: int


@dataclass(frozen=True)
class LibraryFile:
    """A file that was looked through: JSON to its end, of a known version.

    `digest` is the SHA-256 of its content. `sections` are the lists that it has; null is none. `ignored` are the keys
    beside them that nobody knows.
    """

    pieces: Pieces
    digest: str
    version: int
    exported_at: float | None
    sections: dict[Kind, Section]
    ignored: tuple[str, ...] = field(default=())

    def raw_records(self, kind: Kind, reporter: Reporter) -> Iterator[tuple[Path, bytes]]:
        """Yield the records of a section as they stand, each with its path."""
        section = self.sections.get(kind)
        if section is None or not section.records:
            return
        reporter.phase(f"reading {kind}", section.records, "rows")
        blocks = self.pieces.blocks(section.offset)
        stream = JsonStream(blocks, str(self.pieces.path), start=section.offset, longest=LONGEST_RECORD, unique=False)
        for number, raw in enumerate(stream.items()):
            yield (kind, number), raw
            reporter.advance()

    def records(self, kind: Kind, tally: Tally, reporter: Reporter) -> Iterator[tuple[Path, Any]]:
        """Yield the records of a section that are sound; what is wrong with the others goes to the tally."""
        model = _MODELS[self.version][kind]
        for path, raw in self.raw_records(kind, reporter):
            try:
                found = msgspec.json.decode(raw)
                repeated = repeated_keys(raw)
                if repeated:
                    tally.refuse(
                        kind, [Problem((*path, *at), "a key that stands twice", "each once") for at in repeated]
                    )
                    continue
                record = model.model_validate(found)
            except (msgspec.DecodeError, UnicodeDecodeError):
                tally.refuse(kind, [Problem(path, "a text or number that cannot be read", "JSON in UTF-8")])
            except RecursionError:
                tally.refuse(kind, [Problem(path, "values nested too deeply")])
            except ValidationError as error:
                schema = _schema(model)
                problems = (problem_of(details, schema, path) for details in error.errors(include_url=False))
                tally.refuse(kind, dict.fromkeys(problems))
            else:
                _note_unknown_keys(record, (kind,), tally)
                yield path, record


def open_library(path: FilePath, reporter: Reporter) -> LibraryFile:
    """Given a file, look through all of it; raise VerificationError where it is no library of a version known here."""
    pieces, digest = Pieces.of(path), sha256()
    reporter.phase("looking through the file", pieces.size, "bytes")
    stream = JsonStream(_told(pieces, digest.update, reporter), str(path), longest=LONGEST_RECORD, unique=False)
    seen: dict[str, Any] = {}
    sections: dict[Kind, Section] = {}
    for key in stream.each_key():
        if key in seen:
            raise VerificationError(f"{path} has the key {said_value(key)} twice", hint="export the library again")
        if len(seen) == MOST_KEYS:
            raise VerificationError(
                f"{path} has more than {plural(MOST_KEYS, 'key')} beside each other",
                hint="look where the file comes from",
            )
        seen[key] = None
        kind = next((kind for kind in KINDS if kind == key), None)
        if kind is not None:
            section = _section(stream, kind, path)
            if section is not None:
                sections[kind] = section
        elif key in {"version", "exported_at"}:
            seen[key] = _small(stream.value(), key, path)
        else:
            stream.value()
    stream.end()
    if not seen.keys() & set(KINDS):
        raise VerificationError(
            f"{path} is no export of a library: it has neither movies nor people, lists or rankings",
            hint="name a file that `greenroom library export` or Movie Manager wrote",
        )
    known = {"version", "exported_at", "user_id", *KINDS}
    return LibraryFile(
        pieces,
        digest.hexdigest(),
        _version(seen.get("version"), path),
        _moment(seen.get("exported_at"), path),
        sections,
        tuple(key for key in seen if key not in known),
    )


def _section(stream: JsonStream, kind: Kind, path: FilePath) -> Section | None:
    offset = stream.offset()
    if stream.next_sign() != "[":
        found = stream.value()
        if found == b"null":
            return None
        raise VerificationError(
            f"{path}: {kind} is {said_value(_shown(found))}, which is no list", hint="export the library again"
        )
    count = 0
    for _ in stream.items():
        count += 1
        if count > MOST_RECORDS[kind]:
            raise VerificationError(
                f"{path} has more than {plural(MOST_RECORDS[kind], 'record')} in {kind}",
                hint="nobody's library is that large; look where the file comes from",
            )
    return Section(offset, count)


def _version(found: object, path: FilePath) -> int:
    """Return the version of a file; one that does not say is of the first."""
    version = 1 if found is None else found
    if not isinstance(version, int | float) or isinstance(version, bool) or version not in {1, VERSION}:
        newer = isinstance(version, int | float) and version > VERSION
        raise VerificationError(
            f"{path} is of version {said_value(found)}; this greenroom reads versions 1 and {VERSION}",
            hint="a newer greenroom may read it" if newer else "export the library again",
        )
    return int(version)


def _moment(found: object, path: FilePath) -> float | None:
    if found is None or (isinstance(found, int | float) and not isinstance(found, bool)):
        return None if found is None else float(found)
    raise VerificationError(
        f"{path}: exported_at is {said_value(found)}, which is no time in Unix seconds", hint="null is allowed"
    )


def _small(value: bytes, key: str, path: FilePath) -> object:
    try:
        found = msgspec.json.decode(value)
        if isinstance(found, int) and abs(found) > 2**63:
            found = float(found)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise VerificationError(f"{path}: {key} cannot be read: {error}", hint="export the library again") from error
    return found


def _shown(value: bytes) -> object:
    return {b"{": {}, b'"': "a text"}.get(value[:1], printable(value[:40].decode("utf-8", "replace")))


def _told(pieces: Pieces, look: Callable[[bytes], None], reporter: Reporter) -> Iterator[bytes]:
    for block in pieces.blocks():
        look(block)
        reporter.advance(len(block))
        yield block


def _note_unknown_keys(record: Record, path: Path, tally: Tally) -> None:
    for key in record.model_extra or ():
        tally.ignore((*path, key))
    for name in ("watch_history", "recommendations"):
        inner = getattr(record, name, None)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, Record) and one.model_extra:
                _note_unknown_keys(one, (*path, name), tally)


@cache
def _schema(model: type[Record]) -> dict[str, Any]:
    return model.model_json_schema()
