"""What is on each picture: the keys that lead to it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from core.backup import BackupRequest, create_backup
from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.keep import delete_backup
from core.library.transfer import find_user
from core.library.users import copies_folder, export_file
from core.progress import Reporter
from core.restore.stage import cancel_restore, stage_restore
from core.runner.turn import who_runs
from tests.pictures.site import NOW
from tests.tui.driver import NARROW, WIDE, drive_app
from tui.app import GreenroomApp

SIZES = {"": WIDE, "_80x24": NARROW}
_URL = ("s", "q", "l", "i", "t", "e", "colon", "slash", "slash", "slash", *"new", "full_stop", *"db")
_TYPE_3, _TYPE_2 = ("end", "ctrl+u", "3"), ("end", "ctrl+u", "2")
_POLICY = (*("tab",) * 7, *_TYPE_3, "tab", "tab", *_TYPE_2, *("tab",) * 6, *("left",) * 4)
_OPENED = ("5", "slash", *"fight", "enter", "enter", *("down",) * 5, "end")
_EDITED = (*_OPENED, "left", "backspace", "1", "up", "up", "end", *("left",) * 2, "backspace", "8")
_WRONG = (*_OPENED, "left", *"00x")
_MIRA = ("6", "down")
_COPIED = NOW - timedelta(days=2)
Around = Callable[[Context, Site], AbstractContextManager[Context]]


@contextmanager
def _as_it_is(context: Context, site: Site) -> Iterator[Context]:
    del site
    yield context


@contextmanager
def _staged(context: Context, site: Site) -> Iterator[Context]:
    """A restore waits while the picture is taken."""
    stage_restore(context, site, context.catalog.resolve("latest", site.name), Reporter())
    yield context
    cancel_restore(context, site)


@contextmanager
def _several(context: Context, site: Site) -> Iterator[Context]:
    """There is another site, without a backup."""
    sites = {site.name: site, "shop": replace(site, name="shop")}
    yield replace(context, settings=replace(context.settings, sites=sites))


@contextmanager
def _portable(context: Context, site: Site) -> Iterator[Context]:
    """The newest backup is a portable one while the picture is taken."""
    request = BackupRequest("portable", description="to move to the server")
    made = create_backup(context, site, Reporter(), request).record
    yield context
    delete_backup(context, site, made)


@contextmanager
def _unedited(context: Context, site: Site) -> Iterator[Context]:
    """What is typed for the picture is offered in no other."""
    yield context
    for file in context.site_folder(site).glob("edits.db*"):
        file.unlink()


@contextmanager
def _of_a_user(context: Context, site: Site) -> Iterator[Context]:
    """There is a file of mira's library to import, beside the app, and a daily copy of it."""
    with reading(site.database_url()) as session:
        user = find_user(session, "mira")
    file = Path("mira.json")
    export_file(context, site, user.id, file, Reporter())
    library = json.loads(file.read_text())
    copy = copies_folder(context, site) / user.id / "2026-06-10.json"
    copy.parent.mkdir(parents=True)
    fewer = library["movies"][3:]
    there = {movie["imdb_id"] for movie in fewer}
    ranked = [one for one in library["rankings"][2:] if one["imdb_id"] in there]
    copy.write_text(json.dumps({**library, "movies": fewer, "rankings": ranked}))
    os.utime(copy, (_COPIED.timestamp(),) * 2)
    first, second, third, *others = library["movies"]
    new = {
        **first,
        "imdb_id": "tt0156887",
        "recommendations": [{**first["recommendations"][0], "person_name": "Nadia"}],
    }
    changed = [{**first, "status": "seen"}, {**second, "status": "deleted", "last_modified": _COPIED.timestamp()}]
    file.write_text(json.dumps({**library, "movies": [*changed, third, new, *others]}))
    yield context
    file.unlink()
    shutil.rmtree(copies_folder(context, site))


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture's name, what it shows, the keys pressed before it is taken, and what there is around it."""

    name: str
    caption: str
    keys: tuple[str, ...] = ()
    around: Around = _as_it_is


SCENES = (
    Scene("backups", "The backups of a site"),
    Scene("help", "The keys of a screen", ("question_mark",)),
    Scene("schedule", "When backups are made, and what is kept", ("4",)),
    Scene("policy", "What another policy would remove, before it is saved", ("4", *_POLICY)),
    Scene("unsaved", "Nothing is lost without a question", ("4", "right", "escape")),
    Scene("prune", "What a clean-up takes away", ("P",)),
    Scene("filter", "The list, filtered", ("slash", *"pinned", "enter")),
    Scene("delete", "What a deletion takes away", ("down", "down", "d")),
    Scene("new", "A new backup", ("n",)),
    Scene("portable", "A portable backup: which tables", ("n", "tab", "tab", "enter")),
    Scene("copy", "A copy of an archive, elsewhere", ("c",)),
    Scene("adopt", "An archive from elsewhere", ("a",)),
    Scene("restore", "What a restore would do, and the consent to it", ("down", "down", "r")),
    Scene("pending", "A restore that waits is said first", around=_staged),
    Scene("sites", "Several sites", ("s",), _several),
    Scene("history", "What was restored, undone and deleted", ("2",)),
    Scene("undo", "What an undo would do", ("2", "u")),
    Scene("library", "The films of a library, and what each category holds", ("5",)),
    Scene("editor", "A category as text, with what it would change", _EDITED, _unedited),
    Scene("wrong", "What is wrong in a text, with its place", _WRONG, _unedited),
    Scene("publish", "What publishing would change", (*_EDITED, "ctrl+g"), _unedited),
    Scene("users", "The users of a library, and how old their last copies are", ("6",)),
    Scene(
        "user-import", "What an import would do, and what it refuses", (*_MIRA, "i", *"mira.json", "enter"), _of_a_user
    ),
    Scene("user-copies", "The copies of a user", (*_MIRA, "enter"), _of_a_user),
    Scene(
        "user-restore", "What a restore would take from a user, and the consent", (*_MIRA, "enter", "enter"), _of_a_user
    ),
    Scene("messages", "What was said before", ("v", "3")),
    Scene("palette", "Commands by their names", ("ctrl+p",)),
    Scene("restored", "How a restore came out", ("r", "tab", *"movies", "tab", "tab", "tab", "enter")),
    Scene("choices", "A portable backup: cleared or merged, which tables, and where to", ("r",), _portable),
    Scene("mode", "Cleared or merged", ("r", "m"), _portable),
    Scene("tables", "Which tables are restored", ("r", "t", "down", "space"), _portable),
    Scene("into", "Into its own site, another one, or a database", ("r", "i"), _portable),
    Scene("elsewhere", "What comes into an empty database", ("r", "i", "down", "enter", *_URL, "enter"), _portable),
)


async def draw(context: Context, site: Site) -> AsyncIterator[tuple[str, str]]:
    """Yield the name of each picture and the picture, as SVG."""
    for scene in SCENES:
        for suffix, size in SIZES.items():
            with scene.around(context, site) as around:
                app = GreenroomApp(around, site.name, runs_schedules=True)
                async with drive_app(app, size) as driver:
                    await driver.until(partial(_is_run, around))
                    await driver.look()
                    for key in scene.keys:
                        await driver.press(key)
                    yield f"{scene.name}{suffix}", without_fonts(app.export_screenshot(title="greenroom"))


def _is_run(context: Context) -> bool:
    return who_runs(context) is not None


def without_fonts(svg: str) -> str:
    """Leave the addresses of fonts out: a picture is drawn with the reader's own."""
    before, _, rest = svg.partition("@font-face")
    while rest:
        _, _, rest = rest.partition("}")
        start, found, rest = rest.partition("@font-face")
        before += start
        if not found:
            break
    return before.replace("Fira Code", "DejaVu Sans Mono")
