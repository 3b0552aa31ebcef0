"""What a database refuses because of the values themselves, told from what is somebody else's doing, or nobody's."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from core.databases.sessions import codes, is_conflict
from core.words import printable

_LONGEST = 200
# Of MariaDB, whose driver takes these for faults in its operation: a mix of collations (1267, 1270, 1271), a character
# that a column cannot hold (1366), what a trigger says (1644), and a check (3819, 4025).
_OF_VALUES: Final = frozenset({"1267", "1270", "1271", "1366", "1644", "3819", "4025"})
# Of PostgreSQL, by the first two signs of its codes: data, constraints, views that check.
_CLASSES: Final = ("22", "23", "44", "P0001")
_TAKEN: Final = "23505"


def refusal(error: DBAPIError) -> str | None:
    """Return in words what a database refuses of the values it was given; None where the values are not the reason."""
    if error.connection_invalidated or is_conflict(error):
        return None
    found = codes(error)
    of_values = isinstance(error, IntegrityError | DataError) or not _OF_VALUES.isdisjoint(found)
    if not of_values and not any(code.startswith(_CLASSES) and len(code) == len("P0001") for code in found):
        return None
    texts = [part for part in getattr(error.orig, "args", ()) if isinstance(part, str)]
    words = (texts[-1] if texts else str(error.orig)).partition("\n")[0]  # the rest repeats the whole row
    return printable(words if len(words) <= _LONGEST else f"{words[:_LONGEST]}...")


def is_unseen(error: DBAPIError) -> bool:
    """Tell whether something that was looked for in vain is there: somebody else made it since PostgreSQL looked.

    The other engines let nobody write what a transaction that writes has looked at.
    """
    return _TAKEN in codes(error)
