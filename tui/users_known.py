"""Whether the present site is a library in which users keep their own: found out in a thread, asked for by a key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from core.config import Site
from core.errors import GreenroomError
from tui.screens.main import has_users
from tui.work import Workshop


class UsersKnown:
    """Until it is known, and where nobody knows, there are none; `changed` is called when that is another.

    Whoever wants to go to the users before it is known gets there as soon as it is, or is told why not.
    """

    def __init__(
        self, workshop: Workshop, site: Site, changed: Callable[[], None], tell: Callable[[str], None]
    ) -> None:
        self.there = False
        self._workshop = workshop
        self._site = site
        self._changed = changed
        self._tell = tell
        self._why_not: str | None = None
        self._wanted: Callable[[], None] | None = None

    def look(self, site: Site) -> None:
        """Find out about this site."""
        self.there, self._site, self._why_not, self._wanted = False, site, None, None
        self._changed()
        self._workshop.read(partial(has_users, site), partial(self._found, site), partial(self._failed, site))

    def want(self, go: Callable[[], None]) -> None:
        """Call `go` once it is known that there are users; where it is known that there are none, look again first."""
        if self._why_not is None:
            self._tell(f"greenroom still looks whether {self._site.name} is a movie library: the users open then")
        else:
            self.look(self._site)
        self._wanted = go

    def _found(self, site: Site, there: bool) -> None:  # noqa: FBT001 (a callback's own argument)
        self._know(site, None if there else f"{site.name} is no movie library in which users keep their own")

    def _failed(self, site: Site, error: GreenroomError) -> None:
        self._know(site, f"greenroom cannot look for users: {error.message}")

    def _know(self, site: Site, why_not: str | None) -> None:
        if site != self._site:
            return
        self.there, self._why_not = why_not is None, why_not
        self._changed()
        go, self._wanted = self._wanted, None
        if go is not None and why_not is None:
            go()
        elif go is not None and why_not is not None:
            self._tell(why_not)
