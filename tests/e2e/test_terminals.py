"""The app in terminals of several kinds: what it sends them, and what a person can read."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from tests.terminals import Terminal, greenroom

_COLOURS = frozenset((*range(30, 39), *range(40, 49), *range(90, 108)))
_BEYOND_SIXTEEN = frozenset((38, 48, 58))
_LINES = frozenset("\u2500\u2502\u250c\u2510\u2514\u2518")
_MOUSE = (b"?1000h", b"?1002h", b"?1003h", b"?1006h", b"?1015h", b"?1016h")


def _style_codes(drawn: bytes | bytearray) -> set[int]:
    """Return the numbers of all sequences that set colours and styles."""
    return {int(one or 0) for codes in re.findall(rb"\x1b\[([\d;]*)m", drawn) for one in codes.split(b";")}


def _shows_focus_and_place(terminal: Terminal, _screen: str) -> bool:
    """Whether the button that has the focus and the scroll bar's thumb stand in reverse."""
    lines = terminal.reversed()
    return any("[ Close ]" in line for line in lines) and any(line.isspace() for line in lines)


def _is_back(gone: str, screen: str) -> bool:
    return gone not in screen and "Backups: 1" in screen


def _tour(terminal: Terminal) -> None:
    """Look at a list, a box, a preview and a log; each of them can be read whole."""
    assert "verified" in terminal.wait_for("Backups: 1", "every hash agreed", "Quit")
    for keys, shown, back in (
        ("?", "[ Close ]", "escape"),
        ("r", "WHAT IS LOST", "escape"),
        ("n", "New backup of movies", "escape"),
        ("2", "Nothing was restored or deleted yet", "1"),
        ("3", "Messages (", "1"),
        ("4", "daily at 02:00 (", "1"),
    ):
        terminal.press(keys)
        terminal.wait_for(shown)
        assert not terminal.unreadable(), f"after {keys}:\n{terminal.text()}"
        if keys == "?":
            terminal.wait_until(partial(_shows_focus_and_place, terminal), "the focus and the scroll bar")
        terminal.press(back)
        terminal.wait_until(partial(_is_back, shown), f"the list after {back}")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.attributes == terminal.attributes_before
    assert terminal.drawn.count(b"\x1b[?25h")


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "vt100"}, {"TERM": "linux", "NO_COLOR": "1"}])
def test_without_colours_there_are_none_and_the_rest_tells_all(films: Path, settings: dict[str, str]) -> None:
    with greenroom(films, **settings) as terminal:
        _tour(terminal)
        codes = _style_codes(terminal.drawn)
    assert {1, 2, 7} <= codes
    assert not codes & _COLOURS


@pytest.mark.slow
def test_a_linux_console_can_show_all(films: Path) -> None:
    with greenroom(films, TERM="linux") as terminal:
        _tour(terminal)
        codes = _style_codes(terminal.drawn)
        assert codes & _COLOURS
        assert not codes & _BEYOND_SIXTEEN
        assert set(filter(str.isprintable, terminal.drawn.decode())) <= {*map(chr, range(32, 127)), *_LINES}
        # It has no second screen to leave, nor has the emulator: the prompt comes on an empty one.
        assert not terminal.text().strip()


@pytest.mark.slow
def test_a_locale_without_utf8_gets_ascii_and_says_so(films: Path) -> None:
    with greenroom(films, "--no-mouse", LC_ALL="C") as terminal:
        terminal.wait_for("| The locale names no UTF-8", "LC_ALL=C.UTF-8 shows")
        _tour(terminal)
    assert terminal.drawn.isascii()
    assert not [sequence for sequence in _MOUSE if sequence in terminal.drawn]


@pytest.mark.slow
def test_the_mouse_is_the_terminals_again_at_the_end(films: Path) -> None:
    with greenroom(films) as terminal:
        terminal.wait_for("Backups: 1", "Quit")
        terminal.press("q")
        assert terminal.end() == 0
    asked = [sequence for sequence in _MOUSE if sequence in terminal.drawn]
    assert asked
    for sequence in asked:
        assert terminal.drawn.rindex(sequence) < terminal.drawn.rindex(sequence.replace(b"h", b"l"))


@pytest.mark.parametrize("kind", ["dumb", "unknown"])
def test_a_terminal_without_a_screen_is_refused_in_words(films: Path, kind: str) -> None:
    with greenroom(films, TERM=kind) as terminal:
        assert terminal.end() == 2
        said = terminal.drawn.decode()
    assert "\x1b" not in said
    assert f"TERM={kind}" in said
    assert "greenroom status" in said
