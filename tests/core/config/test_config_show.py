"""What is shown of a configuration: all that took effect, and no secret."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import Settings, load_settings, settings_schema, show, show_text

TOP = 'state = "state"\nstorage = "backups"\n'
SITE = '[sites.app]\ndatabase = "sqlite:///app.db"\n'
Write = Callable[..., Path]
Load = Callable[..., Settings]


def with_secrets(write: Write) -> Path:
    return write(
        f'catalog = "postgresql://greenroom:hunter2@db/greenroom?sslpassword=hunter3"\n{TOP}{SITE}'
        'files = {uploads = "u p", media = "m"}\nmax_archive_bytes = "1.5 GiB"\nversion = "1\\"4"\n'
    )


def test_secrets_are_masked(write: Write) -> None:
    settings = load_settings(with_secrets(write), environ={})
    shown = show(settings)
    assert shown["catalog"] == "postgresql://greenroom:***@db/greenroom?sslpassword=***"
    for text in (json.dumps(shown), show_text(settings), repr(settings), str(settings)):
        assert "hunter" not in text


def test_what_a_password_command_holds_is_masked(write: Write) -> None:
    path = write(f'catalog = "postgresql://u@h/d"\ncatalog_password_command = "echo hunter2"\n{TOP}{SITE}')
    settings = load_settings(path, environ={})
    assert show(settings)["catalog_password_command"] == "echo ***"
    assert "hunter2" not in repr(settings) + show_text(settings)
    site = dataclasses.replace(settings.site("app"), password_command="show-password")
    shown = show(dataclasses.replace(settings, sites={"app": site}))
    assert shown["sites"]["app"]["password_command"] == "show-password"


def test_the_shape_for_scripts(load: Load, tmp_path: Path) -> None:
    shown = show(load('files = ["up"]\ntime_zone = "Europe/Berlin"\nexclude = ["*.tmp"]\n'))
    assert shown == {
        "source": str(tmp_path / "greenroom.toml"),
        "read_only": False,
        "state": str(tmp_path / "state"),
        "storage": str(tmp_path / "backups"),
        "catalog": f"sqlite:///{tmp_path}/state/catalog.db",
        "catalog_password_file": None,
        "catalog_password_command": None,
        "sites": {
            "app": {
                "database": f"sqlite:///{tmp_path}/app.db",
                "engine": "sqlite",
                "files": [str(tmp_path / "up")],
                "exclude": ["*.tmp"],
                "exclude_tables": [],
                "time_zone": "Europe/Berlin",
                "version": None,
                "version_command": None,
                "max_archive_bytes": 100 * 2**30,
                "max_upload_bytes": 100 * 2**20,
                "tools": None,
                "password_file": None,
                "password_command": None,
            }
        },
    }


@pytest.mark.parametrize("files", ["[]", '["up"]', '{a = "x", "b-1" = "y"}'])
def test_the_text_is_a_configuration_of_the_same_meaning(load: Load, write: Write, files: str) -> None:
    settings = load(f'files = {files}\nmax_archive_bytes = "1.5 GiB"\nversion = "\\"1\\" ä"\n')
    text = show_text(settings)
    assert tomllib.loads(text)["sites"]["app"]["max_archive_bytes"] == "1536 MiB"
    again = load_settings(write(text), environ={})
    assert again.sites == settings.sites
    assert (again.state, again.storage) == (settings.state, settings.storage)


def test_the_schema_describes_every_key() -> None:
    schema = settings_schema()
    assert json.loads(json.dumps(schema)) == schema
    site = schema["$defs"]["SiteTable"]
    for table in (schema, site):
        assert table["additionalProperties"] is False
        assert all(one["description"] for one in table["properties"].values())
        assert all(one.get("type") or one.get("anyOf") for one in table["properties"].values())
    assert schema["required"] == ["state", "storage", "sites"]
    assert site["required"] == ["database"]
    assert schema["properties"]["sites"]["additionalProperties"] is False
    assert "null" not in json.dumps(schema)


def test_settings_cannot_be_changed_and_can_be_handed_to_another_process(load: Load) -> None:
    settings = load()
    for field in dataclasses.fields(settings):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(settings, field.name, None)
    assert pickle.loads(pickle.dumps(settings)) == settings
