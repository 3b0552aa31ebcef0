"""Which names and links an archive may hold. A name reaches the file system, so every doubt is a refusal."""

from __future__ import annotations

import re

_FAULTS = tuple(
    (re.compile(pattern), fault)
    for pattern, fault in (
        (r"\A\Z", "is empty"),
        (r"[\ud800-\udfff]", "is not UTF-8"),  # what Python makes of bytes that are not
        (r"[\x00-\x1f\x7f-\x9f]", "holds a control character"),
        (r"\\", "holds a backslash"),
        (r"\A/", "is absolute"),
        (r"\A[A-Za-z]:", "begins with a drive letter"),
        (r"(?:\A|/)\.\.(?:/|\Z)", "climbs out with `..`"),
        (r"(?:\A|/)\.(?:/|\Z)", "has a part that is only `.`"),
        (r"//", "has an empty part"),
    )
)
_ANY_FAULT = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _FAULTS))
_LONGEST_PART = 255
_LONGEST_SHOWN = 120
_LONGEST_NAME = LONGEST_TARGET = 4095  # PATH_MAX less the NUL


def shown(name: str) -> str:
    """Return a name as it may be printed: control characters and broken bytes escaped, no longer than a line."""
    short = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return f"'{short}'" if short.isprintable() else ascii(short)


def problem_with_name(name: str) -> str | None:
    """Given the name of an entry (a folder's ends with `/`), return what is wrong with it, or None.

    Names are UTF-8, relative, with `/` between parts; names that differ in case only are two names.
    Characters that `sha256sum` would have to escape are refused, not altered.
    """
    if _ANY_FAULT.search(name):
        return next(fault for pattern, fault in _FAULTS if pattern.search(name))
    return "is longer than a file system can hold" if _is_too_long(name.encode()) else None


def problem_with_target(target: str) -> str | None:
    """Given the target of a symbolic link, return what is wrong with it as such, or None."""
    if not target:
        return "is empty"
    if "\0" in target:
        return "holds a NUL"
    if len(target.encode(errors="surrogateescape")) > LONGEST_TARGET:
        return "is longer than a path can be"
    return None


def link_leaves(relative: str, target: str) -> bool:
    """Given a link's path below its folder's root, tell whether its target may lie outside that root.

    `..` counts only at the beginning of the target, where the parents are real folders: after a name it
    could step back from wherever another link leads.
    """
    if target.startswith("/"):
        return True
    parts = [part for part in target.split("/") if part not in {"", "."}]
    climbs = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    return climbs > relative.count("/") or ".." in parts[climbs:]


def _is_too_long(name: bytes) -> bool:
    if len(name) <= _LONGEST_PART:
        return False
    return len(name) > _LONGEST_NAME or max(map(len, name.split(b"/"))) > _LONGEST_PART
