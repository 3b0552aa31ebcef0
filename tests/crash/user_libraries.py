"""Small users' libraries on real databases, and where a verb on them can be killed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import text

from core.config import Settings, Site
from core.context import Context, open_context
from core.databases.sessions import reading, writing
from core.filesystem import Filesystem
from core.library.models import Base
from core.library.transfer import (
    UserRow,
    copies,
    export_library,
    find_user,
    import_library,
    open_library,
    refused_records,
    set_backup,
)
from core.library.users import copies_folder
from core.library.users.places import KEPT_SAFETIES
from core.progress import Reporter
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.transfer_support import JONAS, MIRA, NOW, add_user, exported, write_file
from tests.support import SteppingClock

_EARLIER = "before-restore-2020-"


@dataclass(frozen=True)
class Shelf:
    """Mira's and Jonas's libraries in a database, and the folder where greenroom keeps what it knows of them."""

    root: Path
    url: str
    context: Context
    site: Site

    @property
    def mira(self) -> UserRow:
        with reading(self.site.database_url()) as session:
            return find_user(session, MIRA)

    @property
    def file(self) -> Path:
        """Mira's library as it was at first."""
        return self.root / "library.json"

    @property
    def copies(self) -> Path:
        return copies_folder(self.context, self.site) / MIRA

    def at(self, root: Path, disk: Filesystem | None = None) -> Shelf:
        """The same database with another folder, or another disk."""
        return open_shelf(root, self.url, disk)

    def execute(self, *statements: str) -> None:
        with writing(self.site.database_url()) as session:
            for statement in statements:
                session.execute(text(statement))
            session.commit()

    def content(self) -> list[object]:
        """Each user's library."""
        with reading(self.site.database_url()) as session:
            return [exported(session, user) for user in (MIRA, JONAS)]

    def is_sound(self) -> bool:
        """Whether every copy of Mira's that was made since is whole, and one that a restore takes."""
        made = [copy.path for copy in copies(self.copies.parent, MIRA) if not copy.file_name.startswith(_EARLIER)]
        return not any(refused_records(open_library(path, Reporter()), Reporter()).errors.total for path in made)


def open_shelf(root: Path, url: str, disk: Filesystem | None = None) -> Shelf:
    site = Site(name="movies", database=url, files={}, folder=root)
    settings = Settings(
        source=root / "greenroom.toml", state=root / "state", storage=root / "backups", sites={"movies": site}
    )
    context = replace(open_context(settings, disk=disk, clock=SteppingClock()), actor="Anna")
    return Shelf(root, url, context, site)


def make_shelf(root: Path, url: str) -> Shelf:
    """Make the tables and two libraries, more safety copies than stay, and what a dead process left of one."""
    shelf = open_shelf(root, url)
    for name in ("state", "backups"):
        (root / name).mkdir(mode=0o700, parents=True)
    with writing(shelf.site.database_url()) as session:
        Base.metadata.create_all(session.connection())
        session.commit()
    file = open_library(write_file(root, FULL), Reporter())
    with writing(shelf.site.database_url()) as session:
        for user, name in ((MIRA, "mira"), (JONAS, "jonas")):
            add_user(session, user, name)
            import_library(session, user, file, now=NOW, reporter=Reporter())
            set_backup(session, user, enabled=True)
        session.commit()
        shelf.file.write_bytes(b"".join(export_library(session, MIRA, now=NOW, reporter=Reporter()).blocks))
    shelf.copies.mkdir(mode=0o700, parents=True)
    for number in range(KEPT_SAFETIES + 1):
        (shelf.copies / f"{_EARLIER}01-{number + 1:02}T000000Z.json").write_bytes(shelf.file.read_bytes())
    (shelf.copies / f"{_EARLIER}02-01T000000Z.json.partial").write_bytes(b'{"version"')
    return shelf


def points(steps: list[str], *, of_files: bool) -> list[int]:
    """Given the steps of a verb that changes a library, return where a kill tells most, in order.

    Before the note has its name, at the commit, right behind it, and while old copies are removed; `of_files` also in
    the middle of the safety copy, before that has its name, and before the note says that it is done.
    """
    commit = steps.index("commit")
    notes = [number for number, step in enumerate(steps) if step.startswith("rename") and step.endswith(f"{MIRA}.json")]
    safety = next(number for number, step in enumerate(steps) if step.startswith("rename before-"))
    pruned = [number for number, step in enumerate(steps) if number > commit and step.startswith("unlink before-")]
    assert len(notes) == 2, steps
    assert notes[0] < commit < notes[1] < pruned[0], steps
    more = {steps.index("write"), safety, notes[1]} if of_files else set()
    return [number + 1 for number in sorted({notes[0], commit, commit + 1, pruned[-1]} | more)]
