"""What is being edited at a site: drafts, what was published, the way back. In a file of greenroom's own, beside it."""

from core.edits.comparison import Comparison, ConflictError, OnConflict, compare
from core.edits.drafts import Replaced, drop_draft, put_draft, put_drafts
from core.edits.file import DamagedEditsError
from core.edits.filling import fill
from core.edits.origins import origin_of, origins_of, source_of
from core.edits.publishing import (
    NotPublishedError,
    Preview,
    Published,
    PublishedMany,
    preview,
    publish,
    publish_data,
    publish_many,
    revert,
)
from core.edits.records import Draft, DraftHead, Entry, EntryHead, Origin, Unsaved
from core.edits.settling import Settled, settle
from core.edits.store import Edits, open_edits

__all__ = [
    "Comparison",
    "ConflictError",
    "DamagedEditsError",
    "Draft",
    "DraftHead",
    "Edits",
    "Entry",
    "EntryHead",
    "NotPublishedError",
    "OnConflict",
    "Origin",
    "Preview",
    "Published",
    "PublishedMany",
    "Replaced",
    "Settled",
    "Unsaved",
    "compare",
    "drop_draft",
    "fill",
    "open_edits",
    "origin_of",
    "origins_of",
    "preview",
    "publish",
    "publish_data",
    "publish_many",
    "put_draft",
    "put_drafts",
    "revert",
    "settle",
    "source_of",
]
