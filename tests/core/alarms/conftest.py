"""A small real site whose alarms go to real servers, with a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.alarms.book import Book, book_path, read_book
from core.context import Context, open_context
from core.events import Event
from core.filesystem import Filesystem
from tests.core.alarms.receivers import MailServer, WebServer, mail_server, web_server
from tests.support import START, Place, make_place


@dataclass
class Watched:
    """The site, the events that were told, and the settings that a test chooses."""

    place: Place
    now: datetime = START
    told: list[Event] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        self.told.append(event)

    def events(self, name: str) -> list[Event]:
        return [one for one in self.told if one.name == name]

    @property
    def context(self) -> Context:
        return self.place.context

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def set(self, *, disk: Filesystem | None = None, site: dict[str, Any] | None = None, **alarms: Any) -> None:
        """Choose keys of the site and of [alarms], as a new process with another configuration would have them."""
        before = self.context.settings
        its_site = replace(self.place.site, **(site or {}))
        settings = replace(before, alarms=replace(before.alarms, **alarms), sites={"app": its_site})
        context = open_context(settings, disk=disk, clock=lambda: self.now)
        self.place = replace(self.place, context=context, site=its_site)

    @property
    def book(self) -> Book:
        return read_book(self.context)

    @property
    def book_file(self) -> Path:
        return book_path(self.context)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """A site whose alarms go nowhere yet, and no space is too little."""
    place = make_place(tmp_path)
    watched = Watched(place)
    watched.set(low_space=1)
    return watched


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server
