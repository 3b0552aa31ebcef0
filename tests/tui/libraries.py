"""A site that is a movie library, for tests that drive the app on it."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.library.facts import real_movies
from core.progress import Reporter
from tests.support import Place, make_place

MADE_UP = 300
FILMS = len(real_movies()) + MADE_UP


def make_library(root: Path) -> Place:
    """Make a site whose database is the demo's library."""
    place = make_place(root)
    for file in place.database.parent.glob("app.db*"):
        file.unlink()
    shutil.copy(_library(), place.database)
    return place


@cache
def _library() -> Path:
    """Write the demo once a process."""
    folder = Path(mkdtemp(prefix="greenroom-library-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write_demo(folder / "demo", movies=FILMS, disk=Filesystem(), reporter=Reporter()).database
