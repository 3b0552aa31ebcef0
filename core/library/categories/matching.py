"""Names that mean the same, without case and accents: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

# Accents proper. Marks of other scripts, as the dakuten of Japanese or the vowels of Hindi, make another letter.
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Letters that Unicode does not take apart, and the signs that a word processor puts in by itself.
_LOOK_ALIKE = str.maketrans(
    {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u0127": "h", "\u0167": "t", "\u0131": "i"}
    | {"\u00e6": "ae", "\u0153": "oe", "\u00fe": "th"}
    | dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4", "'")
    | dict.fromkeys("\u201c\u201d", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
)


@dataclass(frozen=True, slots=True)
class Named:
    """Something that can be named: its id outside the database, and its name."""

    id: str
    name: str


class Names:
    """What is there, found by id or by name."""

    def __init__(self, there: Iterable[Named]) -> None:
        self._by_id: dict[str, Named] = {}
        self._by_name: dict[str, list[Named]] = {}
        self._ids: set[str] = set()
        for named in there:
            self.add(named)

    def add(self, named: Named) -> None:
        self._by_id[named.id] = named
        self._ids.add(named.id.casefold())
        self._by_name.setdefault(folded(named.name), []).append(named)

    def with_id(self, wanted: str) -> Named | None:
        return self._by_id.get(wanted)

    def has_id(self, wanted: str) -> bool:
        """Tell whether an id is taken, in capitals or not."""
        return wanted.casefold() in self._ids

    def alike(self, name: str) -> tuple[Named, ...]:
        """Return all whose name is `name` without case and accents, in the order in which they were added."""
        return tuple(self._by_name.get(folded(name), ()))

    def meant(self, name: str) -> tuple[Named, ...]:
        """Return the one whose name is exactly `name`, for such things have no id in the data; else all alike."""
        alike = self.alike(name)
        exact = tuple(named for named in alike if named.name == name)
        return exact if len(exact) == 1 else alike


def folded(name: str) -> str:
    """Return a name without case, accents and superfluous space; typographic quotes and dashes as plain ones.

    One of which nothing is left so stays as it is: it means no other.
    """
    plain = unicodedata.normalize("NFKD", name.translate(_LOOK_ALIKE).casefold())
    plain = _ACCENTS.sub("", plain.casefold().translate(_LOOK_ALIKE))
    return " ".join(unicodedata.normalize("NFKC", plain).split()) or name


def slug_of(name: str, longest: int) -> str:
    """Return small letters, digits and hyphens that follow from `name` alone; a hash where it has no such letters."""
    plain = re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")
    if not plain:
        plain = sha256(folded(name).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return plain[:longest].strip("-")


def free_id(wanted: str, taken: Iterable[str], longest: int) -> str:
    """Return `wanted`, or with -2, -3, ... what is not in `taken`; never more than `longest` characters."""
    used = {text.casefold() for text in taken}
    candidate, number = wanted[:longest], 1
    while candidate.casefold() in used:
        number += 1
        ending = f"-{number}"
        candidate = wanted[: longest - len(ending)] + ending
    return candidate
