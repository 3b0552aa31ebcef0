"""One walk through the app in a real terminal: back up, restore, quit, undo."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.tmux import Terminal
from tests.support import database_state


def _count(site: Path) -> int:
    with closing(sqlite3.connect(site / "app.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM watch_history").fetchone()[0])


def _forget_what_was_watched(site: Path) -> None:
    with closing(sqlite3.connect(site / "app.db")) as connection:
        connection.execute("DELETE FROM watch_history")
        connection.commit()


@pytest.mark.slow
def test_a_backup_a_restore_and_an_undo(site: Path, terminal: Terminal) -> None:
    watched = _count(site)
    assert watched

    terminal.run('greenroom; echo "left with $?"')
    terminal.wait_for("movies", "NO GOOD BACKUP YET")
    terminal.press("n")
    terminal.wait_for("New backup of movies")
    terminal.type("from the walk")
    terminal.press("Enter")
    terminal.wait_for("is complete and verified")
    terminal.wait_for("from the walk", "completed", "last good backup")

    _forget_what_was_watched(site)
    terminal.press("r")
    screen = terminal.wait_for("Restore movies?", "app.db", "WHAT IS LOST", "Type the name of the site")
    assert re.search(rf"watch_history +0 +{watched} +\+{watched}\b", screen)
    terminal.wait_for_focus("Cancel")
    terminal.press("Tab")
    terminal.wait_for_focus("Cancel", gone=True)
    terminal.type("movies")
    terminal.wait_for("Restore now: carried out at once.")
    for key, choice in (("Enter", "Cancel"), ("Tab", "Stage"), ("Tab", "Restore now")):
        terminal.press(key)
        terminal.wait_for_focus(choice)
    terminal.press("Enter")
    terminal.wait_for("NEW: movies is now as in", "greenroom undo movies")
    assert _count(site) == watched
    terminal.press("Escape")
    terminal.wait_for("safety", "from the walk")
    terminal.press("q")
    terminal.wait_for("left with 0")

    terminal.run("greenroom undo")
    terminal.wait_for("Type the name of the site to undo")
    terminal.run("movies")
    terminal.wait_for("movies is the NEW one: undo of")
    assert _count(site) == 0


@pytest.mark.slow
def test_enter_on_the_confirmation_changes_nothing(site: Path, terminal: Terminal) -> None:
    terminal.run('greenroom backup; greenroom; echo "left with $?"')
    terminal.wait_for("last good backup", "completed")
    before = database_state(site / "app.db")
    terminal.press("r")
    terminal.wait_for("Restore movies?", "WHAT IS LOST")
    terminal.wait_for_focus("Cancel")
    terminal.press("Enter")
    terminal.wait_for("last good backup", "Back up")
    terminal.press("q")
    terminal.wait_for("left with 0")
    assert database_state(site / "app.db") == before
    assert len(list((site / "backups" / "movies").glob("*.zip"))) == 1


@pytest.mark.slow
def test_the_tour_of_a_newcomer(terminal: Terminal) -> None:
    terminal.run('greenroom; echo "left with $?"')
    terminal.wait_for("movies", "NO GOOD BACKUP YET")
    terminal.press("?")
    terminal.wait_for("Keys of this screen", "Restore: ")
    terminal.wait_for_focus("Close")
    terminal.press("Enter")
    terminal.wait_for_focus("Close", gone=True)
    terminal.press("2")
    terminal.wait_for("History of movies", "Nothing was restored or deleted yet")
    terminal.press("u")
    terminal.wait_for("nothing to undo")
    terminal.press("3")
    terminal.wait_for("Messages (", "nothing to undo", "warning")
    terminal.press("w")
    terminal.wait_for("written to")
    terminal.press("1")
    terminal.wait_for("NO GOOD BACKUP YET", "No backup yet")
    terminal.press("q")
    terminal.wait_for("left with 0")


@pytest.mark.slow
def test_a_damaged_database_is_restored_and_its_bytes_are_kept(site: Path, terminal: Terminal) -> None:
    watched = _count(site)
    terminal.run("greenroom backup --quiet; echo made")
    terminal.wait_for("\nmade")
    for name in ("app.db-wal", "app.db-shm"):
        (site / name).unlink(missing_ok=True)
    (site / "app.db").write_bytes(b"not a database any more " * 500)
    terminal.run('greenroom; echo "left with $?"')
    terminal.wait_for("last good backup", "completed")
    terminal.press("r")
    terminal.wait_for("Restore movies?", "(damaged)", "Type the name of the site")
    terminal.wait_for_focus("Cancel")
    terminal.press("Tab")
    terminal.wait_for_focus("Cancel", gone=True)
    terminal.type("movies")
    terminal.wait_for("Restore now: carried out at once.")
    for key, choice in (("Enter", "Cancel"), ("Tab", "Stage"), ("Tab", "Restore now")):
        terminal.press(key)
        terminal.wait_for_focus(choice)
    terminal.press("Enter")
    terminal.wait_for("NEW: movies is now as in", "set aside as it was")
    assert _count(site) == watched
    terminal.press("Enter")
    terminal.wait_for("last good backup")
    terminal.press("q")
    terminal.wait_for("left with 0")
    (kept,) = site.glob(".greenroom-set-aside-*/app.db")
    assert kept.read_bytes().startswith(b"not a database any more ")


@pytest.mark.slow
def test_a_connection_that_breaks_while_a_restore_is_applied(site: Path, terminal: Terminal, tmp_path: Path) -> None:
    watched = _count(site)
    terminal.run("greenroom backup --quiet; echo made")
    terminal.wait_for("\nmade")
    _forget_what_was_watched(site)
    terminal.run("greenroom restore latest --stage --yes --quiet; echo staged")
    terminal.wait_for("\nstaged")
    # The safety backup asks for the version of the application, which answers once it is let go.
    for name in ("hold", "asked"):
        os.mkfifo(tmp_path / name, 0o600)
    (site / "version.sh").write_text(
        f"test -e '{tmp_path}/go' || {{ echo asked > '{tmp_path}/asked'; read line < '{tmp_path}/hold'; }}; echo 1\n"
    )
    config = site / "greenroom.toml"
    before = config.read_text()
    without_version = re.sub(r"(?m)^version = .*\n", "", before)
    config.write_text(without_version + 'version_command = "sh version.sh"\n')
    terminal.run("greenroom")
    terminal.wait_for("A RESTORE IS PENDING")
    terminal.wait_for_focus("Later")
    terminal.press("Tab", "Tab")
    terminal.wait_for_focus("Apply now")
    terminal.press("Enter")
    terminal.wait_for("Apply the restore of", "WHAT IS LOST")
    terminal.wait_for_focus("Cancel")
    terminal.press("BTab")
    terminal.wait_for_focus("Cancel", gone=True)
    terminal.type("movies")
    terminal.press("Enter")
    terminal.wait_for_focus("Cancel")
    terminal.press("Tab")
    terminal.wait_for_focus("Apply now")
    terminal.press("Enter")
    assert (tmp_path / "asked").read_text() == "asked\n"
    terminal.close()
    (tmp_path / "go").touch()
    (tmp_path / "hold").write_text("go on\n")
    with (site / "state" / "sites" / "movies" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the broken one has come to its end
    config.write_text(before)
    # The hang-up may come after the switch has begun, which is then finished: old and pending, or new, never between.
    is_old = _count(site) == 0
    assert is_old or _count(site) == watched
    again = Terminal(site, f"greenroom-again-{os.getpid()}")
    try:
        again.run('greenroom; echo "left with $?"')
        if is_old:
            again.wait_for("A RESTORE IS PENDING", "staged and waiting; nothing of the site is changed yet")
            again.wait_for_focus("Later")
            again.press("Enter")
        again.wait_for("last good backup")
        again.press("q")
        again.wait_for("left with 0")
        again.run('greenroom apply; echo "applied with $?"')
        again.wait_for("applied with 0")
        assert _count(site) == watched
    finally:
        again.close()
