"""The records of an export: which models it has, counted and looked through, and then one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec
from msgspec import UNSET, Raw, UnsetType

from core.archive import Archive, ExportMetadata, model_of, parse_export, read_document
from core.errors import VerificationError
from core.json_stream import JsonStream
from core.progress import Reporter
from core.words import plural, printable

Blocks = Iterator[bytes]

_MODEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\.[A-Za-z_][A-Za-z0-9_]{0,99}")
_MOST_MODELS = 10_000
_MOST_FIELDS = 2_000
_LONGEST_FIELD = 255
_MAX_METADATA_BYTES = 16 << 20
_LIES = "it is incomplete, or was made while rows were written; export it again"
_as_items = msgspec.json.Decoder(list[Raw]).decode


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """One record as Django writes it; values as they stand in the JSON."""

    model: str
    fields: dict[str, Raw]
    pk: Raw | UnsetType = UNSET


_as_record = msgspec.json.Decoder(Record).decode


@dataclass
class Use:
    """What a field holds in all records: how many lists, how long they and the lists in them are, and what else."""

    lists: int = 0
    items: int = 0
    lengths: set[int] = field(default_factory=set)
    inner_lengths: set[int] = field(default_factory=set)
    others: int = 0

    def add(self, value: Raw) -> None:
        if not is_list(value):
            self.others += bytes(value) != b"null"
            return
        items = _as_items(value)
        self.lists += 1
        self.items += len(items)
        self.lengths.add(len(items))
        self.inner_lengths.update(len(_as_items(one)) for one in items if is_list(one))


@dataclass(frozen=True)
class Model:
    """A model of the export and how its `fields` are used; `read` gives its array of records anew each time."""

    label: str
    records: int
    fields: Mapping[str, Use]
    without_key: int
    read: Callable[[], Blocks]

    @property
    def app(self) -> str:
        return self.label.partition(".")[0]

    def each(self) -> Iterator[tuple[int, Record]]:
        """Yield the records, numbered from 1; raise VerificationError."""
        return _records(self.label, JsonStream(self.read(), f"the records of {self.label}"))


@dataclass(frozen=True)
class Export:
    """What an export holds, proved against what it says of itself."""

    metadata: ExportMetadata
    models: tuple[Model, ...]

    @property
    def records(self) -> int:
        return sum(model.records for model in self.models)


def open_export(archive: Archive, reporter: Reporter) -> Export:
    """Given an open archive of models, look through all records; raise VerificationError where one is none.

    Nothing grows with the number of records.
    """
    reporter.phase("counting the records", archive.total_bytes)
    entry = archive.exported
    if entry is not None:
        return read_export(partial(_counted, partial(archive.read, entry), reporter), partial(archive.read, entry))
    if archive.export is None:
        raise VerificationError(f"{archive.path} is no export of a Django project")
    models = []
    for one in archive.entries:
        label = model_of(one.name)
        if label is not None:
            read = partial(archive.read, one)
            stream = JsonStream(_counted(read, reporter), one.name)
            models.append(_survey(label, stream, read))
            stream.end()
    return _proved(Export(archive.export, tuple(models)))


def read_export(first: Callable[[], Blocks], again: Callable[[], Blocks]) -> Export:
    """Given how the file of an export in one piece is read, first and later, return what it holds; raise as above."""
    stream = JsonStream(first(), "the export")
    metadata: ExportMetadata | None = None
    models: dict[str, Model] = {}
    for key in stream.each_key():
        if key == "metadata":
            metadata = _metadata(stream.value())
        elif key == "data":
            for label in stream.each_key():
                _check_label(label, models)
                read = partial(_behind, again, stream.offset())
                models[label] = _survey(label, stream, read)
        else:
            raise VerificationError(
                f"the export holds {printable(key)[:100]!r}, which has no place in it",
                hint="an export in one file is an object with metadata and data",
            )
    stream.end()
    if metadata is None:
        raise VerificationError("the export has no metadata", hint="export it again")
    return _proved(Export(metadata, tuple(models.values())))


def is_list(value: Raw) -> bool:
    return bytes(memoryview(value)[:1]) == b"["


def refused(label: str, number: int, what: str, name: str | None = None) -> VerificationError:
    """Return the error that says of one record what is wrong with it."""
    where = f"model {label}, record {number:,}" + ("" if name is None else f", field {printable(name)[:100]}")
    return VerificationError(f"{where}: {what}", hint="nothing was changed")


def _counted(read: Callable[[], Blocks], reporter: Reporter) -> Blocks:
    for block in read():
        reporter.advance(len(block))
        yield block


def _behind(read: Callable[[], Blocks], offset: int) -> Blocks:
    """What stands behind a place; what comes before it is passed over unread."""
    for block in read():
        if offset >= len(block):
            offset -= len(block)
            continue
        yield block[offset:]
        offset = 0


def _metadata(value: bytes) -> ExportMetadata:
    if len(value) > _MAX_METADATA_BYTES:
        raise VerificationError(f"the metadata of the export is too long: {len(value)} bytes")
    return parse_export(read_document(value))


def _check_label(label: str, known: Mapping[str, Model]) -> None:
    if not _MODEL.fullmatch(label):
        raise VerificationError(f"the export holds records of {printable(label)[:100]!r}, which is no name of a model")
    if label in known:
        raise VerificationError(f"the export holds the model {label} twice")
    if len(known) >= _MOST_MODELS:
        raise VerificationError(f"the export holds more than {_MOST_MODELS:,} models")


def _survey(label: str, stream: JsonStream, read: Callable[[], Blocks]) -> Model:
    fields: dict[str, Use] = {}
    records = without_key = 0
    for records, record in _records(label, stream):
        without_key += record.pk is UNSET or bytes(record.pk) == b"null"
        if records == 1:
            fields = {name: Use() for name in record.fields}
            _check_names(label, fields)
        if record.fields.keys() != fields.keys():
            name = min(record.fields.keys() ^ fields.keys())
            raise refused(label, records, "only some of the model's records have it", name)
        for name, value in record.fields.items():
            fields[name].add(value)
    return Model(label, records, fields, without_key, read)


def _records(label: str, stream: JsonStream) -> Iterator[tuple[int, Record]]:
    for number, text in enumerate(stream.items(), 1):
        try:
            record = _as_record(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise refused(label, number, f"is none as Django writes them: {error}") from error
        if record.model != label:
            raise refused(label, number, f"is one of the model {printable(record.model)[:100]!r}")
        yield number, record


def _check_names(label: str, names: Iterable[str]) -> None:
    listed = list(names)
    if len(listed) > _MOST_FIELDS:
        raise refused(label, 1, f"has more than {_MOST_FIELDS:,} fields")
    for name in listed:
        if not name.isprintable() or not 0 < len(name) <= _LONGEST_FIELD:
            raise refused(label, 1, "its name cannot be that of a field", name)


def _proved(export: Export) -> Export:
    said = export.metadata
    if said.total_records is not None and said.total_records != export.records:
        raise VerificationError(
            f"the metadata lies: it says {plural(said.total_records, 'record')},"
            f" and the export holds {export.records:,}",
            hint=_LIES,
        )
    if said.models_count is not None and said.models_count < len(export.models):
        raise VerificationError(
            f"the metadata lies: it says {plural(said.models_count, 'model')},"
            f" and the export holds {len(export.models):,}",
            hint=_LIES,
        )
    return export
