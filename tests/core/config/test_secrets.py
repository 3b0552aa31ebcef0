"""Passwords: found when needed, never shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import Settings, Site, load_settings
from core.errors import ConfigError, GreenroomError
from core.secrets import (
    PasswordSource,
    check_references,
    has_password,
    holds_password,
    mask_url,
    read_password_file,
    resolve_url,
)

TOP = 'state = "state"\nstorage = "backups"\n'
SITE = '[sites.app]\ndatabase = "sqlite:///app.db"\n'
Write = Callable[..., Path]
Load = Callable[..., Settings]

URL = "postgresql://green@db.example:5433/catalog"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://u:hunter2@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("postgresql+psycopg://u:hunter2@h/db", "postgresql+psycopg://u:***@h/db"),
        ("postgresql://u:${PW}@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:hun@ter2@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:hun?ter/2@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:hun:ter@h/db", "postgresql://u:***@h/db"),
        ("postgresql://:hunter2@h/db", "postgresql://:***@h/db"),
        ("postgresql://a/b:hunter2@h/db", "postgresql://a/b:***@h/db"),
        ("postgresql://h:5432/db", "postgresql://h:5432/db"),
        ("postgresql://u@h/db?password=hunter2&x=1", "postgresql://u@h/db?password=***&x=1"),
        ("mssql://h/db?odbc_connect=PWD%3Dhunter2", "mssql://h/db?odbc_connect=***"),
        ("sqlite:////srv/a:b@c.db", "sqlite:////srv/a:b@c.db"),
    ],
)
def test_masks(url: str, masked: str) -> None:
    assert mask_url(url) == masked


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
@settings(derandomize=True, max_examples=200)
def test_no_password_shows_through_the_mask(password: str) -> None:
    """Whatever it is, encoded or not."""
    assert mask_url(f"postgresql://user:{password}@host/db") == "postgresql://user:***@host/db"


def test_where_a_password_stands() -> None:
    assert not has_password("postgresql://u@h/db")
    assert has_password("postgresql://u:${PW}@h/db")
    assert not holds_password("postgresql://u:${PW}@h/db")
    assert holds_password("postgresql://u:x${PW}@h/db")
    assert holds_password("postgresql://u@h/db?password=x")
    assert not holds_password("postgresql://u:@h/db")


def test_references() -> None:
    check_references("a ${B} ${c_1}")
    for wrong in ("${", "${}", "${1}", "${A-B}"):
        with pytest.raises(ValueError, match="NAME"):
            check_references(wrong)


def test_the_environment_is_read_when_the_url_is_needed(write: Write) -> None:
    """Its value is taken letter by letter, whatever a URL would make of it."""
    path = write(f'catalog = "postgresql://${{DB_USER}}:${{DB_PASSWORD}}@${{DB_HOST}}/db?a=${{A}}"\n{TOP}{SITE}')
    loaded = load_settings(path, environ={})
    environ = {"DB_USER": "me", "DB_PASSWORD": "p@ss/w:rd?%41${X}", "DB_HOST": "h", "A": "b"}
    url = loaded.catalog_url(environ)
    assert (url.username, url.password, url.host, url.query["a"]) == ("me", environ["DB_PASSWORD"], "h", "b")
    assert "p@ss" not in str(url) + repr(url)
    with pytest.raises(ConfigError, match="catalog: the environment variable DB_PASSWORD is not set"):
        loaded.catalog_url({"DB_USER": "", "DB_HOST": "h", "A": "b"})


def test_sqlite_needs_no_secret(load: Load, tmp_path: Path) -> None:
    """And a path stays the path that it is, with letters that mean something in a URL."""
    loaded = load()
    assert loaded.catalog_url({}).database == str(tmp_path / "state" / "catalog.db")
    assert loaded.site("app").database_url({}).database == str(tmp_path / "app.db")
    odd = Site("odd", "sqlite:////srv/a%20b#c.db")
    assert odd.sqlite_path == Path("/srv/a%20b#c.db")
    assert odd.database_url({}).database == "/srv/a%20b#c.db"


def test_the_first_line_of_a_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes(b"se cret \r\nsecond line\n")
    (tmp_path / "pw").chmod(0o600)
    path = write(f'catalog = "{URL}"\ncatalog_password_file = "pw"\n{TOP}{SITE}')
    url = load_settings(path, environ={}).catalog_url({})
    assert url.password == "se cret "
    assert url.port == 5433


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pw"
    path.write_text("hunter2\n")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"can be read or written by others \(mode {mode:04o}\)") as caught:
        read_password_file(path, key="sites.app.password_file")
    assert caught.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(b"", "is empty"), (b"\nhunter2", "is empty"), (b"\xff\n", "not UTF-8"), (b"x" * 5000, "too large")],
)
def test_a_file_without_a_password(tmp_path: Path, content: bytes, wrong: str) -> None:
    path = tmp_path / "pw"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=wrong) as caught:
        read_password_file(path, key="sites.app.password_file")
    assert caught.value.message.startswith("sites.app.password_file: ")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*No such file"):
        read_password_file(tmp_path / "gone", key="k")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ConfigError, match="is not a regular file"):
            read_password_file(path, key="k")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.write_text("x\n")
    path.chmod(0o600)
    os.chown(path, 4711, -1)
    with pytest.raises(ConfigError, match="belongs to uid 4711, neither to you nor to root"):
        read_password_file(path, key="k")


def test_a_command_runs_in_the_files_folder(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from here\nmore\n")
    path = write(f'catalog = "{URL}"\ncatalog_password_command = "cat \'secret\'"\n{TOP}{SITE}')
    assert load_settings(path, environ={}).catalog_url({}).password == "from here"


def test_a_site_on_a_server(tmp_path: Path) -> None:
    """Not configurable yet, but resolved as the catalog is, with its own key in messages."""
    site = Site("app", URL, password_command="sh -c 'echo hunter2; echo why >&2; exit 3'", folder=tmp_path)
    assert site.sqlite_path is None
    with pytest.raises(GreenroomError) as caught:
        site.database_url({})
    assert caught.value.message == "sites.app.password_command failed with exit status 3: why"
    assert "hunter2" not in caught.value.message + caught.value.hint + repr(site)
    with pytest.raises(ConfigError, match=r"sites\.app\.password_file: cannot read"):
        Site("app", URL, password_file=tmp_path / "gone").database_url({})


def test_what_is_no_url_is_not_quoted() -> None:
    with pytest.raises(ConfigError, match="k: is not a database URL") as caught:
        resolve_url("hunter2", PasswordSource(), key="k", environ={})
    assert caught.value.__context__ is None
    assert "hunter2" not in caught.value.message
