"""The table [enrichment]: keys from the environment, a file or a command, never shown; addresses that hide them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import Settings, load_settings, loose_permissions, show, show_text
from core.errors import ConfigError
from core.library.enrichment.keys import service_key

Load = Callable[..., Settings]
Write = Callable[..., Path]
Refused = Callable[[str], str]
TOP = 'state = "state"\nstorage = "backups"\n[sites.app]\ndatabase = "sqlite:///app.db"\n'


def table(lines: str) -> str:
    return f"{TOP}[enrichment]\n{lines}\n"


def test_all_keys(write: Write, tmp_path: Path) -> None:
    settings = load_settings(
        write(
            table(
                """tmdb_key_file = "tmdb.key"
omdb_key_command = "pass show omdb"
tmdb_url = "https://tmdb.example/3/"
tmdb_image_url = "http://127.0.0.1:8080/p/"
omdb_url = "https://omdb.example/"
regions = ["DE", "US"]
languages = ["de-DE", "en"]
requests_per_second = 4
timeout_seconds = 30"""
            )
        ),
        environ={},
    )
    own = settings.enrichment
    assert own.tmdb_key_file == tmp_path / "tmdb.key"
    assert (own.tmdb_url, own.tmdb_image_url) == ("https://tmdb.example/3", "http://127.0.0.1:8080/p")
    assert (own.regions, own.languages) == (("DE", "US"), ("de-DE", "en"))
    assert (own.requests_per_second, own.timeout_seconds) == (4, 30)
    assert show(settings)["enrichment"]["omdb_key_command"] == "pass ***"
    assert load_settings(write(show_text(settings)), environ={}).enrichment.regions == ("DE", "US")


def test_a_key_is_had_from_each_place_and_shown_in_none(write: Write, tmp_path: Path) -> None:
    (tmp_path / "tmdb.key").write_text("from-file\n")
    (tmp_path / "tmdb.key").chmod(0o600)
    for lines, key in (
        ('tmdb_key = "hunter2"', "hunter2"),
        ('tmdb_key = "${A_KEY}"', "from-environment"),
        ('tmdb_key_file = "tmdb.key"', "from-file"),
        ('tmdb_key_command = "echo hunter3"', "hunter3"),
    ):
        settings = load_settings(write(table(lines)), environ={})
        assert service_key(settings, "tmdb", {"A_KEY": "from-environment"}) == key
        assert service_key(settings, "omdb") is None
        assert "hunter" not in show_text(settings) + repr(settings)


def test_what_is_no_key_is_not_told(write: Write, tmp_path: Path) -> None:
    settings = load_settings(write(table('tmdb_key_command = "echo two words"')), environ={})
    with pytest.raises(ConfigError) as caught:
        service_key(settings, "tmdb")
    assert "two" not in caught.value.message + caught.value.hint
    (tmp_path / "tmdb.key").write_text("open")
    (tmp_path / "tmdb.key").chmod(0o644)
    settings = load_settings(write(table('tmdb_key_file = "tmdb.key"')), environ={})
    with pytest.raises(ConfigError, match=r"enrichment\.tmdb_key_file: .* can be read"):
        service_key(settings, "tmdb")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('tmdb_key = "a b"', "enrichment.tmdb_key: is no key"),
        ('tmdb_key = "${x"', "enrichment.tmdb_key: holds a ${"),
        ('tmdb_key = "a"\ntmdb_key_file = "b"', "enrichment.tmdb_key_file: stands beside tmdb_key"),
        ('omdb_key_file = "a"\nomdb_key_command = "b"', "enrichment.omdb_key_command: stands beside omdb_key_file"),
        ('tmdb_url = "http://tmdb.example/3"', "hides what is sent"),
        ('tmdb_url = "https://user:pw@tmdb.example/3"', "is not the address of a service"),
        ('omdb_url = "https://omdb.example/?apikey=x"', "is not the address of a service"),
        ('regions = ["Germany"]', "enrichment.regions, entry 1"),
        ("regions = []", "enrichment.regions"),
        ('languages = ["german"]', "enrichment.languages, entry 1"),
        ("requests_per_second = 0", "enrichment.requests_per_second"),
        ('tmdb_kay = "x"', 'did you mean "tmdb_key"?'),
    ],
)
def test_what_is_wrong_is_told(refused: Refused, lines: str, words: str) -> None:
    assert words in refused(table(lines))


def test_a_file_that_holds_a_key_should_be_private(write: Write) -> None:
    for key, held in (("hunter2", True), ("${A_KEY}", False)):
        settings = load_settings(write(table(f'omdb_key = "{key}"'), mode=0o644), environ={})
        assert any("it holds a password" in one for one in loose_permissions(settings)) == held
