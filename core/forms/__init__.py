"""Forms: how a thing of a site is read, checked and written as JSON; envelopes carry its data."""

from __future__ import annotations

from core.forms.envelope import (
    VERSION,
    Envelope,
    EnvelopeSource,
    Frame,
    Metadata,
    Opened,
    Part,
    encode_envelope,
    make_envelope,
    revision_of,
)
from core.forms.form import Checked, FieldChange, Form, Json, Source, Subject, Written, applied
from core.forms.parts import MOST_TOKENS, estimated_tokens, split_envelope
from core.forms.problems import InvalidDataError
from core.forms.questions import AmbiguousError, Answers, Candidate, Question

__all__ = [
    "MOST_TOKENS",
    "VERSION",
    "AmbiguousError",
    "Answers",
    "Candidate",
    "Checked",
    "Envelope",
    "EnvelopeSource",
    "FieldChange",
    "Form",
    "Frame",
    "InvalidDataError",
    "Json",
    "Metadata",
    "Opened",
    "Part",
    "Question",
    "Source",
    "Subject",
    "Written",
    "applied",
    "encode_envelope",
    "estimated_tokens",
    "make_envelope",
    "revision_of",
    "split_envelope",
]
