"""The catalog: what greenroom remembers of backups and restores, and how a person names one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.catalog.attempts import AttemptRows
from core.catalog.logs import LogRows
from core.catalog.pages import BackupPages
from core.catalog.records import BackupRecord
from core.catalog.schedules import ScheduleRows
from core.catalog.text import storable
from core.errors import UsageError

LATEST = "latest"
_ID = re.compile(r"[0-9]{1,19}")
_ARCHIVE_SUFFIX = ".zip"
_LONGEST_SHOWN = 80
_MOST_CANDIDATES = 10


class Catalog(BackupPages, AttemptRows, ScheduleRows, LogRows):
    """The catalog at an SQLAlchemy URL, or at a path: then an SQLite file.

    Every method is one short transaction and may be called from any thread. Each raises CatalogNotReadyError
    before `initialise`, and GreenroomError where the database fails.
    """

    def resolve(self, reference: str, site: str | None = None) -> BackupRecord:
        """Given how a person names a backup, return it; raise UsageError where none or several are meant.

        A reference is an id (digits), a name with or without `.zip`, or `latest`; each may follow `SITE/`. A name
        that is all digits is reached with its `.zip`, as is one that is `latest`.
        """
        named_site, slash, rest = reference.partition("/")
        if slash:
            if site is not None and site != named_site:
                raise UsageError(
                    f"{_shown(reference)} is not of the site {_shown(site)}",
                    hint="name the site once, or the same twice",
                )
            reference, site = rest, named_site
        if reference == LATEST:
            return self._resolve_latest(site)
        if _ID.fullmatch(reference):
            found = self.get(int(reference))
            return _only([] if found is None or site not in (None, found.site) else [found], reference, site)
        return _only(self._named(reference.removesuffix(_ARCHIVE_SUFFIX), site), reference, site)

    def _named(self, name: str, site: str | None) -> Sequence[BackupRecord]:
        if site is None:
            return self.find_by_name(name)
        found = self.find(site, name)
        return [] if found is None else [found]

    def _resolve_latest(self, site: str | None) -> BackupRecord:
        sites = self.sites() if site is None else [site]
        found = [record for record in map(self.latest, sites) if record is not None]
        if len(found) > 1:
            raise _ambiguous(LATEST, [f"{record.site}/{LATEST}" for record in found])
        if not found:
            raise UsageError(
                "there is no completed backup" + (f" of {_shown(site)}" if site is not None else ""),
                hint="`greenroom backup SITE` makes one; safety backups are restored by `undo` or by their name",
            )
        return found[0]


def _only(found: Sequence[BackupRecord], reference: str, site: str | None) -> BackupRecord:
    if not found:
        raise _unknown(reference, site)
    if len(found) > 1:
        raise _ambiguous(reference, [f"{record.site}/{record.name}" for record in found])
    return found[0]


def _unknown(reference: str, site: str | None) -> UsageError:
    of_site = f" of {_shown(site)}" if site is not None else ""
    return UsageError(
        f"there is no backup {_shown(reference)}{of_site}",
        hint="`greenroom list` shows ids and names; an archive from elsewhere comes in by `greenroom adopt`",
    )


def _ambiguous(reference: str, candidates: Sequence[str]) -> UsageError:
    more = len(candidates) - _MOST_CANDIDATES
    shown = ", ".join(candidates[:_MOST_CANDIDATES]) + (f" and {more} more" if more > 0 else "")
    return UsageError(
        f"several sites have a backup {_shown(reference)}: {shown}", hint="name one of these, or give --site"
    )


def _shown(text: str) -> str:
    """A reference comes from outside: in a message it is one short printable line."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in storable(text, _LONGEST_SHOWN))
    return repr(clean) if clean != text or not clean or " " in clean else clean
