"""What is missing until a restore may be staged or made, in words."""

from __future__ import annotations

from dataclasses import dataclass

from core.restore.inspect import Preview
from core.words import printable
from tui.restore_choice import AnyPreview, RestoreChoice
from tui.widgets.preview import short_holder

NOT_YET = "The preview is not there yet."


@dataclass(frozen=True)
class Consent:
    """What was chosen, what was previewed of that, and what a person has typed.

    Without a preview `reason` says why there is none.
    """

    choice: RestoreChoice
    preview: AnyPreview | None
    typed_name: str
    typed_version: str
    read_only: bool
    reason: str = NOT_YET

    @property
    def now_label(self) -> str:
        return "Restore now" if self.choice.undoes is None else "Undo now"

    @property
    def is_impossible(self) -> bool:
        """Whether typing a name would help nothing."""
        return self.read_only or bool(self._site_preview and self._site_preview.blockers)

    @property
    def accepted_version(self) -> str | None:
        """The version of the application that was consented to, where another one made the backup."""
        preview = self._site_preview
        return preview.version_backup if preview is not None and preview.version_differs else None

    def against_staging(self) -> str | None:
        """Return why the restore cannot be staged now, or None where it can."""
        return self._against("Stage") if self.choice.can_be_staged else self._against(None)

    def against_now(self) -> str | None:
        """As `against_staging`, for a restore now: nobody else may have the database open."""
        preview = self._site_preview
        if preview is not None and not preview.blockers and not self.read_only:
            if preview.holders:
                names = ", ".join(map(short_holder, preview.holders))
                return f"{self.now_label} is off: the database is open in {names}. Stop it, then Look again."
            if preview.present == "in use":
                return f"{self.now_label} is off: somebody has locked the database. Stop it, then Look again."
        return self.against_staging()

    def words(self) -> str:
        """Return what is off and why, or what each button does."""
        stage, now = self.against_staging(), self.against_now()
        if self.choice.undoes is not None:
            return now or "Undo now: carried out at once. The application must be stopped."
        if not self.choice.can_be_staged:
            return now or "Restore now: carried out at once. IT CANNOT BE UNDONE."
        if stage is not None:
            return stage if now is None or now == stage else f"{stage}\n{now}"
        prepared = f"Stage: prepared now, carried out by the next `greenroom apply {self.choice.word}`."
        return f"{prepared}\n{now or 'Restore now: carried out at once.'}"

    @property
    def _site_preview(self) -> Preview | None:
        return self.preview if isinstance(self.preview, Preview) else None

    def _against(self, other: str | None) -> str | None:
        buttons = f"{self.now_label} is" if other is None else f"{other} and {self.now_label} are"
        preview = self._site_preview
        reason = None
        if self.read_only:
            reason = f"{buttons} off: greenroom is read-only. Looking is allowed."
        elif self.preview is None:
            reason = self.reason
        elif preview is not None and preview.blockers:
            reason = f"Not possible: {printable(preview.blockers[0])}"
        elif self.typed_name != self.choice.word:
            reason = f"{buttons} off until {printable(self.choice.word)} is typed."
        elif self.accepted_version is not None and self.typed_version != self.accepted_version:
            reason = f"{buttons} off until {printable(self.accepted_version)} is typed."
        return reason
