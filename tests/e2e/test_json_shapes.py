"""The keys of `--json` that docs/operations.md lists, against what the commands print."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.documents import BIN, ROOT, environment

_ROW = re.compile(r"^\| ((?:`[a-z-]+(?: [a-z]+)?`(?:, )?)+) \| ((?:`[a-z_]+`(?:, )?)+) \|$", re.MULTILINE)
_GROUPS = {"alarm", "catalog", "category", "config", "library", "record", "schedule"}
_COMMANDS = (
    "init",
    "status",
    "alarm test",
    "config check",
    "config show",
    "config schema",
    "backup",
    "list",
    "check",
    "show latest",
    "verify latest",
    "drill latest",
    "restore latest --dry-run",
    "restore latest --stage --yes",
    "restore-cancel",
    "restore latest --now --yes",
    "apply",
    "undo --yes",
    "history",
    "copy latest ../copy.zip",
    "adopt ../copy.zip",
    "pin latest",
    "unpin latest",
    "backup",
    "delete latest --yes",
    "prune",
    "schedule show",
    "schedule set --time 03:00",
    "schedule enable",
    "schedule disable",
    "category list tmdb-550",
    "category schema trivia",
    "category template trivia",
    "category export tmdb-550 trivia",
    "category export tmdb-550 all -o ../films.zip",
    "category validate ../films.zip",
    "category import ../films.zip",
    "category drafts",
    "category diff tmdb-550 media",
    "category drop tmdb-550 media --yes",
    "category publish tmdb-550",
    "category import ../changed.json --publish",
    "category log tmdb-550",
    "category revert 1 --yes",
    "record tables movies",
    "record list movies genres",
    "record schema movies genres",
    "record export movies genres 1",
    "record validate movies genres ../genre.json",
    "record import movies genres 1 ../genre.json",
    "record drafts movies",
    "record diff movies genres 1",
    "record publish movies genres 1 --on-conflict ours",
    "record log movies",
    "record revert movies 3 --yes",
    "record import movies genres 1 ../genre.json",
    "record drop movies genres 1 --yes",
    "library users",
    "library settings mira --backup on",
    "library export mira -o ../mira.json",
    "library import mira ../mira.json",
    "library restore mira ../mira.json --dry-run",
    "library restore mira ../changed-mira.json --yes",
    "library undo mira --yes",
    "library backups mira",
    "library schema",
    "library enrich",
    "catalog rebuild",
    "systemd",
    "demo ../another",
)


def _documented() -> dict[str, set[str]]:
    told = (ROOT / "docs" / "operations.md").read_text().partition("\n## JSON\n")[2]
    return {
        command: set(re.findall(r"`([a-z_]+)`", keys))
        for commands, keys in _ROW.findall(told)
        for command in re.findall(r"`([a-z -]+)`", commands)
    }


def _name(line: str) -> str:
    words = line.split()
    return " ".join(words[:2] if words[0] in _GROUPS else words[:1])


@pytest.mark.slow
def test_each_command_has_the_keys_that_are_documented(tmp_path: Path) -> None:
    site = tmp_path / "site"

    def run(line: str, folder: Path) -> dict[str, object]:
        done = subprocess.run(
            [str(BIN / "greenroom"), *line.split(), "--json"],
            cwd=folder,
            env=environment(tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        found: dict[str, object] = json.loads(done.stdout)
        return found

    run(f"demo {site}", tmp_path)
    configuration = site / "greenroom.toml"
    configuration.write_text(
        configuration.read_text() + '\n[alarms]\ncommand = "true"\n[enrichment]\ntmdb_key = "none"\n'
    )
    changed = {"category": "media", "movie_id": "tmdb-550", "data": {"trailer_url": None}}
    exported = run("category export tmdb-550 media", site)["envelope"]
    assert isinstance(exported, dict)
    (tmp_path / "changed.json").write_text(json.dumps({**exported, **changed}))
    (tmp_path / "genre.json").write_text(json.dumps({"table": "genres", "key": "1", "data": {"name": "Pictures"}}))
    run("library export mira -o ../changed-mira.json", site)
    mira = json.loads((tmp_path / "changed-mira.json").read_text())
    (tmp_path / "changed-mira.json").write_text(json.dumps({**mira, "rankings": []}))
    documented = _documented()
    assert {_name(line) for line in _COMMANDS} == set(documented)
    for line in _COMMANDS:
        found = run(line, site)
        assert found.pop("greenroom_json") == 1
        assert found.pop("command") == _name(line)
        assert set(found) == documented[_name(line)], line
