"""Moves a catalog from one version of its tables to another. The only module that imports Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_FOLDER = Path(__file__).resolve().parent / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables up to `revision`, in the transaction of `connection`, which the caller commits."""
    command.upgrade(environment(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Bring the tables down to `revision` ("base": none), in the transaction of `connection`."""
    command.downgrade(environment(connection), revision)


def environment(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; no alembic.ini is needed."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
