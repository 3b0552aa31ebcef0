"""`python -m benchmarks.django_shop dumpdata|loaddata URL FILE`: the shop as a Django project, and what that does."""

from __future__ import annotations

import sys
from typing import Any

import django
import psycopg
import pymysql
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import models
from psycopg.types.string import TextLoader
from sqlalchemy import URL, Column, Table, make_url

from benchmarks.shop import SHOP

_LABEL = "benchmarks"
_ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}
_FIELDS = {
    "BIGINT": models.BigIntegerField,
    "BLOB": models.BinaryField,
    "BOOLEAN": models.BooleanField,
    "DATETIME": models.DateTimeField,
    "DOUBLE": models.FloatField,
    "INTEGER": models.IntegerField,
    "JSON": models.JSONField,
    "TEXT": models.TextField,
}


def main() -> None:
    command, url, file = sys.argv[1:]
    _set_up(make_url(url))
    for table in SHOP.sorted_tables:
        _model(table)
    if command == "dumpdata":
        call_command(command, _LABEL, output=file)
    else:
        call_command(command, file)


def _set_up(url: URL) -> None:
    pymysql.version_info = (2, 2, 1, "final", 0)  # that of mysqlclient, for which Django takes it
    pymysql.install_as_MySQLdb()
    psycopg.adapters.register_loader("json", TextLoader)  # Django does so for its own jsonb only
    socket = url.query.get("host") or url.query.get("unix_socket")
    database = {
        "ENGINE": f"django.db.backends.{_ENGINES[url.drivername]}",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": socket or url.host or "",
        "PORT": str(url.port or ""),
    }
    settings.configure(INSTALLED_APPS=[_LABEL], DATABASES={"default": database}, USE_TZ=False)
    django.setup()
    apps.get_app_config(_LABEL).models_module = sys.modules[__name__]  # without one, an app has nothing to dump


def _model(table: Table) -> None:
    """Make the model of a table, which registers itself."""
    meta = type("Meta", (), {"db_table": table.name, "app_label": _LABEL})
    fields = {column.name.removesuffix("_id"): _field(column) for column in table.columns}
    type(table.name, (models.Model,), {"__module__": _LABEL, "Meta": meta, **fields})


def _field(column: Column[Any]) -> models.Field[Any, Any]:
    for key in column.foreign_keys:
        return models.ForeignKey(key.column.table.name, models.CASCADE, null=column.nullable)
    words: dict[str, Any] = {"null": column.nullable, "primary_key": column.primary_key}
    kind = column.type
    name = kind.__visit_name__.upper()
    if name in {"STRING", "VARCHAR"}:
        return models.CharField(max_length=kind.length, **words)
    if name == "NUMERIC":
        return models.DecimalField(max_digits=kind.precision, decimal_places=kind.scale, **words)
    return _FIELDS[_SAME.get(name, name)](**words)


_SAME = {"BIG_INTEGER": "BIGINT", "LARGE_BINARY": "BLOB"}


if __name__ == "__main__":
    main()
