"""A footer that stays as it is while the same keys work."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer

_Keys = list[tuple[Binding, bool, str]]


class SteadyFooter(Footer):
    """As Textual's, which is laid out anew with every step of the focus, and the whole screen with it."""

    _made_for: _Keys | None = None

    def compose(self) -> ComposeResult:
        if self._bindings_ready:
            self._made_for = self._keys()
        yield from super().compose()

    def bindings_changed(self, screen: Screen[object]) -> None:
        self._bindings_ready = True
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            self.call_after_refresh(self._make_again)

    async def _make_again(self) -> None:
        if self.is_attached and self._made_for != self._keys():
            await self.recompose()

    def _keys(self) -> _Keys:
        active = self.screen.active_bindings.items()
        palette = self.app.COMMAND_PALETTE_BINDING
        return [(one.binding, one.enabled, one.tooltip) for key, one in active if one.binding.show or key == palette]
