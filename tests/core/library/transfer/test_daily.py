"""The daily copies of users' libraries: written whole or not at all, kept for 14 days."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa
from sqlalchemy import update
from sqlalchemy.orm import Session

from core.errors import CancelledError, GreenroomError, UsageError
from core.filesystem import Filesystem
from core.library.models import User
from core.library.transfer import (
    DailyReport,
    back_up_users,
    copies,
    export_name,
    find_copy,
    find_user,
    prune_copies,
    set_backup,
    users,
    write_copy,
)
from core.progress import CancelToken, Reporter
from tests.core.library.transfer.transfer_support import JONAS, MIRA, NOW, add_user, copied, library, movie, take_in

TODAY = date(2026, 3, 29)


class FullDisk(Filesystem):
    """Has no room for what belongs to one user."""

    def fsync(self, file: IO[bytes]) -> None:
        if MIRA in str(Path(f"/proc/self/fd/{file.fileno()}").readlink()):
            raise OSError(28, "No space left on device")
        super().fsync(file)


class NoNewNames(Filesystem):
    """Lets files be written, and none be renamed."""

    def rename(self, source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(source), None, str(target))


class DiedError(Exception):
    """The process died."""


class DyingDisk(Filesystem):
    """Dies before one of its steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DiedError

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        self._step()
        super().make_folder(path, mode)

    def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
        self._step()
        super().write(file, data)

    def fsync(self, file: IO[bytes]) -> None:
        self._step()
        super().fsync(file)

    def fsync_folder(self, path: Path) -> None:
        self._step()
        super().fsync_folder(path)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self._step()
        super().unlink(path)


@pytest.fixture
def folder(session: Session, tmp_path: Path) -> Path:
    """The folder of the copies; Mira and Jonas want one each day, Ida does not."""
    add_user(session, "ida", "ida")
    take_in(session, tmp_path, library(movies=[movie("tt1"), movie("tt2")]))
    for user in (MIRA, JONAS):
        set_backup(session, user, enabled=True)
    session.commit()
    return tmp_path / "backups"


def run(session: Session, folder: Path, day: date = TODAY, disk: Filesystem | None = None) -> DailyReport:
    @contextmanager
    def opened() -> Iterator[Session]:
        yield session

    return back_up_users(opened, folder, day=day, now=NOW, disk=disk or Filesystem(), reporter=Reporter())


def test_each_user_who_asked_for_it_gets_a_copy(session: Session, folder: Path) -> None:
    report = run(session, folder)
    assert {made.user.username: made.movies for made in report.made} == {"mira": 2, "jonas": 0}
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
        f"{MIRA}/2026-03-29.json",
        f"{JONAS}/2026-03-29.json",
    ]
    path = folder / MIRA / "2026-03-29.json"
    assert json.loads(path.read_bytes()) == copied(session)
    assert path.stat().st_mode & 0o077 == 0
    assert run(session, folder).removed == ()
    assert [copy.file_name for copy in copies(folder, MIRA)] == ["2026-03-29.json"]


def test_one_users_failure_stops_no_other_and_leaves_the_old_copy(session: Session, folder: Path) -> None:
    run(session, folder)
    old = folder / MIRA / "2026-03-29.json"
    before = old.read_bytes()
    take_in(session, folder.parent, library(movies=[movie("tt3")]))
    report = run(session, folder, disk=FullDisk())
    assert [made.user.username for made in report.made] == ["jonas"]
    assert [(failed.user.username, "No space left" in failed.error.message) for failed in report.failed] == [
        ("mira", True)
    ]
    assert old.read_bytes() == before
    assert [path.name for path in old.parent.iterdir()] == [old.name]


def test_a_copy_that_cannot_get_its_name_leaves_nothing(session: Session, folder: Path) -> None:
    assert len(run(session, folder, disk=NoNewNames()).failed) == 2
    assert list((folder / MIRA).iterdir()) == []


def test_a_copy_that_is_stopped_half_way_leaves_nothing(session: Session, folder: Path) -> None:
    token = CancelToken()

    class Stopping(Filesystem):
        def write(self, file: IO[bytes], data: bytes | memoryview) -> None:
            super().write(file, data)
            token.cancel()

    @contextmanager
    def opened() -> Iterator[Session]:
        yield session

    with pytest.raises(CancelledError):
        back_up_users(opened, folder, day=TODAY, now=NOW, disk=Stopping(), reporter=Reporter(token=token))
    assert [path for path in folder.rglob("*") if not path.is_dir() and path.suffix != ".json"] == []


def test_a_copy_that_no_restore_takes_is_told_and_stays(session: Session, folder: Path) -> None:
    run(session, folder, date(2026, 3, 1))
    seen = movie("tt1", watch_history={"date_watched": 1.0, "my_rating": 7})
    take_in(session, folder.parent, library(movies=[seen]))
    session.execute(sa.text("PRAGMA ignore_check_constraints = ON"))
    session.execute(sa.text("UPDATE watch_history SET my_rating = 11"))
    report = run(session, folder)
    assert [(failed.user.username, "my_rating" in failed.error.message) for failed in report.failed] == [("mira", True)]
    assert [copy.file_name for copy in copies(folder, MIRA)] == ["2026-03-29.json", "2026-03-01.json"]


def test_a_copy_that_holds_a_thing_twice_is_told_and_stays(session: Session, folder: Path) -> None:
    run(session, folder, date(2026, 3, 1))
    ranking = {"imdb_id": "tt1", "liked": True, "position": 1, "ranked_at": 1.0}
    take_in(session, folder.parent, library(movies=[movie("tt1")], rankings=[ranking]))
    for statement in (
        "CREATE TABLE unchecked AS SELECT * FROM rankings",
        "DROP TABLE rankings",
        "ALTER TABLE unchecked RENAME TO rankings",
        "INSERT INTO rankings SELECT * FROM rankings",
    ):
        session.execute(sa.text(statement))
    (failed,) = run(session, folder).failed
    assert "refuse 1 record of the copy that was made" in failed.error.message
    assert 'rankings[1].imdb_id: "tt1" a second time' in failed.error.message
    assert [copy.file_name for copy in copies(folder, MIRA)] == ["2026-03-29.json", "2026-03-01.json"]


def test_a_death_at_any_step_leaves_the_old_copy_or_the_new(session: Session, folder: Path) -> None:
    run(session, folder)
    path = folder / MIRA / "2026-03-29.json"
    old = path.read_bytes()
    take_in(session, folder.parent, library(movies=[movie("tt3")]))
    seen = []
    for steps in range(100):
        path.write_bytes(old)
        try:
            run(session, folder, disk=DyingDisk(steps))
        except DiedError:
            seen.append(len(json.loads(path.read_bytes())["movies"]))
        else:
            break
        run(session, folder)
        assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert set(seen) == {2, 3}
    assert seen == sorted(seen)


def test_a_hostile_id_writes_nowhere_else(session: Session, folder: Path) -> None:
    add_user(session, "../../x", "eve")
    set_backup(session, "../../x", enabled=True)
    report = run(session, folder)
    assert [failed.user.username for failed in report.failed] == ["eve"]
    assert len(report.made) == 2
    assert not (folder.parent.parent / "x").exists()


def test_old_copies_go_by_the_date_in_their_names(session: Session, folder: Path) -> None:
    place = folder / MIRA
    place.mkdir(parents=True)
    stay = ["2026-03-15.json", "2026-04-01.json", "notes.json", "2026-02-30.json", "2026-01-01_03.json", "x.txt"]
    go = ["2026-03-14.json", "2020-01-01.json", "2026-03-01.json.partial"]
    for name in (*stay, *go):
        (place / name).write_text("{}")
    (place / "2019-01-01.json").mkdir()
    report = run(session, folder)
    assert sorted(path.name for path in report.removed) == ["2020-01-01.json", "2026-03-14.json"]
    assert {path.name for path in place.iterdir()} == {*stay, "2026-03-29.json", "2019-01-01.json"}
    assert [copy.file_name for copy in copies(folder, MIRA)][:3] == [
        "2026-04-01.json",
        "2026-03-29.json",
        "2026-03-15.json",
    ]


def test_the_last_copy_stays_however_old(folder: Path) -> None:
    place = folder / MIRA
    place.mkdir(parents=True)
    for name in ("2020-01-01.json", "2020-01-02.json"):
        (place / name).write_text("{}")
    prune_copies(folder, MIRA, day=TODAY, disk=Filesystem())
    assert [copy.file_name for copy in copies(folder, MIRA)] == ["2020-01-02.json"]


def test_a_copy_is_found_by_its_date(session: Session, folder: Path) -> None:
    run(session, folder)
    run(session, folder, TODAY + timedelta(days=1))
    assert find_copy(folder, MIRA, "2026-03-29").day == TODAY
    assert find_copy(folder, MIRA, "2026-03-30.json").day == TODAY + timedelta(days=1)
    for text in ("2026-03-28", "../x", ""):
        with pytest.raises(UsageError) as caught:
            find_copy(folder, MIRA, text)
        assert caught.value.hint == "copies: 2026-03-30.json, 2026-03-29.json"
    assert copies(folder, "nobody") == []


def test_a_copy_that_vanishes_while_they_are_listed_is_passed_over_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder / MIRA
    place.mkdir(parents=True)
    names = [f"2026-03-0{day}.json" for day in range(1, 6)]
    for name in names:
        (place / name).write_text("{}")
    plain = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.name == names[2]:
            path.unlink(missing_ok=True)
        return plain(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert [copy.file_name for copy in copies(folder, MIRA)] == [names[4], names[3], names[1], names[0]]


def test_only_files_with_the_date_of_a_day_count_by_it(folder: Path) -> None:
    place = folder / MIRA
    place.mkdir(parents=True)
    (place / "2026-03-01.json").write_text("{}")
    no_dates = ["0000-00-00.json", "2026-02-30.json", "2026-13-01.json", "٢٠٢٦-٠٣-٠٢.json", "2026-03-02.json.json"]
    no_dates += ["x2026-03-02.json", "2026-03-02\n.json", "2026-W10-1.json"]
    for name in no_dates:
        (place / name).write_text("{}")
    for name in (".json", "2026-03-03.JSON", "2026-03-03.json.partial", "2026-03-03"):
        (place / name).write_text("{}")
    (place / "2026-03-04.json").mkdir()
    (place / "2026-03-05.json").symlink_to(place / "2026-03-01.json")
    (place / "2026-03-06.json").symlink_to(place / "nowhere")
    os.mkfifo(place / "2026-03-07.json")
    found = copies(folder, MIRA)
    assert [copy.day for copy in found] == [date(2026, 3, 1), *[None] * len(no_dates)]
    assert {copy.file_name for copy in found[1:]} == set(no_dates)
    assert prune_copies(folder, MIRA, day=date(2030, 1, 1), disk=Filesystem()) == []
    assert len(list(place.iterdir())) == len(no_dates) + 9 - 1  # what a copy that was cut short left


def test_a_folder_that_cannot_be_looked_into_is_an_error_and_no_lack_of_copies(folder: Path) -> None:
    place = folder / MIRA
    folder.mkdir()
    for make in (
        lambda: place.write_text("a file"),
        lambda: place.symlink_to(place),
        lambda: place.symlink_to(folder / "a disk that is not there"),
    ):
        make()
        with pytest.raises(GreenroomError) as caught:
            copies(folder, MIRA)
        assert str(place) in caught.value.message
        place.unlink()
    assert copies(folder, MIRA) == []


def test_an_id_that_can_be_no_folder_has_no_copies(folder: Path) -> None:
    for user_id in ("../x", "x" * 37, "ö", "", ".", "a/b", "a\0"):
        assert copies(folder, user_id) == []


def test_who_asks_to_stop_is_heard(session: Session, folder: Path) -> None:
    token = CancelToken()
    token.cancel()

    @contextmanager
    def opened() -> Iterator[Session]:
        yield session

    with pytest.raises(CancelledError):
        back_up_users(opened, folder, day=TODAY, now=NOW, disk=Filesystem(), reporter=Reporter(token=token))
    assert not folder.exists()


def test_who_is_gone_or_wants_none_by_the_time_it_is_begun_gets_no_copy(session: Session, folder: Path) -> None:
    opened = 0

    @contextmanager
    def changing() -> Iterator[Session]:
        nonlocal opened
        opened += 1
        if opened == 2:  # the users were read
            set_backup(session, JONAS, enabled=False)
            session.execute(sa.delete(User).where(User.id == MIRA))
            session.flush()
        yield session

    report = back_up_users(changing, folder, day=TODAY, now=NOW, disk=Filesystem(), reporter=Reporter())
    assert (report.made, report.failed) == ((), ())
    assert not folder.exists()


def test_a_folder_that_cannot_be_made(session: Session, folder: Path) -> None:
    folder.write_text("a file")
    report = run(session, folder)
    assert len(report.failed) == 2
    assert all(isinstance(failed.error, GreenroomError) and failed.error.hint for failed in report.failed)


def test_users_are_counted_and_found(session: Session, folder: Path) -> None:
    assert [(row.username, row.movies, row.people, row.backup_enabled) for row in users(session)] == [
        ("ida", 0, 4, False),
        ("jonas", 0, 4, True),
        ("mira", 2, 4, True),
    ]
    for text in (MIRA, "mira", "mira@movies.example"):
        assert find_user(session, text).id == MIRA
    with pytest.raises(UsageError, match="there is no user 'Mira'") as caught:
        find_user(session, "Mira")
    assert caught.value.hint == "users: ida, jonas, mira"


def test_who_took_the_email_of_another_for_a_name_is_not_taken_for_him(session: Session) -> None:
    email = "mira@movies.example"
    session.execute(update(User).where(User.id == JONAS).values(username=email))
    with pytest.raises(UsageError, match="the name of one user and the email of another") as caught:
        find_user(session, email)
    assert MIRA in caught.value.hint
    assert JONAS in caught.value.hint
    assert find_user(session, JONAS).id == JONAS


def test_a_library_is_written_under_any_name(session: Session, folder: Path) -> None:
    path = folder.parent / "new" / "mine.txt"
    mira = find_user(session, "mira")
    made = write_copy(session, mira, path, now=NOW, disk=Filesystem(), reporter=Reporter())
    assert (made.copy.day, made.copy.size_bytes, made.movies) == (None, path.stat().st_size, 2)


def test_the_name_of_an_export() -> None:
    assert export_name(TODAY) == "moviemanager-export-2026-03-29.json"
