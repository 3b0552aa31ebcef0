"""A footer that leaves out the keys that are needed least where there is no room for all."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets._footer import FooterKey

from tui.widgets.steady_footer import SteadyFooter

_NO_ROOM = "-no-room"


class FittingFooter(SteadyFooter):
    """Given actions, leave these out first, in their order; help and the palette name them all the same."""

    def __init__(self, *least: str) -> None:
        super().__init__(compact=True)
        self._least = least

    def compose(self) -> ComposeResult:
        keys = list(super().compose())
        self._fit([key for key in keys if isinstance(key, FooterKey)])
        yield from keys

    def on_resize(self) -> None:
        self._fit(list(self.query(FooterKey)))

    def _fit(self, keys: Sequence[FooterKey]) -> None:
        widths = {key.action: len(f"{key.key_display} {key.description} ") for key in keys}
        left_out = actions_left_out(widths, self._least, self.app.size.width)
        for key in keys:
            key.set_class(key.action in left_out, _NO_ROOM)


def actions_left_out(widths: dict[str, int], least: Sequence[str], room: int) -> set[str]:
    """Given how wide the key of each action is, return which of the `least` ones must go for the rest to have room."""
    needed, gone = sum(widths.values()), set()
    for action in least:
        if needed <= room:
            break
        if action in widths:
            needed -= widths[action]
            gone.add(action)
    return gone
