"""Places that may not lie in each other: a backup would hold itself, or two restores would fight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import load_settings

Write = Callable[..., Path]
Refused = Callable[..., str]

TWO = '[sites.{}]\ndatabase = "sqlite:///{}"\nfiles = {}\n'


def config(
    *,
    state: str = "state",
    storage: str = "backups",
    catalog: str = "",
    database: str = "app.db",
    files: str = '["uploads"]',
    more: str = "",
) -> str:
    """A configuration with one place changed."""
    top = f'state = "{state}"\nstorage = "{storage}"\n' + (f'catalog = "sqlite:///{catalog}"\n' if catalog else "")
    return top + TWO.format("app", database, files) + more


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (config(storage="uploads/backups"), "sites.app.files: {}/uploads holds the storage folder"),
        (config(files='["backups/x"]'), "sites.app.files: {}/backups/x lies in the storage folder"),
        (config(files='["backups"]'), "sites.app.files: {}/backups is also the storage folder"),
        (config(state="uploads/state"), "sites.app.files: {}/uploads holds the state folder"),
        (config(files='["state/x"]'), "sites.app.files: {}/state/x lies in the state folder"),
        (config(files='["."]'), "sites.app.files: {} holds this configuration file"),
        (config(catalog="uploads/c.db"), "sites.app.files: {}/uploads holds the catalog"),
        (config(database="uploads/app.db"), "sites.app.database: {}/uploads/app.db lies in a site's folder of files"),
        (config(database="state/catalog.db"), "sites.app.database: {}/state/catalog.db lies in the state folder"),
        (config(database="backups/app.db"), "sites.app.database: {}/backups/app.db lies in the storage folder"),
        (config(database="c.db", catalog="c.db"), "sites.app.database: {}/c.db is also the catalog"),
        (config(database="greenroom.toml"), "sites.app.database: {}/greenroom.toml is also this configuration file"),
        (config(storage="state"), "state: {}/state is also the storage folder"),
        (config(state="backups/state"), "{}/backups holds the state folder"),
        (config(storage="state/sites/app"), "state: {}/state holds the storage folder"),
        (config(catalog="greenroom.toml"), "catalog: {}/greenroom.toml is also this configuration file"),
        (
            config(files='{a = "up", b = "up/b"}'),
            "sites.app.files.b: {}/up/b lies in a site's folder of files (sites.app.files.a: {}/up)",
        ),
        (config(files='{a = "up", b = "up"}'), "is also a site's folder of files"),
        (config(more=TWO.format("b", "app.db", "[]")), "sites.b.database"),
        (config(more=TWO.format("b", "b.db", '["uploads"]')), "is also a site's folder of files"),
        (config(more=TWO.format("b", "b.db", '["uploads/b"]')), "sites.b.files: {}/uploads/b lies in"),
        (config(more=TWO.format("b", "uploads/b.db", "[]")), "sites.b.database: {}/uploads/b.db lies in"),
    ],
)
def test_places_that_get_in_each_others_way(refused: Refused, tmp_path: Path, text: str, expected: str) -> None:
    assert expected.replace("{}", str(tmp_path)) in refused(text)


def test_two_sites_may_not_share_a_database(refused: Refused) -> None:
    message = refused(config(more=TWO.format("b", "./app.db", "[]")))
    assert "(sites.b.database)" in message or "(sites.app.database)" in message
    assert "a restore of the one would overwrite the other" in message


def test_links_are_seen_through(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "elsewhere").symlink_to("uploads")
    assert "sites.app.files" in refused(config(storage="elsewhere/backups"))


@pytest.mark.parametrize(
    "text",
    [
        config(storage="state/backups"),
        config(catalog="state/other.db"),
        config(files='["uploads"]', database="uploads.db"),
        config(files='{a = "up", b = "up2"}'),
        config(files="[]"),
    ],
)
def test_places_that_may_lie_so(write: Write, text: str) -> None:
    assert load_settings(write(text), environ={}).sites
