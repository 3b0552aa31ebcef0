"""The demo site: a database, its uploaded files, and the greenroom.toml that names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from core.errors import GreenroomError, UsageError
from core.filesystem import PRIVATE_FOLDER, Filesystem
from core.library.facts import real_movies
from core.library.fill import fill
from core.progress import Reporter

SITE = "movies"
DEFAULT_SEED = 7
MOST_MOVIES = 999_999

_CONFIG = "greenroom.toml"
_DATABASE = "app.db"
_UPLOADS = "uploads"
_UNFINISHED = ".demo.partial"
_FIRST_LINE = re.compile(r"# The demo site of greenroom: (\d+) movies, seed (-?\d+)\.")
_CONFIG_TEXT = """\
# The demo site of greenroom: {movies} movies, seed {seed}.
# Everything here was made by `greenroom demo`; the folder can be deleted.
state = "state"
storage = "backups"

[sites.movies]
database = "sqlite:///app.db"
files = ["uploads"]
exclude = ["*.tmp"]
time_zone = "Europe/Berlin"
version = "1.4"
"""


@dataclass(frozen=True, slots=True)
class DemoSite:
    """A demo site on the disk. `created` is False where it was there already."""

    folder: Path
    config: Path
    database: Path
    uploads: Path
    site: str
    movies: int
    seed: int
    created: bool


def write_demo(
    folder: Path,
    *,
    movies: int | None = None,
    seed: int = DEFAULT_SEED,
    disk: Filesystem,
    reporter: Reporter,
) -> DemoSite:
    """Given a folder that is empty or does not exist, write the demo site into it; the same for the same seed.

    `movies` is the number of all movies; those beyond the real ones are made up. Where the very same demo is there
    already, nothing is done. Raise UsageError, with nothing changed, where the folder holds anything else;
    CancelledError, with nothing left, where asked to stop.
    """
    movies = _checked_number(movies)
    folder = folder.absolute()
    if _holds_demo(folder, movies, seed):
        return _site(folder, movies, seed, created=False)
    _refuse_if_taken(folder)
    with _errors_of(folder), _new_folder(folder, disk):
        unfinished = folder / _UNFINISHED
        disk.remove_folder(unfinished)
        disk.make_folder(unfinished)
        fill(
            unfinished / _DATABASE,
            unfinished / _UPLOADS,
            movies=movies,
            seed=seed,
            disk=disk,
            reporter=reporter,
        )
        reporter.phase("making it durable", None, "steps")
        disk.sync_filesystem(unfinished)
        # The configuration comes last: without it there is no site.
        for name in (_DATABASE, _UPLOADS):
            disk.rename(unfinished / name, folder / name)
        disk.remove_folder(unfinished)
        disk.fsync_folder(folder)
        disk.replace_file(folder / _CONFIG, _CONFIG_TEXT.format(movies=movies, seed=seed).encode())
    return _site(folder, movies, seed, created=True)


def _checked_number(movies: int | None) -> int:
    """Return how many movies there will be; raise UsageError where that is impossible."""
    real = len(real_movies())
    if movies is None:
        return real
    if not real <= movies <= MOST_MOVIES:
        raise UsageError(
            f"the demo cannot have {movies} movies",
            hint=f"from {real}, the real ones, which are always there, to {MOST_MOVIES}",
        )
    return movies


def _holds_demo(folder: Path, movies: int, seed: int) -> bool:
    """Return whether this very demo is in the folder; raise UsageError where it is another one."""
    try:
        with (folder / _CONFIG).open("rb") as file:
            first_line = file.readline(200).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise GreenroomError(f"cannot read {folder / _CONFIG}: {error.strerror}") from error
    found = _FIRST_LINE.match(first_line)
    if found is None or not (folder / _DATABASE).is_file() or not (folder / _UPLOADS).is_dir():
        return False
    there = (int(found[1]), int(found[2]))
    if there != (movies, seed):
        raise UsageError(
            f"{folder} holds another demo: {there[0]} movies, seed {there[1]}",
            hint="name another folder, or delete this one; nothing was changed",
        )
    return True


def _refuse_if_taken(folder: Path) -> None:
    """Return where the folder does not exist, or holds at most the unfinished part of a demo; else raise UsageError."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        if folder.is_symlink():
            raise UsageError(f"{folder} is a link that leads nowhere", hint="name another folder") from None
        return
    except NotADirectoryError:
        raise UsageError(f"{folder} is not a folder", hint="name one that is empty or does not exist") from None
    except OSError as error:
        raise GreenroomError(f"cannot look into {folder}: {error.strerror}") from error
    if not names - {_UNFINISHED}:
        return
    if names <= {_UNFINISHED, _DATABASE, _UPLOADS, _CONFIG + ".partial"} and _CONFIG not in names:
        raise UsageError(
            f"{folder} holds a part of a demo that was interrupted, or a database of yours",
            hint="look, delete it if it is not yours, and try again; nothing was changed",
        )
    raise UsageError(
        f"{folder} is not empty: it holds {min(names - {_UNFINISHED})}",
        hint="the demo overwrites nothing: name a folder that is empty or does not exist",
    )


@contextmanager
def _new_folder(folder: Path, disk: Filesystem) -> Iterator[None]:
    """Make the folder private, and take away all that the block put there where it fails."""
    made: list[Path] = []
    finished = False
    try:
        for path in reversed(_missing(folder)):
            disk.make_folder(path)
            made.insert(0, path)
            disk.fsync_folder(path.parent)
        folder.chmod(PRIVATE_FOLDER)
        yield
        finished = True
    finally:
        if not finished:
            _take_away(folder, made, disk)


def _missing(folder: Path) -> list[Path]:
    """Return the folder and those above it that do not exist, innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _take_away(folder: Path, made: list[Path], disk: Filesystem) -> None:
    # The configuration first: what is left by a second failure must not look whole.
    disk.unlink(folder / _CONFIG)
    disk.unlink(folder / (_CONFIG + ".partial"))
    disk.unlink(folder / _DATABASE)
    disk.remove_folder(folder / _UPLOADS)
    disk.remove_folder(folder / _UNFINISHED)
    for path in made:
        disk.remove_folder(path)


@contextmanager
def _errors_of(folder: Path) -> Iterator[None]:
    """Say what could not be written, and that nothing was left."""
    try:
        yield
    except (OSError, SQLAlchemyError) as error:
        reason = error.strerror if isinstance(error, OSError) else getattr(error, "orig", None)
        raise GreenroomError(
            f"the demo could not be written into {folder}: {reason or error}",
            hint="there must be space and permission to write; nothing was left there",
        ) from error


def _site(folder: Path, movies: int, seed: int, *, created: bool) -> DemoSite:
    return DemoSite(
        folder=folder,
        config=folder / _CONFIG,
        database=folder / _DATABASE,
        uploads=folder / _UPLOADS,
        site=SITE,
        movies=movies,
        seed=seed,
        created=created,
    )
