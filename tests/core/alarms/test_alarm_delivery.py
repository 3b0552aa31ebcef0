"""Alarms and pings that arrive at real servers, or do not: then nobody else waits, and they are tried again."""

from __future__ import annotations

import json
import os
import select
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from core.alarms import begin_run, deliver_waiting, end_run, try_ways, ways
from core.alarms.book import folder_of
from core.alarms.outbox import PAUSES, WAITING_A_WAY
from core.backup import create_backup
from core.errors import CancelledError, GreenroomError, UsageError
from core.events import Event
from core.locks import hold_lock
from tests.core.alarms.conftest import Watched
from tests.core.alarms.receivers import MailServer, WebServer, closed_port, silent_server, web_server

_ERROR = GreenroomError("the disk is full", hint="make room")


def _fail(watched: Watched) -> None:
    end_run(watched.context, watched.place.site, "backup", _ERROR, watched.tell)


def _note_alarms(watched: Watched) -> Path:
    """Make the command one that keeps what it is given; return the file, an alarm a line."""
    script = watched.place.root / "note.sh"
    script.write_text("cat >> got; echo >> got; env | grep ^GREENROOM_ALARM_ | sort > environment\n")
    watched.set(command="sh note.sh")
    return watched.place.root / "got"


def _too_slow(watched: Watched) -> list[Event]:
    return [one for one in watched.events("alarm_not_sent") if "did not end within 2 seconds" in one.message]


def _ends(process: int) -> bool:
    """Tell whether a process has ended, or does so within a few seconds."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_an_alarm_arrives_at_a_web_server_and_in_a_mail_box(watched: Watched, web: WebServer, mail: MailServer) -> None:
    mailto = f"mailto://127.0.0.1:{mail.port}?to=admin@example.org&from=greenroom@example.org&mode=insecure"
    watched.set(apprise=(f"json://{web.address}/hook", mailto))

    _fail(watched)

    assert [one.name for one in watched.told] == ["alarm"]
    (hook,) = web.requests
    assert hook.json["title"] == "greenroom: app: backup failed"
    assert hook.json["type"] == "failure"
    assert hook.json["message"].splitlines() == [
        "the backup of app failed: the disk is full",
        "make room",
        "2026-03-29 00:30:00 UTC",
    ]
    (message,) = mail.messages
    assert "Subject: greenroom: app: backup failed" in message
    assert watched.book.box.parcels == ()

    watched.later(hours=1)
    create_backup(watched.context, watched.place.site, watched.place.reporter())
    end_run(watched.context, watched.place.site, "backup", None, watched.tell)

    assert [one.name for one in watched.told] == ["alarm", "alarm_over"]
    assert web.requests[1].json["title"] == "greenroom: app: over: backup failed"
    assert web.requests[1].json["type"] == "success"
    assert "Subject: greenroom: app: over: backup failed" in mail.messages[1]


def test_a_command_gets_the_alarm_on_its_input_and_in_its_environment(watched: Watched) -> None:
    got = _note_alarms(watched)

    _fail(watched)

    alarm = json.loads(got.read_text())
    assert alarm == {
        "kind": "backup_failed",
        "site": "app",
        "title": "greenroom: app: backup failed",
        "message": "the backup of app failed: the disk is full",
        "advice": "make room",
        "when": "2026-03-29T00:30:00+00:00",
        "recovered": False,
    }
    environment = dict(
        line.partition("=")[::2] for line in (watched.place.root / "environment").read_text().splitlines()
    )
    assert {name.removeprefix("GREENROOM_ALARM_").lower() for name in environment} == set(alarm)
    assert environment["GREENROOM_ALARM_SITE"] == "app"
    assert environment["GREENROOM_ALARM_RECOVERED"] == "0"


def test_a_run_is_told_to_the_ping_address(watched: Watched, web: WebServer) -> None:
    watched.set(site={"ping_url": f"http://{web.address}/ping/key?create=1"})
    site = watched.place.site

    begin_run(watched.context, site, watched.tell)
    end_run(watched.context, site, "backup", None, watched.tell)
    begin_run(watched.context, site, watched.tell)
    end_run(watched.context, site, "backup", _ERROR, watched.tell)

    assert web.paths == [
        "/ping/key/start?create=1",
        "/ping/key?create=1",
        "/ping/key/start?create=1",
        "/ping/key/fail?create=1",
    ]
    assert [one.method for one in web.requests] == ["GET", "POST", "GET", "POST"]
    assert web.requests[3].body == "backup of app: the disk is full"


def test_of_other_runs_the_ping_address_hears_of_failures_alone(watched: Watched, web: WebServer) -> None:
    watched.set(site={"ping_url": f"http://{web.address}/key"})
    site = watched.place.site

    begin_run(watched.context, site, watched.tell, "drill")
    end_run(watched.context, site, "drill", None, watched.tell)
    end_run(watched.context, site, "prune", None, watched.tell)
    end_run(watched.context, site, "backup", CancelledError("cancelled"), watched.tell)
    assert web.paths == []

    end_run(watched.context, site, "prune", _ERROR, watched.tell)
    assert web.paths == ["/key/fail"]


def test_a_drill_that_failed_is_a_failure_though_no_error_was_raised(watched: Watched, web: WebServer) -> None:
    watched.set(site={"ping_url": f"http://{web.address}/key"})
    record = create_backup(watched.context, watched.place.site, watched.place.reporter()).record
    watched.context.catalog.set_drilled(record.id, None, "failed", "{}")
    end_run(watched.context, watched.place.site, "drill", None, watched.tell)
    assert web.paths == ["/key/fail"]
    assert "does not restore" in web.requests[0].body


def test_a_ping_that_waits_is_replaced_by_the_next(watched: Watched, web: WebServer) -> None:
    watched.set(site={"ping_url": f"http://{web.address}/key"})
    web.answer = 503
    _fail(watched)
    end_run(watched.context, watched.place.site, "backup", None, watched.tell)
    begin_run(watched.context, watched.place.site, watched.tell)  # rests: the backup does not wait for it
    assert web.paths == ["/key/fail"]

    web.answer = 200
    watched.later(minutes=2)
    deliver_waiting(watched.context, watched.tell)

    assert web.paths == ["/key/fail", "/key"]
    assert "it answered 503" in watched.events("alarm_not_sent")[0].message


def test_one_way_that_fails_is_retried_and_no_other_repeats(watched: Watched, web: WebServer) -> None:
    with web_server() as broken:
        broken.answer = 500
        watched.set(apprise=(f"json://{broken.address}/a", f"json://{web.address}/b"))
        got = _note_alarms(watched)

        _fail(watched)
        assert (broken.paths, web.paths) == (["/a"], ["/b"])
        (event,) = watched.events("alarm_not_sent")
        assert event.level == "warning"
        assert event.fields["way"] == "alarms.apprise 1 (json)"

        deliver_waiting(watched.context, watched.tell)
        assert broken.paths == ["/a"], "it rests for a minute first"

        broken.answer = 200
        watched.later(minutes=2)
        watched.set()  # as after a restart
        deliver_waiting(watched.context, watched.tell)
        assert (broken.paths, web.paths) == (["/a", "/a"], ["/b"])
        assert len(got.read_text().splitlines()) == 1
        assert watched.book.box.parcels == ()


@pytest.mark.slow
def test_what_hangs_is_killed_and_in_nobodys_way(
    watched: Watched, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "SECONDS", 2.0)
    script = watched.place.root / "hang.sh"
    script.write_text("sleep 300 & echo $! > pid; wait\n")
    with silent_server() as port:
        watched.set(
            apprise=(f"json://127.0.0.1:{port}/", f"json://{web.address}/"),
            command="sh hang.sh",
            site={"ping_url": f"http://127.0.0.1:{port}/key"},
        )
        begin_run(watched.context, watched.place.site, watched.tell)
        assert len(_too_slow(watched)) == 1
        _fail(watched)
        for _ in range(5):  # where this machine is very busy, even the one that answers may take too long
            if web.paths != ["/"]:
                watched.later(minutes=2)
                deliver_waiting(watched.context, watched.tell)

    assert web.paths == ["/"]
    assert {"alarms.apprise 1 (json)", "alarms.command", "sites.app.ping_url"} <= {
        one.fields.get("way") for one in _too_slow(watched)
    }
    assert _ends(int((watched.place.root / "pid").read_text()))


def test_an_address_that_is_none_is_told(watched: Watched) -> None:
    watched.set(site={"ping_url": "http://[::1/key"})
    begin_run(watched.context, watched.place.site, watched.tell)
    _fail(watched)
    told = [one.message for one in watched.events("alarm_not_sent")]
    assert len(told) == 2
    assert all("sites.app.ping_url: is no address of the web" in one for one in told)


def test_redirects_are_followed_a_few_times_and_never_out_of_the_web(watched: Watched, web: WebServer) -> None:
    watched.set(site={"ping_url": f"http://{web.address}/round"})
    web.answer, web.to = 302, "/round"
    _fail(watched)
    assert len(web.requests) <= 5
    assert "it redirects" in watched.events("alarm_not_sent")[0].message

    for number, place in enumerate(("file:///etc/passwd", f"ftp://{web.address}/"), start=1):
        web.to = place
        watched.later(hours=1)
        deliver_waiting(watched.context, watched.tell)
        assert "it redirects" in watched.events("alarm_not_sent")[number].message


def test_a_refusal_is_retried_with_growing_pauses_and_given_up_after_days(watched: Watched) -> None:
    watched.set(command="false")
    _fail(watched)
    began, tried = watched.now, [watched.now]
    while watched.book.box.parcels:
        (trouble,) = watched.book.box.troubles
        watched.now = trouble.retry_at
        deliver_waiting(watched.context, watched.tell)
        tried.append(watched.now)

    pauses = [after - before for before, after in pairwise(tried)]
    assert pauses[: len(PAUSES)] == list(PAUSES)
    assert set(pauses[len(PAUSES) :]) == {PAUSES[-1]}
    assert 3 <= (watched.now - began).days < 4
    (event,) = watched.events("alarm_given_up")
    assert event.level == "error"
    assert "alarms.command: given up after 3 days, never sent: greenroom: app: backup failed" in event.message


def test_a_week_asleep_is_no_reason_to_give_up(watched: Watched) -> None:
    watched.set(command="false")
    _fail(watched)
    watched.later(days=8)
    got = _note_alarms(watched)  # another command is another way
    watched.set(command="false")
    deliver_waiting(watched.context, watched.tell)
    assert len(watched.book.box.parcels) == 1
    assert not got.exists()
    assert watched.events("alarm_given_up") == []


@pytest.mark.slow
def test_a_year_of_failures_does_not_fill_the_disk(watched: Watched) -> None:
    watched.set(command="false")
    for _ in range(WAITING_A_WAY):
        _fail(watched)
        end_run(watched.context, watched.place.site, "backup", None, watched.tell)
    parcels = watched.book.box.parcels
    assert len(parcels) == WAITING_A_WAY
    assert parcels[-1].number == 2 * WAITING_A_WAY, "the oldest go"
    assert "had to make room" in watched.events("alarm_given_up")[0].message
    assert watched.book_file.stat().st_size < 100_000


def test_another_process_that_sends_is_not_disturbed(watched: Watched) -> None:
    got = _note_alarms(watched)
    _fail(watched)
    watched.later(hours=30)
    with hold_lock(folder_of(watched.context) / "sending", actor="other", verb="alarms", now=watched.now):
        _fail(watched)
    assert len(got.read_text().splitlines()) == 1
    deliver_waiting(watched.context, watched.tell)
    assert len(got.read_text().splitlines()) == 2


def test_what_waits_for_a_way_that_is_no_more_is_dropped(watched: Watched) -> None:
    watched.set(command="false")
    _fail(watched)
    watched.set(command=None)
    deliver_waiting(watched.context, watched.tell)
    assert watched.book.box.parcels == ()
    assert watched.book.box.troubles == ()


def test_read_only_sends_nothing(watched: Watched, web: WebServer) -> None:
    watched.set(apprise=(f"json://{web.address}/",), site={"ping_url": f"http://{web.address}/"})
    context = replace(watched.context, read_only=True)
    begin_run(context, watched.place.site, watched.tell)
    end_run(context, watched.place.site, "backup", _ERROR, watched.tell)
    deliver_waiting(context, watched.tell)
    assert web.requests == []
    assert not watched.book_file.exists()
    with pytest.raises(UsageError, match="read-only"):
        try_ways(context)


def test_all_ways_are_tried_on_request(watched: Watched, web: WebServer) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        try_ways(watched.context)
    watched.set(
        apprise=(f"json://{web.address}/hook", f"json://127.0.0.1:{closed_port()}/"),
        command="true",
        site={"ping_url": f"http://{web.address}/key"},
    )
    tried = {one.way: one.error for one in try_ways(watched.context)}
    assert [way for way, error in tried.items() if error is not None] == ["alarms.apprise 2 (json)"]
    assert len(tried) == 4
    assert sorted(web.paths) == ["/hook", "/key/log"]
    assert next(one for one in web.requests if one.path == "/hook").json["type"] == "info"
