"""What a person chose for a restore: how, which tables, and where to; and the verbs of the core that do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from core.catalog import BackupRecord, RestoreRecord
from core.config import Site
from core.context import Context
from core.progress import Reporter
from core.restore.address import Address
from core.restore.elsewhere import ElsewherePreview, inspect_elsewhere
from core.restore.inspect import Preview, inspect_restore
from core.restore.marker import RowOrder
from tui.calls import Restored, restore, restore_into, stage
from tui.history_calls import undo
from tui.rows import order_words, tables_words
from tui.widgets.outcome import Kind, RestoreTask

Mode = Literal["clear", "merge"]
AnyPreview = Preview | ElsewherePreview
Verb = Callable[[Reporter], Restored]


@dataclass(frozen=True)
class RestoreChoice:
    """Which backup of which site goes where; `mode` and `tables` are of a portable backup alone.

    `into` is a site, or the address of an empty database that is none. No `tables` are all of them. A restore that
    `undoes` another one leaves nothing to choose.
    """

    backup: BackupRecord
    of: Site
    into: Site | Address
    mode: Mode = "clear"
    tables: tuple[str, ...] = ()
    undoes: RestoreRecord | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is something to choose: a snapshot is restored whole, and an undo takes all back."""
        return self.backup.kind == "portable" and self.undoes is None

    @property
    def can_be_staged(self) -> bool:
        return self.undoes is None and isinstance(self.into, Site)

    @property
    def word(self) -> str:
        """What a person types to agree: the name of the site, or of the database."""
        return self.into.name

    @property
    def question(self) -> str:
        if self.undoes is not None:
            return f"Undo the {self.undoes.action} of {self.undoes.backup_name} in {self.word}?"
        if isinstance(self.into, Address):
            return f"Fill {self.word} from a backup of {self.of.name}?"
        return (
            f"Restore {self.word}?" if self.into == self.of else f"Restore a backup of {self.of.name} into {self.word}?"
        )

    @property
    def how(self) -> str:
        """What is done with the rows of a portable backup, in words."""
        if isinstance(self.into, Address):
            return tables_words(self.tables)
        return order_words(self._order)

    def preview(self, context: Context) -> Callable[[Reporter], AnyPreview]:
        """Return what computes the preview; nothing is changed by it."""
        if isinstance(self.into, Address):
            into = self.into
            return lambda reporter: inspect_elsewhere(context, self.of, self.backup, into, reporter, self.tables)
        into_site = self.into
        return lambda reporter: inspect_restore(context, into_site, self.backup, reporter, self._order)

    def task(self, *, now: bool) -> RestoreTask:
        """Return what is done, for the screen that shows it."""
        kind: Kind = "undo" if self.undoes is not None else "restore" if now else "stage"
        return RestoreTask(kind, self.into, self.backup.name, of=self.of.name, how=self.how)

    def verb(self, context: Context, *, now: bool, accept_version: str | None) -> Verb:
        """Return what carries it out, or only stages it."""
        if isinstance(self.into, Address):
            return partial(restore_into, context, self.of, self.backup, self.into, tables=self.tables)
        if self.undoes is not None:
            return partial(undo, context, self.into, agreed=self.undoes.restore_id, accept_version=accept_version)
        do = restore if now else stage
        return partial(do, context, self.into, self.backup, accept_version=accept_version, order=self._order)

    @property
    def _order(self) -> RowOrder | None:
        return RowOrder(mode=self.mode, tables=self.tables) if self.is_open else None
