"""The ways an alarm goes: Apprise URLs, a command of one's own, the ping address of a site."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from core.alarms.alarm import Alarm, Ping, Signal
from core.commands import Ended, describe_failure, run_command, split_command
from core.config import Settings, Site
from core.errors import GreenroomError
from core.secrets import expand_address, redact

SECONDS = 10.0
_SHOWN = 300
_CHILD = Path(__file__).with_name("child.py")
_PATHS: dict[Signal, str] = {"start": "/start", "success": "", "fail": "/fail", "log": "/log"}


@dataclass(frozen=True)
class Way:
    """One way: `name` tells it apart in the outbox and holds no secret, `label` is for people, `address` is as written.

    `site` is the one that its pings are about. What can hold a secret is not in the repr.
    """

    name: str
    label: str
    by: Literal["apprise", "command", "ping"]
    address: str
    folder: Path
    site: str | None = None

    def __repr__(self) -> str:
        return f"Way({self.name})"


def alarm_ways(settings: Settings) -> tuple[Way, ...]:
    """Return the ways that alarms go."""
    folder = settings.source.parent
    ways = [
        Way(_name("apprise", url), f"alarms.apprise {number} ({url.partition('://')[0]})", "apprise", url, folder)
        for number, url in enumerate(dict.fromkeys(settings.alarms.apprise), start=1)
    ]
    command = settings.alarms.command
    if command is not None:
        ways.append(Way(_name("command", command), "alarms.command", "command", command, folder))
    return tuple(ways)


def ping_way(site: Site) -> Way | None:
    """Return the way that a site's pings go, or None where it has none."""
    if site.ping_url is None:
        return None
    return Way(f"ping-{site.name}", f"sites.{site.name}.ping_url", "ping", site.ping_url, site.folder, site.name)


def all_ways(settings: Settings) -> tuple[Way, ...]:
    """Return every way, those of pings too."""
    pings = (ping_way(site) for site in settings.sites.values())
    return (*alarm_ways(settings), *(way for way in pings if way is not None))


def deliver(way: Way, content: Alarm | Ping) -> None:
    """Send an alarm or a ping and return when it was taken; raise GreenroomError, no secret in it, where it was not.

    It takes ten seconds at most: what hangs is killed with all that it started.
    """
    if way.by == "command":
        _run(way, content)
        return
    if way.by == "apprise" and importlib.util.find_spec("apprise") is None:
        raise GreenroomError("Apprise is not installed", hint="pip install 'greenroom[alarms]'")
    address = expand_address(way.address, key=way.label)
    order: dict[str, str] = {"by": way.by, "url": address}
    if isinstance(content, Ping):
        order |= {"url": _ping_address(way, address, content.signal), "body": content.words}
    else:
        kind = "info" if content.kind == "test" else "success" if content.recovered else "failure"
        order |= {"title": content.title, "body": content.body, "kind": kind}
    ended = run_command(
        [sys.executable, "-P", str(_CHILD)],
        what=way.label,
        folder=Path("/"),
        seconds=SECONDS,
        given=json.dumps(order).encode(),
    )
    if ended.status != 0:
        lines = ended.complaint.decode(errors="replace").strip().splitlines()
        said = redact(lines[-1], address) if lines else describe_failure(ended)
        raise GreenroomError(f"{way.label}: {said[:_SHOWN]}")


def alarm_fields(alarm: Alarm) -> dict[str, str | bool | None]:
    """Return an alarm as the command gets it, in JSON."""
    return {
        "kind": alarm.kind,
        "site": alarm.site,
        "title": alarm.title,
        "message": alarm.message,
        "advice": alarm.advice,
        "when": alarm.when.isoformat(),
        "recovered": alarm.recovered,
    }


def _run(way: Way, content: Alarm | Ping) -> None:
    if isinstance(content, Ping):
        raise GreenroomError(f"{way.label}: a command gets no pings")
    fields = alarm_fields(content)
    shown = {True: "1", False: "0", None: ""}
    try:
        words = split_command(way.address)
    except ValueError as error:
        raise GreenroomError(f"{way.label} cannot be run: {error}") from error
    ended = run_command(
        words,
        what=way.label,
        folder=way.folder,
        seconds=SECONDS,
        given=json.dumps(fields).encode(),
        environment={
            f"GREENROOM_ALARM_{name.upper()}": value if isinstance(value, str) else shown[value]
            for name, value in fields.items()
        },
    )
    if ended.status != 0:
        said = Ended(ended.status, b"", redact(ended.said(), " ".join(words[1:])).encode())
        raise GreenroomError(
            f"{way.label} {describe_failure(said)}",
            hint="check that the command works by hand, as this user and in the folder of greenroom.toml",
        )


def _ping_address(way: Way, address: str, signal: Signal) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise GreenroomError(f"{way.label}: is no address of the web", hint="https://HOST/PATH") from None
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + _PATHS[signal], fragment=""))


def _name(by: str, address: str) -> str:
    return f"{by}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
