"""Which greenroom.toml is taken, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import default_places, load_settings, read_only_requested
from core.errors import ConfigError

TOP = 'state = "state"\nstorage = "backups"\n'
SITE = '[sites.app]\ndatabase = "sqlite:///app.db"\n'
Write = Callable[..., Path]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> dict[str, Path]:
    """A configuration at each place where one is looked for, in the order of search."""
    home = tmp_path / "home-config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    found = {
        "--config": tmp_path / "explicit.toml",
        "environment": tmp_path / "from-environment.toml",
        "here": tmp_path / "here" / "greenroom.toml",
        "user": home / "greenroom" / "greenroom.toml",
        "system": tmp_path / "etc" / "greenroom.toml",
    }
    for path in found.values():
        write(TOP + SITE, path)
    return found


def test_the_first_of_the_places_is_taken(tmp_path: Path, places: dict[str, Path]) -> None:
    """Each place counts once those before it are gone."""
    explicit: Path | None = places["--config"]
    environ = {"GREENROOM_CONFIG": str(places["environment"])}
    for expected in places.values():
        settings = load_settings(explicit, environ=environ, cwd=tmp_path / "here", system_folder=tmp_path / "etc")
        assert settings.source == expected
        if explicit is not None:
            explicit = None
        elif environ:
            environ = {}
        else:
            expected.unlink()
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={}, cwd=tmp_path / "here", system_folder=tmp_path / "etc")
    for name in ("here", "user", "system"):
        assert str(places[name]) in caught.value.message
    assert "greenroom demo DIR" in caught.value.hint


def test_the_documented_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert default_places(tmp_path) == (
        tmp_path / "greenroom.toml",
        tmp_path / "xdg" / "greenroom" / "greenroom.toml",
        Path("/etc/greenroom/greenroom.toml"),
    )


@pytest.mark.parametrize("by_environment", [False, True])
def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path, write: Write, by_environment: bool) -> None:
    """The file in the current folder would be another one than meant."""
    write()
    missing = tmp_path / "missing.toml"
    environ = {"GREENROOM_CONFIG": str(missing)} if by_environment else {}
    with pytest.raises(ConfigError, match=r"missing\.toml does not exist") as caught:
        load_settings(None if by_environment else missing, environ=environ, cwd=tmp_path)
    assert ("$GREENROOM_CONFIG" if by_environment else "--config") in caught.value.hint


def test_an_empty_variable_names_nothing(tmp_path: Path, write: Write) -> None:
    path = write()
    assert load_settings(environ={"GREENROOM_CONFIG": ""}, cwd=tmp_path).source == path


def test_a_relative_name_counts_from_the_current_folder(tmp_path: Path, write: Write) -> None:
    path = write(path=tmp_path / "deep" / "other.toml")
    settings = load_settings(Path("deep/other.toml"), environ={}, cwd=tmp_path)
    assert settings.source == path
    assert settings.state == tmp_path / "deep" / "state"


def test_a_dangling_link_is_not_passed_over(tmp_path: Path, write: Write) -> None:
    (tmp_path / "greenroom.toml").symlink_to(tmp_path / "gone.toml")
    write(path=tmp_path / "etc" / "greenroom.toml")
    with pytest.raises(ConfigError, match=r"cannot read .*greenroom\.toml"):
        load_settings(environ={}, cwd=tmp_path, system_folder=tmp_path / "etc")


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings(environ={"GREENROOM_CONFIG": "a\0b"}, cwd=tmp_path)


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("0", False), ("", False), ("off", False)])
def test_read_only_by_the_environment(write: Write, value: str, expected: bool) -> None:
    environ = {"GREENROOM_READ_ONLY": value}
    assert read_only_requested(environ) is expected
    assert load_settings(write(), environ=environ).read_only is expected


def test_read_only_is_never_guessed() -> None:
    assert read_only_requested({}) is False
    with pytest.raises(ConfigError, match="neither yes nor no"):
        read_only_requested({"GREENROOM_READ_ONLY": "maybe"})


def test_no_other_variable_counts(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pydantic-settings would take a variable named as a field; greenroom.toml is all there is."""
    for name in ("STATE", "state", "STORAGE", "CATALOG", "SITES", "GREENROOM_STATE", "GREENROOM_CATALOG"):
        monkeypatch.setenv(name, "/elsewhere")
    settings = load_settings(write())
    assert settings.state == tmp_path / "state"
    assert settings.storage == tmp_path / "backups"
    assert settings.catalog is None


def test_a_current_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(ConfigError, match="the current folder no longer exists"):
        load_settings(environ={})
