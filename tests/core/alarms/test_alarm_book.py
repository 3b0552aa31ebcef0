"""What is remembered of alarms: durable, without secrets, and no trouble when it is damaged or cannot be written."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.alarms import begin_run, deliver_waiting, end_run, try_ways, watch, ways
from core.alarms.book import Book
from core.config import extras
from core.errors import GreenroomError
from core.filesystem import Filesystem
from tests.core.alarms.conftest import Watched
from tests.core.alarms.receivers import WebServer, closed_port

_ERROR = GreenroomError("the disk is full", hint="make room")
_SECRETS = ("t0psecret-token", "s3cret-word", "k3y-of-ping", "hunter2")


def _fail(watched: Watched) -> None:
    end_run(watched.context, watched.place.site, "backup", _ERROR, watched.tell)


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff not JSON")


def _other_shape(path: Path) -> None:
    path.write_text('{"version": 1, "active": [{"kind": "rm -rf", "site": 7}]}')


def _newer(path: Path) -> None:
    path.write_text('{"version": 2}')


def _deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def _large(path: Path) -> None:
    path.write_bytes(b" " * (5 << 20))


def _link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _doubled(path: Path) -> None:
    alarm = {"kind": "test", "site": None, "message": "m", "advice": "", "when": "2026-01-01T00:00:00Z"}
    parcel = {"number": 1, "way": "command-1", "content": alarm, "added": "2026-01-01T00:00:00Z"}
    path.write_text(json.dumps({"version": 1, "box": {"parcels": [parcel, parcel], "next_number": 2}}))


def _without_zone(path: Path) -> None:
    path.write_text('{"box": {"troubles": [{"way": "w", "failures": 1, "retry_at": "2026-01-01T00:00:00"}]}}')


@pytest.mark.parametrize(
    "damage", [_garbage, _other_shape, _newer, _deep, _large, _link, _folder, _pipe, _doubled, _without_zone]
)
def test_a_damaged_book_is_set_aside_and_told(watched: Watched, damage: Callable[[Path], None]) -> None:
    watched.set(command="true")
    watched.book_file.parent.mkdir()
    damage(watched.book_file)

    _fail(watched)

    (event,) = watched.events("alarms_damaged")
    assert event.level == "error"
    assert "what waited to be sent is lost" in event.message
    assert os.path.lexists(watched.book_file.with_name("book.damaged"))
    assert [one.key for one in watched.book.active] == [("backup_failed", "app")]
    assert len(watched.events("alarm")) == 1


class _FullDisk(Filesystem):
    def write(self, file: Any, data: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_the_alarm_goes_out_once(watched: Watched, web: WebServer) -> None:
    watched.set(apprise=(f"json://{web.address}/",), disk=_FullDisk())
    watch(watched.context, watched.tell)
    _fail(watched)
    for _ in range(3):
        watched.later(minutes=1)
        watch(watched.context, watched.tell)
    assert len(web.requests) == 1
    (event,) = watched.events("alarms_unwritten")
    assert "No space left" in event.message
    assert not watched.book_file.exists()

    watched.set()  # there is room again
    watch(watched.context, watched.tell)
    assert watched.book_file.exists()
    assert len(web.requests) == 1


def test_without_a_state_folder_the_alarm_goes_out_all_the_same(watched: Watched, web: WebServer) -> None:
    watched.set(apprise=(f"json://{web.address}/",))
    shutil.rmtree(watched.context.settings.state)
    watch(watched.context, watched.tell)
    assert [one.json["title"] for one in web.requests] == ["greenroom: cannot look after the backups"]
    assert watched.events("alarms_unwritten")


def test_no_secret_is_told_or_noted(watched: Watched, web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    token, word, key, password = _SECRETS
    monkeypatch.setenv("HOOK_WORD", word)
    web.answer = 500
    watched.set(
        apprise=(
            f"json://user:{password}@{web.address}/{token}?:x={token}",
            f"json://127.0.0.1:{closed_port()}/${{HOOK_WORD}}",
            f"nosuch://{token}",
            f"tgram://{token}/{password}",
            "json://${NOT_SET}/",
        ),
        command=f"sh -c 'echo {password} >&2; exit 1'",
        site={"ping_url": f"http://{web.address}/{key}"},
    )
    begin_run(watched.context, watched.place.site, watched.tell)
    _fail(watched)
    tried = try_ways(watched.context)

    assert any(word in one.path for one in web.requests) is False
    assert any(key in path for path in web.paths)
    assert any(token in path for path in web.paths)
    assert len([one for one in tried if one.error is not None]) == len(tried) == 7
    said = [str(one) for one in watched.told] + [f"{one} {one.error}" for one in tried]
    said += [repr(one) for one in ways.all_ways(watched.context.settings)]
    said += [one.read_text() for one in watched.context.settings.state.rglob("*") if one.suffix == ".json"]
    assert [secret for secret in _SECRETS if any(secret in text for text in said)] == []
    messages = " ".join(str(one.error) for one in tried)
    assert "NOT_SET is not set" in messages
    assert "Apprise does not know what this URL means" in messages
    assert "exit status 1: ***" in messages


def test_what_is_filled_in_is_encoded_as_a_part_of_the_url(
    watched: Watched, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PING_KEY", "a/b?c#d")
    watched.set(site={"ping_url": f"http://{web.address}/${{PING_KEY}}"})
    begin_run(watched.context, watched.place.site, watched.tell)
    assert web.paths == ["/a%2Fb%3Fc%23d/start"]


def test_without_apprise_it_is_said_at_once_and_other_ways_work(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    (watched.place.root / "note.sh").write_text("cat >> got; echo >> got\n")
    watched.set(apprise=("json://127.0.0.1/",), command="sh note.sh")

    watch(watched.context, watched.tell)

    (alarm,) = watched.events("alarm")
    assert "pip install 'greenroom[alarms]'" in alarm.message
    assert "apprise_missing" in (watched.place.root / "got").read_text()
    (event,) = watched.events("alarm_not_sent")
    assert "Apprise is not installed (pip install 'greenroom[alarms]')" in event.message


def test_nothing_is_written_where_nothing_changes(watched: Watched) -> None:
    watched.set(command="true")
    watch(watched.context, watched.tell)
    assert watched.book == Book()
    assert not watched.book_file.exists()
    _fail(watched)
    before = watched.book_file.stat()
    for _ in range(3):
        watched.later(minutes=1)
        watch(watched.context, watched.tell)
        deliver_waiting(watched.context, watched.tell)
    assert watched.book_file.stat().st_mtime_ns == before.st_mtime_ns
    assert before.st_mode & 0o777 == 0o600


def test_runs_that_end_at_the_same_time_lose_no_alarm(watched: Watched) -> None:
    names = [f"app{number}" for number in range(6)]
    (watched.place.root / "note.sh").write_text('cat > "got-$GREENROOM_ALARM_SITE"\n')
    watched.set(command="sh note.sh")
    sites = {name: replace(watched.place.site, name=name) for name in names}
    watched.context.settings.sites.update(sites)

    def end(name: str) -> None:
        end_run(watched.context, sites[name], "backup", _ERROR, watched.tell)
        watch(watched.context, watched.tell)

    with ThreadPoolExecutor(len(names)) as executor:
        list(executor.map(end, names))
    deliver_waiting(watched.context, watched.tell)

    assert sorted(one.name for one in watched.place.root.glob("got-*")) == [f"got-{name}" for name in names]
    assert {one.name for one in watched.told} == {"alarm"}
    assert len(watched.told) == len(names)
    assert watched.book.box.parcels == ()
