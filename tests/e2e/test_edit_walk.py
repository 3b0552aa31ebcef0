"""A walk through the editor in a real terminal: find a film, make a mistake, see it, mend it, publish."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.documents import BIN, environment
from tests.e2e.tmux import SECONDS, Terminal


def _greenroom(site: Path, *words: str) -> str:
    return subprocess.run(
        [str(BIN / "greenroom"), *words],
        cwd=site,
        env=environment(site.parent),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    ).stdout


def _data(site: Path, category: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_greenroom(site, "category", "export", "tmdb-550", category))["data"]
    return data


@pytest.mark.slow
def test_a_mistake_is_seen_mended_and_published(site: Path, terminal: Terminal) -> None:
    before = {category: _data(site, category) for category in ("basic-info", "cast-crew", "media", "trivia")}

    terminal.run('greenroom; echo "left with $?"')
    terminal.wait_for("movies", "NO GOOD BACKUP YET")
    terminal.press("5")
    terminal.wait_for("Films of movies", "2001: A Space Odyssey")
    terminal.press("/")
    terminal.wait_for("Find:")
    terminal.type("fight club")
    terminal.wait_for("Films: 1 of 49")
    terminal.press("Enter")
    terminal.wait_for("enter Edit")
    terminal.press("Enter")
    terminal.wait_for("Edit Fight Club (1999)", '"runtime": 139', "nothing: it is as it is live")

    terminal.press("Down", "Down", "Down", "Down", "Down", "End", "BSpace")
    terminal.type("00x,")
    terminal.wait_for("1 PROBLEM", "line 6, column 14: 13900x is no number in JSON")
    terminal.press("BSpace", "BSpace")
    terminal.type(",")
    terminal.wait_for("changed runtime: 139 -> 13900", "CHANGED, not saved")
    terminal.press(*["BSpace"] * len("13900,"))
    terminal.type('"x",')
    terminal.wait_for('line 6, column 14, runtime: "x"', "a whole number from 0 to")
    terminal.press("BSpace", "BSpace", "BSpace", "BSpace")
    terminal.type("141,")
    terminal.wait_for("no problem", "changed runtime: 139 -> 141")

    terminal.press("C-g")
    terminal.wait_for("Publish Basic information of Fight Club (1999)?", "changed runtime: 139 -> 141")
    terminal.wait_for_focus("Cancel")
    terminal.press("Tab")
    terminal.wait_for_focus("Publish")
    terminal.press("Enter")
    terminal.wait_for("LIVE, as the site has it", "nothing: it is as it is live")
    terminal.press("Escape")
    terminal.wait_for("Films of movies")
    terminal.press("q")
    terminal.wait_for("left with 0")

    after = {category: _data(site, category) for category in before}
    assert after == before | {"basic-info": before["basic-info"] | {"runtime": 141}}
    (entry,) = json.loads(_greenroom(site, "--json", "category", "log", "tmdb-550"))["entries"]
    assert (entry["fields"], entry["source"]) == (["runtime"], "manual")
    _greenroom(site, "category", "revert", str(entry["id"]), "--yes")
    assert {category: _data(site, category) for category in before} == before
