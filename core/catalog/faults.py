"""What the catalog's database says when it cannot, put so that a person can act on it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from core import sql_faults
from core.errors import GreenroomError

_REBUILD = "`greenroom catalog rebuild` puts it aside and finds every backup again from the storage"
_ROOM = (
    "remove something else there first: greenroom's own prune and delete need a little room too; "
    "an archive that lies there can be moved away by hand, with its sidecar"
)
ADDRESS_HINT = 'write `catalog` as SQLAlchemy does, for example "postgresql+psycopg://user@host/greenroom"'


class DamagedCatalogError(GreenroomError):
    """The catalog can be opened but not understood; the archives still can."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint=_REBUILD)


def faults_named(place: str) -> AbstractContextManager[None]:
    """Turn whatever the database or the disk raises in the block into a GreenroomError about the catalog at `place`."""
    return sql_faults.faults_named(
        sql_faults.Named(
            "the catalog",
            place,
            damaged=DamagedCatalogError,
            room=_ROOM,
            address=ADDRESS_HINT,
            driver="install it beside greenroom, or leave out `catalog` in greenroom.toml",
        )
    )
