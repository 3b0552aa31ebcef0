"""Prune: remove what retention does not keep, and say of every backup why it stays or goes."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.catalog import BackupRecord, CleanupRecord
from core.config import Site
from core.context import Context
from core.errors import CancelledError, GreenroomError, PartlyDoneError, UsageError
from core.keep import begin_cleanup, delete_held
from core.needs import needed_by_restores
from core.progress import Reporter
from core.rebuild_note import is_rebuild_confirmed
from core.recovery import refuse_half_restored, tidy
from core.retention import Policy, Verdict, check_policy, decide_retention, is_bad, policy_of
from core.words import plural

Source = Literal["schedule", "given", "default"]


@dataclass(frozen=True, slots=True)
class PrunePreview:
    """What a prune would do now: a verdict on each completed backup, the newest first.

    `source` tells where the policy is from: the site's schedule, the caller, or, where there is neither, the defaults.
    `refusal` says in words why nothing would be removed at all, or None.
    """

    site: str
    policy: Policy
    source: Source
    verdicts: tuple[Verdict, ...]
    refusal: str | None = None

    @property
    def removed(self) -> tuple[Verdict, ...]:
        """The verdicts on what would go, the oldest first: in the order in which it goes."""
        return tuple(verdict for verdict in reversed(self.verdicts) if not verdict.keep)

    @property
    def freed_bytes(self) -> int:
        """The size of their archives, as the catalog knows it."""
        return sum(verdict.backup.file_size or 0 for verdict in self.removed)


@dataclass(frozen=True, slots=True)
class Pruned:
    """A prune that is done: what it decided, the verdicts on what is gone, the oldest first, and the space freed."""

    decided: PrunePreview
    removed: tuple[Verdict, ...]
    freed_bytes: int


def site_policy(context: Context, site: Site) -> tuple[Policy, Source]:
    """Return the policy of the site's schedule, or the default one where it has none, and which of them it is."""
    schedule = context.catalog.schedule(site.name)
    return (Policy(), "default") if schedule is None else (policy_of(schedule.settings), "schedule")


def preview_prune(context: Context, site: Site, policy: Policy | None = None) -> PrunePreview:
    """Return what `prune_site` with that policy would do now; nothing is changed.

    Raise UsageError where the policy makes no sense.
    """
    preview, refusal = _decide(context, site, policy)
    if refusal is None:
        return preview
    words = f"{refusal.message}; {refusal.hint}" if refusal.hint else refusal.message
    return replace(preview, refusal=words)


def prune_site(
    context: Context,
    site: Site,
    reporter: Reporter,
    policy: Policy | None = None,
    *,
    by: str | None = None,
    agreed: Collection[str] | None = None,
) -> Pruned:
    """Remove what the policy does not keep, the oldest first; without one, that of the site's schedule.

    It is decided anew under the site's lock. `by` says who, if not the user; `agreed` are the names of those backups
    that a person agreed to lose: no other goes. Raise UsageError or GreenroomError, with nothing removed, where
    anything is in doubt; CancelledError between two removals, PartlyDoneError where one failed after others.
    """
    context.require_writable("remove backups by retention")
    with context.lock(site, "prune"):
        tidy(context, site)
        preview, refusal = _decide(context, site, policy)
        if refusal is not None:
            raise refusal
        going = tuple(one for one in preview.removed if agreed is None or one.backup.name in agreed)
        cleanup = _Removal(context, site, going, begin_cleanup(context, site, by=by)).run(reporter)
        return Pruned(preview, going, cleanup.space_freed)


def _decide(context: Context, site: Site, policy: Policy | None) -> tuple[PrunePreview, GreenroomError | None]:
    """Return the preview without its refusal, and that as the error which a prune raises."""
    source: Source = "given"
    if policy is None:
        policy, source = site_policy(context, site)
    for problem in check_policy(policy):
        raise UsageError(f"the policy cannot be used: {problem}", hint="`greenroom prune --help` names the options")
    backups = context.catalog.completed_backups(site.name)
    needed: dict[int, tuple[str, ...]] = {}
    refusal: GreenroomError | None = None
    try:
        needed = needed_by_restores(context, site, backups)
        _refuse(context, site, source, backups)
    except GreenroomError as error:
        refusal = error
    verdicts = decide_retention(backups, policy, context.clock(), site.time_zone, needed)
    return PrunePreview(site.name, policy, source, verdicts), refusal


def _refuse(context: Context, site: Site, source: Source, backups: Sequence[BackupRecord]) -> None:
    """Raise UsageError where a person must say something first, GreenroomError where something is not in order."""
    refuse_half_restored(context, site)
    if not is_rebuild_confirmed(context, site):
        raise UsageError(
            f"the catalog was rebuilt: nothing of {site.name} is removed before a person confirms what it found",
            hint=f"look at `greenroom prune {site.name}`, then `greenroom prune {site.name} --confirm-rebuild`",
        )
    if source == "default":
        raise UsageError(
            f"{site.name} has no schedule, so nobody has said how much is to be kept",
            hint=f"`greenroom schedule set {site.name}` says it for good, `--retention-days N` for this once",
        )
    for backup in backups:
        _refuse_missing(context, backup)


def _refuse_missing(context: Context, backup: BackupRecord) -> None:
    """What is kept in the place of others must be there: a disk that is not mounted, or one truncated, ends it all."""
    path = context.store.archive_path(backup.site, backup.name)
    try:
        status = path.lstat()
    except OSError as error:
        raise GreenroomError(
            f"the archive of {backup.name} cannot be found, so nothing is removed: {path}: {error.strerror}",
            hint=f"is the storage mounted? If it is lost for good, `greenroom delete {backup.site}/{backup.name}`",
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise GreenroomError(f"{path} is not a file, so nothing is removed", hint="put the archive back there")
    if backup.file_size not in (None, status.st_size) and not is_bad(backup):
        raise GreenroomError(
            f"the archive of {backup.name} has {status.st_size:,} bytes and should have {backup.file_size:,},"
            " so nothing is removed",
            hint=f"`greenroom verify {backup.site}/{backup.name}` notes that it is damaged; look at the disk",
        )


@dataclass(frozen=True, slots=True)
class _Removal:
    """One clean-up on its way: each deletion is whole before the next begins."""

    context: Context
    site: Site
    going: Sequence[Verdict]
    cleanup: CleanupRecord

    def run(self, reporter: Reporter) -> CleanupRecord:
        """Delete what goes, and return the clean-up as it is logged; none is logged where nothing goes."""
        cleanup = self.cleanup
        shown = reporter.uncancellable()  # only what comes before a deletion may end it
        shown.phase("removing backups", len(self.going), "files")
        try:
            for number, verdict in enumerate(self.going):
                reporter.check()
                _refuse_missing(self.context, verdict.backup)
                reason = self._reason(number + 1)
                cleanup = delete_held(self.context, self.site, verdict.backup, cleanup, reason)
                shown.advance()
        except (GreenroomError, OSError) as error:
            if not cleanup.backups_deleted:
                raise
            raise self._ended_early(cleanup, error) from error
        return cleanup

    def _reason(self, number: int) -> str:
        """Of so many backups say why they went: "retention: 3 older than 30 days, 1 more than 50"."""
        told = Counter(", ".join(verdict.reasons) for verdict in self.going[:number])
        return "retention: " + ", ".join(f"{count} {words}" for words, count in told.items())

    def _ended_early(self, cleanup: CleanupRecord, error: GreenroomError | OSError) -> GreenroomError:
        done = f"{cleanup.backups_deleted:,} of {plural(len(self.going), 'backup')} removed"
        if isinstance(error, CancelledError):
            return CancelledError(f"{error.message}: {done}", hint="the others stay until the next prune")
        message = error.message if isinstance(error, GreenroomError) else str(error)
        hint = error.hint if isinstance(error, GreenroomError) else "clear the cause; the next prune goes on"
        return PartlyDoneError(f"{done}, then: {message}", hint=hint)
