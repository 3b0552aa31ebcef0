"""Alarms and pings that arrive at real servers, or do not and are tried again."""

from __future__ import annotations

from core.alarms import end_run
from core.errors import GreenroomError
from tests.core.alarms.conftest import Watched
from tests.core.alarms.receivers import MailServer, WebServer

_ERROR = GreenroomError("the disk is full", hint="make room")


def test_an_alarm_arrives_at_a_web_server_and_in_a_mail_box(watched: Watched, web: WebServer, mail: MailServer) -> None:
    mailto = f"mailto://127.0.0.1:{mail.port}?to=admin@example.org&from=greenroom@example.org&mode=insecure"
    watched.set(apprise=(f"json://{web.address}/hook", mailto))

    end_run(watched.context, watched.place.site, "backup", _ERROR, watched.tell)

    print(watched.told)
    assert [one.name for one in watched.told] == ["alarm"]
    (hook,) = web.requests
    assert hook.json["title"] == "greenroom: app: backup failed"
    (message,) = mail.messages
    assert "Subject: greenroom: app: backup failed" in message
    print(message)
    assert watched.book.box.parcels == ()
