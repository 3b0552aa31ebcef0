"""Which places of a configuration get in each other's way: a backup would hold itself, or two restores would fight."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from core.config.model import Site
from core.config.problems import Problem, dotted


class Use(Enum):
    """What a place is for, in the words of a message."""

    STATE = "the state folder"
    STORAGE = "the storage folder"
    CATALOG = "the catalog"
    CONFIG = "this configuration file"
    DATABASE = "a site's database"
    FILES = "a site's folder of files"


@dataclass(frozen=True)
class Place:
    """A path that a setting names, with its links resolved in `real`."""

    use: Use
    key: str
    path: Path
    real: Path

    def holds(self, other: Place) -> bool:
        return other.real.is_relative_to(self.real)


def place(use: Use, key: str, path: Path) -> Place:
    """Given a setting and its path, return the place, links resolved as far as the path exists."""
    return Place(use, key, path, Path(os.path.realpath(path)))


def site_places(site: Site) -> Iterator[Place]:
    """Given a site, yield its database and folders."""
    if site.sqlite_path is not None:
        yield place(Use.DATABASE, dotted(["sites", site.name, "database"]), site.sqlite_path)
    for key, folder in site.files.items():
        parts = ["sites", site.name, "files", key] if key else ["sites", site.name, "files"]
        yield place(Use.FILES, dotted(parts), folder)


def overlaps(places: Iterable[Place]) -> Iterator[Problem]:
    """Given all places of a configuration, yield a problem for each two that may not lie as they do."""
    for first, second in itertools.combinations(places, 2):
        outer, inner = (first, second) if first.holds(second) else (second, first)
        if outer.holds(inner):
            reason = _reason(outer, inner)
            if reason:
                # The setting told is one of a site's, as that is the likelier to be changed.
                inner_told = inner.use in _OF_SITES or outer.use is Use.CONFIG
                told, other = (inner, outer) if inner_told else (outer, inner)
                yield Problem(told.key, f"{_relation(told, other)}: {reason}", "places apart from each other")


_OF_SITES = {Use.DATABASE, Use.FILES}
_BOTH_RESTORED = "a restore of the one would overwrite the other"


def _reason(outer: Place, inner: Place) -> str:
    """Return why `inner` may not lie in (or be) `outer`, or nothing where it may."""
    uses = {outer.use, inner.use}
    if uses == {Use.DATABASE, Use.FILES}:
        return "the open database would be copied as a file; move it out of the folder of files"
    if uses <= _OF_SITES:
        return _BOTH_RESTORED
    if Use.FILES in uses:
        return _reason_with_files(outer, inner)
    if Use.DATABASE in uses:
        return "what a restore replaces may not be greenroom's own"
    if uses == {Use.STATE, Use.STORAGE}:
        return _reason_of_own_folders(outer, inner)
    return "two settings cannot share a place" if outer.real == inner.real else ""


def _reason_with_files(outer: Place, inner: Place) -> str:
    if outer.use is Use.FILES and inner.use is Use.CONFIG:
        return "a restore would replace the configuration, with the commands it names"
    if outer.use is Use.FILES:
        return "a backup would hold the backups, or greenroom's own state"
    return "greenroom would find foreign files among its own"


def _reason_of_own_folders(outer: Place, inner: Place) -> str:
    if outer.use is Use.STORAGE or outer.real == inner.real:
        return "the state would lie among the archives"
    if inner.real.is_relative_to(outer.real / "sites"):
        return "the archives would lie among the sites' state"
    return ""


def _relation(told: Place, other: Place) -> str:
    if told.real == other.real:
        return f"{told.path} is also {other.use.value} ({other.key})"
    if other.holds(told):
        return f"{told.path} lies in {other.use.value} ({other.key}: {other.path})"
    return f"{told.path} holds {other.use.value} ({other.key}: {other.path})"
