"""Help: the keys of the screen beneath, made from its own bindings, so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text
from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.screen import Screen
from textual.widget import Widget

from tui.format import aligned, section
from tui.screens.ask import TellScreen

_TEXTUALS_OWN = ("screen.copy_text", "app.help_quit")
_FOCUS = ("app.focus_next", "app.focus_previous")


class HelpScreen(TellScreen):
    """Given the screen beneath, tell what its keys do."""

    def __init__(self, app: App[None], beneath: Screen[Any]) -> None:
        super().__init__("Keys of this screen", help_text(app, beneath))


def help_text(app: App[None], screen: Screen[Any]) -> Text:
    """Given a screen, return its keys and what each does; those of the widget with the focus come last."""
    here: dict[str, tuple[list[str], str]] = {}
    within: dict[str, tuple[list[str], str]] = {}
    for key, active in screen.active_bindings.items():
        if not is_told(active):
            continue
        lines = within if _is_widgets_own(active) else here
        keys, _ = lines.setdefault(active.binding.action, ([], _words(active)))
        shown = active.binding.key_display or app.get_key_display(active.binding.with_key(key))
        if shown not in keys:
            keys.append(shown)
    text = section("On this screen", aligned(_rows(here), indent=0), indent=0)
    text.append_text(section("In the part that has the focus", aligned(_rows(within), indent=0), indent=0))
    for head, part in getattr(screen, "parts", ()):
        if not isinstance(screen.focused, part):
            text.append_text(section(head, aligned(_rows(_keys_of(app, part)), indent=0), indent=0))
    text.rstrip()
    return text


def _keys_of(app: App[None], part: type[Widget]) -> dict[str, tuple[list[str], str]]:
    """The keys of a part that has not the focus now."""
    lines: dict[str, tuple[list[str], str]] = {}
    for binding in Binding.make_bindings(part.BINDINGS):
        keys, _ = lines.setdefault(binding.action, ([], f"{binding.description}: {binding.tooltip}"))
        keys.append(binding.key_display or app.get_key_display(binding))
    return lines


def is_told(active: ActiveBinding) -> bool:
    """Whether a person is told of a key: not of those that Textual binds for its own ends."""
    binding = active.binding
    if binding.action == "command_palette":
        return True
    return bool(binding.description) and not binding.system and binding.action not in _TEXTUALS_OWN


def _rows(lines: dict[str, tuple[list[str], str]]) -> Iterator[tuple[str, str]]:
    return ((", ".join(keys), words) for keys, words in lines.values())


def _is_widgets_own(active: ActiveBinding) -> bool:
    return active.binding.action in _FOCUS or (isinstance(active.node, Widget) and not isinstance(active.node, Screen))


def _words(active: ActiveBinding) -> str:
    binding = active.binding
    if binding.action == "command_palette":
        return "Commands: find what can be done by its name"
    words = f"{binding.description}: {binding.tooltip}" if binding.tooltip else binding.description
    return words if active.enabled else f"{words} (not now)"
