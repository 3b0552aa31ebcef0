"""Which version of its tables a catalog has, and what that means for this greenroom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotInitialisedError

REVISIONS = ("0001", "0002")
HEAD = REVISIONS[-1]


class CatalogStatus(StrEnum):
    """What stands at the catalog's place."""

    MISSING = "missing"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class CatalogState:
    """The status of a catalog, with the revision found there."""

    status: CatalogStatus
    revision: str | None


class CatalogNotReadyError(NotInitialisedError):
    """The catalog cannot be used until somebody did what `action_required` says."""

    def __init__(self, message: str, *, hint: str, action_required: str) -> None:
        super().__init__(message, hint=hint)
        self.action_required = action_required

    def answer(self) -> dict[str, str]:
        """Return what a script is told."""
        return {"error": self.message, "message": self.hint, "action_required": self.action_required}


def judge(revision: str | None, known: Sequence[str] = REVISIONS) -> CatalogState:
    """Given the revision found, or None, return the state of the catalog; what is unknown counts as newer."""
    if revision is None:
        return CatalogState(CatalogStatus.MISSING, None)
    if revision not in known:
        return CatalogState(CatalogStatus.NEWER, revision)
    current = revision == known[-1]
    return CatalogState(CatalogStatus.CURRENT if current else CatalogStatus.OLDER, revision)


def require_current(state: CatalogState, place: str) -> None:
    """Return where the catalog can be used; raise CatalogNotReadyError saying what has to be done otherwise."""
    if state.status is CatalogStatus.MISSING:
        raise CatalogNotReadyError(
            "Backup system not initialized", hint="Run `greenroom init` first", action_required="greenroom init"
        )
    if state.status is CatalogStatus.OLDER:
        raise CatalogNotReadyError(
            f"the catalog {place} has version {state.revision}, this greenroom works with {HEAD}",
            hint="Run `greenroom init`: it upgrades the catalog",
            action_required="greenroom init",
        )
    if state.status is CatalogStatus.NEWER:
        raise newer_catalog(state, place)


def newer_catalog(state: CatalogState, place: str) -> CatalogNotReadyError:
    """Return the refusal of a catalog whose version is not known here."""
    return CatalogNotReadyError(
        f"the catalog {place} has version {state.revision}, which this greenroom does not know: it ends at {HEAD}",
        hint="use the newer greenroom that wrote it; or, if another application keeps its tables there, "
        "give greenroom a database of its own",
        action_required="upgrade greenroom",
    )
