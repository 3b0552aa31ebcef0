"""What an editor is opened on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.forms import Form, Subject


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form of one thing: a category of a film, a row of a table. `title` says which thing, for people."""

    form: Form[Any]
    key: str
    title: str

    @property
    def subject(self) -> Subject:
        """What drafts and log know it by."""
        return Subject(self.form.name, self.key)
