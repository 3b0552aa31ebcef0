"""Keys that are right by themselves and wrong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.config.document import CheckedDocument
from core.config.problems import Problem, dotted
from core.config.urls import engine_of
from core.secrets import has_password

_SOURCES = ("password_file", "password_command")


def doubly_told(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Given the file's table, yield a problem where two keys say the same thing: which one counts is not guessed."""
    sites = document.get("sites")
    tables: list[tuple[tuple[str, ...], str, Mapping[str, Any]]] = [((), "catalog_", document)]
    if isinstance(sites, dict):
        tables += [(("sites", name), "", table) for name, table in sites.items() if isinstance(table, dict)]
    for service in ("tmdb", "omdb"):
        yield from _keys_beside(document.get("enrichment"), service)
    for parts, prefix, table in tables:
        for one, other in (("version_command", "version"), ("password_command", "password_file")):
            first, second = prefix + one, prefix + other
            if first in table and second in table:
                yield Problem(dotted([*parts, first]), f"stands beside {second}", "one of the two")


def _keys_beside(table: object, service: str) -> Iterator[Problem]:
    """Yield a problem where a key of a service is told in more than one way."""
    names = (f"{service}_key", f"{service}_key_file", f"{service}_key_command")
    told = [name for name in names if isinstance(table, dict) and name in table]
    for name in told[1:]:
        yield Problem(dotted(["enrichment", name]), f"stands beside {told[0]}", "one of them")


def idle_passwords(checked: CheckedDocument) -> Iterator[Problem]:
    """Yield a problem for each password of a database that has none, or that has one in its URL."""
    urls: list[tuple[tuple[str, ...], str, str | None, list[str]]] = [
        (("sites", name), "", table.database, [key for key in _SOURCES if getattr(table, key)])
        for name, table in checked.sites.items()
    ]
    urls.append(
        ((), "catalog_", checked.top.get("catalog"), [key for key in _SOURCES if f"catalog_{key}" in checked.top])
    )
    for parts, prefix, url, keys in urls:
        for key in keys:
            wrong = _why_idle(url)
            if wrong:
                yield Problem(dotted([*parts, prefix + key]), wrong, "only with a database that needs a password")


def _why_idle(url: str | None) -> str:
    if url is None or engine_of(url) == "sqlite":
        return "an SQLite database has no password"
    return "the URL holds a password already" if has_password(url) else ""
