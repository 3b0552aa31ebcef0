"""A walk through the users of a library in a real terminal: export one, lose something, restore it, undo that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.tmux import Terminal

_OF_MIRA = "FROM watch_history WHERE user_id = (SELECT id FROM users WHERE username = 'mira')"


def _watched(site: Path) -> int:
    with closing(sqlite3.connect(site / "app.db")) as connection:
        return int(connection.execute(f"SELECT count(*) {_OF_MIRA}").fetchone()[0])


@pytest.mark.slow
def test_an_export_a_restore_and_an_undo(site: Path, terminal: Terminal) -> None:
    watched = _watched(site)
    assert watched

    terminal.run('greenroom; echo "left with $?"')
    terminal.wait_for("movies", "6 Users")
    terminal.press("6")
    terminal.wait_for("Users: 2", "jonas@movies.example")
    terminal.press("Down")
    terminal.wait_for("mira@movies.example  ")
    terminal.press("a")
    terminal.wait_for("Export the library of mira")
    terminal.press("Enter")
    terminal.wait_for("moviemanager-export-", "movies, 7 people")
    [exported] = site.glob("moviemanager-export-*.json")

    with closing(sqlite3.connect(site / "app.db")) as connection:
        connection.execute(f"DELETE {_OF_MIRA}")
        connection.commit()
    terminal.press("Enter")
    terminal.wait_for("Copies of the library of mira", "There is no copy yet")
    terminal.press("Tab")
    terminal.wait_for_focus("File...")
    terminal.press("Enter")
    terminal.wait_for("File or folder:", "moviemanager-export-")
    terminal.type(exported.name)
    terminal.press("Enter")
    terminal.wait_for(
        "Make the library of mira what moviemanager-export-", "WHAT IS LOST", f"{watched} of the movies are replaced"
    )
    terminal.wait_for_focus("Cancel")
    terminal.press("BTab")
    terminal.wait_for_focus("Cancel", gone=True)
    terminal.type("mira")
    terminal.press("Tab", "Tab")
    terminal.wait_for_focus("Restore now")
    terminal.press("Enter")
    terminal.wait_for(f"Restore for mira done: {watched} records changed", "u goes back to it")
    assert _watched(site) == watched

    terminal.press("Escape")
    terminal.wait_for("Users: 2")
    terminal.press("u")
    terminal.wait_for("Bring the library of mira back to before-restore-", f"{watched} of the movies are replaced")
    terminal.wait_for_focus("Cancel")
    terminal.press("BTab")
    terminal.wait_for_focus("Cancel", gone=True)
    terminal.type("mira")
    terminal.press("Tab", "Tab")
    terminal.wait_for_focus("Undo now")
    terminal.press("Enter")
    terminal.wait_for(f"done: {watched} records changed")
    assert _watched(site) == 0
