"""What a person can do with a site's backups: each key, why it cannot be used now, and what comes of it."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from core.adopt import Adoption, adopt_archive
from core.backup import BackupOutcome, BackupRequest, create_backup
from core.catalog import BackupRecord
from core.config import Site
from core.errors import GreenroomError, VerificationError
from core.keep import Deletion, copy_backup, delete_backup, pin_backup, refuse_deletion
from core.progress import Reporter
from core.reports import format_age, format_time
from core.verify import verify_backup
from core.words import printable
from tui.format import count, size
from tui.screens.adopt import AdoptPreviewScreen, AdoptScreen
from tui.screens.ask import AskScreen, DescriptionScreen, NewBackup, error_screen
from tui.screens.copy import CopyScreen
from tui.screens.keep_verbs import LONG, KeepVerbs
from tui.screens.portable import PortableScreen
from tui.screens.restore import RestoreScreen

VERBS = {
    "n": "new_backup",
    "v": "verify",
    "r": "restore",
    "p": "pin",
    "c": "copy",
    "d": "delete",
    "a": "adopt",
    "t": "drill",
    "P": "prune",
}
_WITHOUT_BACKUP = ("new_backup", "adopt", "prune")
_LOOKING = ("verify", "restore")  # a restore begins with its preview, which says itself what is refused


def objection(action: str, backup: BackupRecord | None, at_work: str | None, *, read_only: bool) -> str | None:
    """Given a verb, what it would work on and what is at work, say why it cannot be done now, or None where it can."""
    if read_only and action not in _LOOKING:
        return "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"
    if at_work is not None:
        return at_work
    if action in _WITHOUT_BACKUP:
        return None
    if backup is None:
        return "no backup is highlighted"
    return _against_deleting(backup) if action == "delete" else _without_archive(backup)


def _against_deleting(backup: BackupRecord) -> str | None:
    if backup.pinned:
        return f"{printable(backup.name)} is pinned: p unpins it, then it can be deleted"
    return "this backup is being made: wait until it is done" if backup.status == "running" else None


def _without_archive(backup: BackupRecord) -> str | None:
    return None if backup.status == "completed" else f"this backup is {backup.status}: there is no archive"


class BackupVerbs(KeepVerbs):
    """The keys of the first screen that do something; which backup is meant is the screen's to say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # The app's own, bound here too so that it comes first in a narrow footer.
        Binding("x", "app.cancel_job", "Cancel work", id="work.cancel", tooltip="Stop what is at work, in good order"),
        Binding("n", "new_backup", "Back up", id="backups.new", tooltip="Back the site up now"),
        Binding("v", "verify", "Verify", id="backups.verify", tooltip="Read the archive back and compare every hash"),
        Binding(
            "r", "restore", "Restore", id="backups.restore", tooltip="Preview a restore; nothing is changed by looking"
        ),
        Binding("p", "pin", "Pin", id="backups.pin", tooltip="Keep this backup until it is unpinned, or unpin it"),
        Binding("c", "copy", "Copy", id="backups.copy", tooltip="Copy the archive to a file or folder"),
        Binding("a", "adopt", "Adopt", id="backups.adopt", tooltip="Take in an archive from elsewhere"),
        Binding("d", "delete", "Delete", id="backups.delete", tooltip="Delete this backup, after a question"),
        Binding("t", "drill", "Drill", id="backups.drill", tooltip="Restore it into a scratch place, to prove it"),
        Binding(
            "P",
            "prune",
            "Prune",
            id="backups.prune",
            tooltip="Remove what the policy of the schedule does not keep, after a question",
        ),
    ]

    @property
    @abstractmethod
    def highlighted(self) -> BackupRecord | None:
        """The backup that the keys work on."""

    @abstractmethod
    def highlight(self, backup_id: int) -> None:
        """Highlight a backup as soon as it is shown."""

    def objection(self, action: str) -> str | None:
        """Given an action, return in words why it cannot be done now, or None where it can."""
        return objection(action, self.highlighted, self.at_work(), read_only=self._core.read_only)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if not self.is_running:
            return True
        return None if action in VERBS.values() and self.objection(action) else True

    def on_key(self, event: events.Key) -> None:
        """A greyed key says why it does nothing."""
        action = VERBS.get(event.key)
        reason = self.objection(action) if action else None
        if reason is not None:
            event.stop()
            self.notify(reason, severity="warning", markup=False)

    def action_drill(self) -> None:
        if self.highlighted is not None:
            self.drill(self.highlighted)

    # New

    def action_new_backup(self) -> None:
        self.app.push_screen(DescriptionScreen(self._site.name), partial(self._asked, self._site))

    def _asked(self, site: Site, wanted: NewBackup | None) -> None:
        if wanted is None:
            return
        if not wanted.portable:
            self._back_up(site, BackupRequest(description=wanted.description))
            return

        def chosen(tables: tuple[str, ...] | None) -> None:
            if tables is not None:
                self._back_up(site, BackupRequest("portable", tables, wanted.description))

        self.app.push_screen(PortableScreen(self._workshop, site), chosen)

    def _back_up(self, site: Site, request: BackupRequest) -> None:
        if self._workshop.job is not None:
            return
        context = self._core

        def verb(reporter: Reporter) -> BackupOutcome:
            return create_backup(context, site, reporter, request)

        self._workshop.start(f"backup of {site.name}", verb, self._backed_up, self.failed)

    def _backed_up(self, outcome: BackupOutcome) -> None:
        text = f"{outcome.record.name} is complete and verified"
        if outcome.writers_waited >= 1:
            text += f". The application could not write for {outcome.writers_waited:.0f} s: it is not in WAL mode"
        if outcome.skipped:
            text += f". Left out: {'; '.join(map(printable, outcome.skipped))}"
        if outcome.notices:
            text += f". Good to know: {'; '.join(map(printable, outcome.notices))}"
        self.notify(text, markup=False, timeout=30 if outcome.skipped or outcome.notices else 5)
        self.highlight(outcome.record.id)
        self.look()

    # Verify

    def action_verify(self) -> None:
        backup = self.highlighted
        if backup is not None:
            verb = partial(verify_backup, self._core, self._site, backup)
            self._workshop.start(
                f"verification of {backup.name}", verb, self._verified, partial(self._not_verified, backup)
            )

    def _verified(self, backup: BackupRecord) -> None:
        if backup.foreign:
            text = "could be read whole. It is foreign and carries no hashes, so nothing proves what it holds"
        else:
            text = "is whole: every hash agrees"
        noted = "; not noted, greenroom is read-only" if self._core.read_only else ""
        self.notify(f"{printable(backup.name)} {text}{noted}", markup=False)
        self.look()

    def _not_verified(self, backup: BackupRecord, error: GreenroomError) -> None:
        if isinstance(error, VerificationError):
            hint = error.hint or "make a new backup (n), and look at the disk that the storage is on"
            title = f"{printable(backup.name)} is DAMAGED: do not rely on it"
            self.app.push_screen(error_screen(VerificationError(error.message, hint=hint), title))
            self.look()
        else:
            self.failed(error)

    # Restore

    def action_restore(self) -> None:
        backup = self.highlighted
        if backup is not None:
            self.app.clear_notifications()  # they would lie over the question
            self.app.push_screen(RestoreScreen(self._core, self._workshop, self._site, backup))

    # Pin

    def action_pin(self) -> None:
        backup = self.highlighted
        if backup is None:
            return
        context, site, pinned = self._core, self._site, not backup.pinned
        title = f"{'pin' if pinned else 'unpin'} of {backup.name}"
        self._workshop.start(
            title, lambda _: pin_backup(context, site, backup, pinned=pinned), self._pinned, self.failed
        )

    def _pinned(self, backup: BackupRecord) -> None:
        text = "is pinned: nothing deletes it before p unpins it" if backup.pinned else "is not pinned any more"
        self.notify(f"{printable(backup.name)} {text}", markup=False)
        self.look()

    # Copy

    def action_copy(self) -> None:
        backup = self.highlighted
        if backup is not None:
            self.app.push_screen(CopyScreen(self._workshop, backup), partial(self._copy, backup))

    def _copy(self, backup: BackupRecord, target: Path | None) -> None:
        if target is None or self._workshop.job is not None:
            return
        verb = partial(copy_backup, self._core, backup, target)
        self._workshop.start(f"copy of {backup.name}", verb, partial(self._copied, backup), self.failed)

    def _copied(self, backup: BackupRecord, copy: Path) -> None:
        self.notify(f"{printable(backup.name)} was copied to {printable(str(copy))}", markup=False, timeout=LONG)

    # Adopt

    def action_adopt(self) -> None:
        self.app.push_screen(AdoptScreen(self._workshop, self._site), partial(self._ask_to_adopt, self._site))

    def _ask_to_adopt(self, site: Site, file: Path | None) -> None:
        if file is not None:
            preview = AdoptPreviewScreen(self._core, self._workshop, site, file)
            self.app.push_screen(preview, partial(self._adopt, site, file))

    def _adopt(self, site: Site, file: Path, answer: bool | None) -> None:  # noqa: FBT001 (a screen's answer)
        if answer and self._workshop.job is None:
            verb = partial(adopt_archive, self._core, site, file)
            self._workshop.start(f"adoption of {file.name}", verb, self._adopted, self.failed)

    def _adopted(self, adoption: Adoption) -> None:
        name = printable(adoption.record.name)
        if adoption.known:
            text = f"{name} was here already, the same: nothing was done"
        else:
            text = f"{name} is adopted"
            if adoption.renamed:
                text += "; its own name was taken, so it got a suffix"
            if adoption.record.foreign:
                text += ". It is foreign: nothing proves that it is what was backed up"
        self.notify(text, markup=False, timeout=LONG)
        self.highlight(adoption.record.id)
        self.look()

    # Delete

    def action_delete(self) -> None:
        backup = self.highlighted
        if backup is not None:
            ask = partial(refuse_deletion, self._core, self._site, backup)
            self._workshop.read(ask, partial(self._ask_to_delete, self._site, backup), self.failed)

    def _ask_to_delete(self, site: Site, backup: BackupRecord, _: None) -> None:
        if not self.is_current or self._workshop.job is not None:
            return
        lines = deletion_lines(backup, site, format_age(self._core.clock() - backup.created_at))
        question = AskScreen(f"Delete this backup of {site.name}?", lines, no="Cancel", yes="Delete it")
        self.app.push_screen(question, partial(self._delete, site, backup))

    def _delete(self, site: Site, backup: BackupRecord, answer: bool | None) -> None:  # noqa: FBT001 (an answer)
        if answer and self._workshop.job is None:
            context = self._core
            title = f"deletion of {backup.name}"
            self._workshop.start(title, lambda _: delete_backup(context, site, backup), self._deleted, self.failed)

    def _deleted(self, deletion: Deletion) -> None:
        self.notify(f"{printable(deletion.name)} is deleted; {size(deletion.freed_bytes)} freed", markup=False)
        self.look()


def deletion_lines(backup: BackupRecord, site: Site, age: str) -> list[str]:
    """Given a backup, return in lines what is lost with it."""
    lines = [printable(backup.name), f"made {format_time(backup.created_at, site.time_zone)}, {age}"]
    if backup.description:
        lines.append(f"about: {printable(backup.description)}")
    if backup.status == "completed":
        held = f"{count(backup.record_count)} rows, {count(backup.file_count)} files, {size(backup.file_size)}"
        lines += ["", f"LOST for good: its archive with {held}."]
    else:
        lines += ["", "It failed and has no archive: only the note of it goes."]
    return [*lines, "The site itself is not touched. A deletion cannot be undone."]
