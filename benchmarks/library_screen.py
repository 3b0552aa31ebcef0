"""The films of a library on the screen: how long until they stand there, and until a key shows, beside two peers.

`python -m benchmarks.library_screen --folder FOLDER`: the first peer is the list of 5,000 backups on the same terminal,
the second an app with Textual's own DataTable that is given the films as they come from the database.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from benchmarks.listing import BACKUPS, add_backups
from benchmarks.screen import Terminal, key_times, quantiles, terminal
from benchmarks.site import Site, large_site
from benchmarks.table import Row, as_table

_FILMS = 100_000
_SEARCHED = b"fincher"
_END = b"\x1b[F"
_PEER_SHOWN = 10_000  # of the films: with all of them the plain DataTable takes a quarter of a minute

_PEER = """\
import sqlite3, sys, time
from textual.app import App
from textual.widgets import DataTable

class Films(App):
    def compose(self):
        yield DataTable(cursor_type="row")
    def on_mount(self):
        began = time.perf_counter()
        table = self.query_one(DataTable)
        table.add_columns("Title", "Year", "Id")
        rows = sqlite3.connect(sys.argv[1]).execute(
            "SELECT title, year, external_id FROM movies ORDER BY title LIMIT ?", (int(sys.argv[2]),))
        table.add_rows(rows)
        self.call_after_refresh(lambda: self.exit(time.perf_counter() - began))

print(Films().run(headless=True))
"""


def measure(folder: Path, films: int, rounds: int) -> list[Row]:
    """Return rows for the first films, for a key, for going far, and for a search."""
    site = large_site(folder, films)
    add_backups(site, BACKUPS)
    last = _last_title(site)
    first, search, far = [], [], []
    keys: list[float] = []
    backups: list[float] = []
    for _ in range(rounds):
        with terminal(site) as app:
            app.wait_for(b"number 0")
            app.settle()
            backups += key_times(app)
            first.append(_seconds(app, b"5", b"by title"))
            app.settle()
            keys += key_times(app)
            far.append(_seconds(app, _END, last))
            app.settle()
            app.press(b"/")
            app.settle()
            search.append(_seconds(app, _SEARCHED, b"match"))
    plain = statistics.median(_plain(site) for _ in range(rounds))
    ours = statistics.median(first)
    return [
        Row(
            f"5 to the first of {films:,} films",
            f"{ours:.2f} s",
            f"a DataTable of {_PEER_SHOWN:,} of them: {plain:.2f} s",
            f"{ours / plain:.2f}",
            "below 1 s",
        ),
        Row(
            "a key to its paint",
            quantiles(keys),
            f"in the list of {BACKUPS:,} backups: {quantiles(backups)}",
            f"{statistics.median(keys) / statistics.median(backups):.2f}",
        ),
        Row("to the last film and its page", f"{statistics.median(far):.2f} s"),
        Row("the last letter of a search to what was found", f"{statistics.median(search):.2f} s"),
    ]


def _seconds(app: Terminal, keys: bytes, words: bytes) -> float:
    started = time.perf_counter()
    app.press(keys)
    app.wait_for(words)
    return time.perf_counter() - started


def _plain(site: Site) -> float:
    command = [sys.executable, "-c", _PEER, str(site.database), str(_PEER_SHOWN)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(ended.stdout.split()[-1])


def _last_title(site: Site) -> bytes:
    with closing(sqlite3.connect(site.database)) as connection:
        (title,) = connection.execute("SELECT title FROM movies ORDER BY title DESC, id DESC LIMIT 1").fetchone()
    return str(title).encode()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.library_screen", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the site is made; it is kept for later")
    parser.add_argument("--films", type=int, default=_FILMS)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the median counts")
    arguments = parser.parse_args()
    print(as_table(measure(arguments.folder, arguments.films, arguments.rounds)))


if __name__ == "__main__":
    main()
