"""What is remembered of edits: drafts, the log of what was published, and texts that nobody has saved yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.forms import Answers, Json, Source, Subject

EntryStatus = Literal["done", "uncertain"]


@dataclass(frozen=True, slots=True)
class DraftHead:
    """A draft without its data. Without `base_revision` nobody knows which state it was made from."""

    subject: Subject
    source: Source
    base_revision: str | None
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """Data that waits to be published: the keys that it has are written, all others stay.

    `base` is the state that it was made from, where greenroom knows it; `answers` say who is meant by names.
    """

    subject: Subject
    data: Json
    merge_lists: bool
    source: Source
    base_revision: str | None
    base: Json | None
    updated_by: str
    updated_at: datetime
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryHead:
    """A line of the log: who changed which keys, when, from which source.

    `reverts` is the entry that this one took back, `reverted_by` the one that took this one back. `uncertain` is a
    publishing that was cut off, where the site has neither the state before nor the one after it any more.
    """

    id: int
    subject: Subject
    status: EntryStatus
    source: Source
    fields: tuple[str, ...]
    notes: tuple[str, ...]
    by: str
    at: datetime
    reverts: int | None
    reverted_by: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log with the data before and after."""

    head: EntryHead
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of the data of one subject: when and by whom it was changed last, and where each key is from.

    All as far as greenroom saw it: a change by the application itself leaves `sources` of the keys that it changed out.
    """

    last_updated: datetime | None
    updated_by: str | None
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Unsaved:
    """The text of an editor as it was last seen: what a crash of the terminal would lose."""

    subject: Subject
    text: str
    base_revision: str | None
    by: str
    at: datetime
