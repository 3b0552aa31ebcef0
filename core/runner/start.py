"""What a daemon does before it begins: it tidies what a dead process left, and applies staged restores if it may."""

from __future__ import annotations

from core.alarms import end_run
from core.config import Site
from core.context import Context
from core.errors import BusyError, CancelledError, GreenroomError
from core.events import Event, Tell
from core.progress import Reporter
from core.recovery import tidy
from core.restore.apply import apply_restore
from core.restore.finish import Outcome
from core.runner.complaints import error_event
from core.status import refuse_forgotten


def tidy_all(context: Context, tell: Tell) -> None:
    """Bring the storage and the catalog of each site into agreement, where nobody is at work; tell what cannot be."""
    for site in context.settings.sites.values():
        try:
            with context.lock(site, "tidy"):
                tidy(context, site)
        except BusyError:  # whoever works on it has tidied it
            continue
        except GreenroomError as error:
            tell(error_event("tidy_failed", error, site.name))


def apply_waiting(context: Context, reporter: Reporter, tell: Tell) -> None:
    """Apply the staged restore of each site, and tell how each ended: none of it keeps the daemon from its work.

    Raise CancelledError where the daemon is asked to end.
    """
    for site in context.settings.sites.values():
        reporter.check()
        _apply_one(context, site, reporter, tell)
    try:
        refuse_forgotten(context)
    except GreenroomError as forgotten:
        tell(error_event("restore_forgotten", forgotten))


def _apply_one(context: Context, site: Site, reporter: Reporter, tell: Tell) -> None:
    error: GreenroomError | None = None
    try:
        outcome = apply_restore(context, site, reporter)
        if outcome is None:
            return
        error = _why_old(outcome)
    except CancelledError:
        raise
    except BusyError as busy:
        words = f"{busy.message}; the restore stays pending"
        tell(Event("warning", "apply_busy", words, site.name, {"hint": busy.hint or None}))
        return
    except GreenroomError as failure:
        error = failure
    else:
        if error is None:
            words = f"the {outcome.action} of {outcome.backup_name} is done: {site.name} is as the backup says"
            tell(Event("info", "restore_applied", words, site.name, {"backup": outcome.backup_name}))
    if error is not None:
        tell(error_event("apply_failed", error, site.name))
    end_run(context, site, "apply", error, tell)


def _why_old(outcome: Outcome) -> GreenroomError | None:
    """A restore that ended in the old state was not made."""
    if outcome.state == "new":
        return None
    return GreenroomError(
        f"the {outcome.action} of {outcome.backup_name} failed, and {outcome.site} is the old one: {outcome.error}",
        hint="`greenroom status` says what was put aside; it is not tried again by itself",
    )
