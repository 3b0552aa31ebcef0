"""What is shown of a configuration: all that took effect, and no secret."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.config import InvalidConfigError, Settings, load_settings, settings_schema, show, show_text

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
        "daemon": {
            "apply_at_start": False,
            "on_stop": "cancel",
            "log": "text",
            "retry_minutes": [5, 15, 60],
            "parallel_runs": 2,
        },
        "alarms": {
            "apprise": [],
            "command": None,
            "low_space": 2**30,
            "shrunk_percent": 50,
            "repeat_hours": 24,
            "textfile": None,
        },
        "enrichment": {
            "tmdb_key": None,
            "tmdb_key_file": None,
            "tmdb_key_command": None,
            "omdb_key": None,
            "omdb_key_file": None,
            "omdb_key_command": None,
            "tmdb_url": "https://api.themoviedb.org/3",
            "tmdb_image_url": "https://image.tmdb.org/t/p",
            "omdb_url": "https://www.omdbapi.com/",
            "regions": ["US"],
            "languages": ["en-US"],
            "requests_per_second": 20,
            "timeout_seconds": 10,
        },
        "library": {"daily": "03:00"},
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
                "ping_url": None,
                "max_age": None,
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
    for table in (schema, site, *(schema["$defs"][name] for name in ("DaemonTable", "AlarmsTable", "EnrichmentTable"))):
        assert table["additionalProperties"] is False
        assert all(one["description"] for one in table["properties"].values())
        assert all(one.keys() & {"type", "anyOf", "$ref", "allOf"} for one in table["properties"].values())
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


def test_the_tables_of_schedules_and_alarms(write: Write, tmp_path: Path) -> None:
    settings = load_settings(
        write(
            f"""{TOP}{SITE}ping_url = "https://hc.example/${{KEY}}/hunter2"
max_age = "36 h"
[daemon]
apply_at_start = true
on_stop = "finish"
log = "json"
retry_minutes = [1, 2]
parallel_runs = 3
[alarms]
apprise = ["mailtos://me:hunter2@example.org"]
command = "page hunter2"
low_space = "5 GiB"
shrunk_percent = 0
repeat_hours = 1
textfile = "figures.prom"
[library]
daily = "23:15"
"""
        ),
        environ={},
    )
    site = settings.site("app")
    assert (site.ping_url, site.max_age) == ("https://hc.example/${KEY}/hunter2", timedelta(hours=36))
    assert dataclasses.astuple(settings.daemon) == (True, "finish", "json", (1, 2), 3)
    assert settings.alarms.low_space == 5 * 2**30
    assert settings.alarms.textfile == tmp_path / "figures.prom"
    shown = show(settings)
    assert shown["alarms"]["apprise"] == ["mailtos://***"]
    assert shown["sites"]["app"]["ping_url"] == "https://*** ${KEY}"
    for text in (json.dumps(shown), show_text(settings), repr(settings)):
        assert "hunter" not in text
    assert tomllib.loads(show_text(settings))["daemon"]["retry_minutes"] == [1, 2]
    assert settings.library.daily == tomllib.loads(show_text(settings))["library"]["daily"] == "23:15"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[daemon]\non_stop = "pause"', "daemon.on_stop"),
        ("[daemon]\nretry_minutes = [0]", "daemon.retry_minutes, entry 1"),
        ("[daemon]\nparallel_runs = 0", "daemon.parallel_runs"),
        ("[daemon]\nspeed = 1", "daemon.speed: unknown key"),
        ('[alarms]\napprise = ["no url"]', "alarms.apprise, entry 1: is no URL"),
        ('[alarms]\napprise = ["mailto://${"]', "alarms.apprise, entry 1"),
        ('[library]\ndaily = "24:00"', "library.daily: is not a time of a day"),
        ("[alarms]\nshrunk_percent = 100", "alarms.shrunk_percent"),
        ('[sites.app]\ndatabase = "sqlite:///app.db"\nping_url = "ftp://host/x"', "sites.app.ping_url"),
        ('[sites.app]\ndatabase = "sqlite:///app.db"\nmax_age = "soon"', "sites.app.max_age"),
        ('[sites.app]\ndatabase = "sqlite:///app.db"\nmax_age = "9999 weeks"', "sites.app.max_age"),
    ],
)
def test_what_they_may_not_say(write: Write, table: str, key: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load_settings(write(TOP + ("" if "sites" in table else SITE) + table + "\n"), environ={})
    assert key in caught.value.message
