"""A text of JSON to be edited: coloured, with what is wrong underlined and marked; large texts stay quick."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.document._document import Location
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from core.documents import MOST_CHARACTERS, Problem
from core.words import plural

MARK = "!"
_MOST_COLOURED = 1 << 20  # characters; the grammar reads all of them before the first is drawn
_LINES_AROUND = 100
_MARGIN = 2  # empty columns between the numbers of the lines and the text
_WRONG = Style(underline=True, bold=True)
# What Textual takes for the end of a line and JSON does not.
_HIDDEN_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Cursor and selection in reverse: a terminal without colours has nothing else to show them by.
_THEME = TextAreaTheme(
    "greenroom",
    cursor_style=Style(reverse=True),
    selection_style=Style(reverse=True),
    bracket_matching_style=Style(bold=True),
    syntax_styles={
        "json.label": Style(color="cyan"),
        "string": Style(color="green"),
        "number": Style(color="yellow"),
        "boolean": Style(color="magenta"),
        "json.null": Style(color="magenta"),
    },
)


class _Counted(WrappedDocument):
    """Knows its height without counting its lines, which is asked for with each line that is drawn."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)


class JsonArea(TextArea):
    """A text area whose undo and place stay its own; tab leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "undo", "Undo", show=False, tooltip="Take back what was typed last"),
        Binding("ctrl+y", "redo", "Redo", show=False, tooltip="Do again what was taken back"),
    ]

    def __init__(self) -> None:
        self._whole: str | None = None
        self._wrong: dict[int, list[tuple[int, int | None]]] = {}
        self._coloured = range(0)
        super().__init__(language="json", show_line_numbers=True, highlight_cursor_line=False)
        self.register_theme(_THEME)
        self.theme = _THEME.name
        self.cursor_blink = False  # each blink would be sent to a terminal far away

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave f6 to the screen: shift with up and down selects lines too."""
        return action != "select_line" and super().check_action(action, parameters)

    # What is wrong

    def mark(self, problems: Iterable[Problem]) -> None:
        """Underline where the problems stand, and mark their lines with an exclamation mark."""
        wrong: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        for problem in problems:
            if problem.span is not None:
                start, end = problem.span.start, problem.span.end
                same = start.line == end.line
                wrong[start.line - 1].append((start.column - 1, max(end.column - 1, start.column) if same else None))
        if wrong != self._wrong:
            self._wrong = wrong
            self.notify_style_update()
            self.refresh()

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        for start, end in self._wrong.get(line_index, ()):
            line.stylize(_WRONG, min(start, max(len(line) - 1, 0)), end)
        return line

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        offset = y + self.scroll_offset.y
        if not self._wrong or offset >= self.wrapped_document.height:
            return strip
        line, column = self.wrapped_document.offset_to_location(Offset(0, offset))
        if line not in self._wrong or column:
            return strip
        at = self.gutter_width - _MARGIN
        return Strip.join([strip.crop(0, at), Strip([Segment(MARK, _WRONG)]), strip.crop(at + 1)])

    def go_to(self, line: int, column: int) -> None:
        """Move the cursor to a line and column, both from 1, and show them."""
        self.move_cursor((line - 1, column - 1), center=True)

    # What comes in

    async def _on_key(self, event: events.Key) -> None:
        """Do at once what a key of the text means: by way of the app it would come behind what is typed after it."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if self.check_action(binding.action, ()):
                event.prevent_default()
                event.stop()
                await self.run_action(binding.action)
                return

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        if self.take(event.text):
            self.focus()

    def take(self, text: str) -> bool:
        """Put a text in the place of what is selected, to be undone as one; say so where it is too long."""
        if self.read_only:
            return False
        start, end = self.selection
        length = len(self.text) - len(self.selected_text) + len(text)
        if length > MOST_CHARACTERS:
            most, words = MOST_CHARACTERS >> 20, f"{length / (1 << 20):.1f} MiB"
            self.notify(
                f"the text would be {words} long: nothing was pasted; up to {most} MiB are taken",
                severity="warning",
                markup=False,
            )
            return False
        self._colour_if_short(length)
        result = self._replace_via_keyboard(_sound(text), start, end)
        if result is not None:
            self.move_cursor(result.end_location)
        return True

    def put(self, text: str) -> None:
        """Put a text in the place of all, to be undone as one; the cursor keeps its line."""
        line, _ = self.cursor_location
        self._colour_if_short(len(text))
        self.replace(_sound(text), (0, 0), self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()
        self.move_cursor((min(line, self.document.line_count - 1), 0))

    def begin(self, text: str) -> None:
        """Begin with a text; nothing that was before can be undone."""
        self._colour_if_short(len(text))
        self.load_text(_sound(text))

    def _colour_if_short(self, length: int) -> None:
        language = "json" if length <= _MOST_COLOURED else None
        if language != self.language:
            self.language = language

    # What is quick only so: Textual looks at all of a text with each letter

    @property
    def text(self) -> str:
        if self._whole is None:
            self._whole = self.document.text
        return self._whole

    @text.setter
    def text(self, value: str) -> None:
        self.load_text(value)

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document(text, language)
        self.wrapped_document.__class__ = _Counted

    def _build_highlight_map(self) -> None:
        """Forget the colours: those of what is seen are found when it is drawn."""
        self._whole = None
        self._line_cache.clear()
        self._highlights.clear()
        self._coloured = range(0)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._colour_what_is_seen()
        return super().render_lines(crop)

    def _colour_what_is_seen(self) -> None:
        if self._highlight_query is None:
            return
        first, last = self._line_at(self.scroll_offset.y), self._line_at(self.scroll_offset.y + self.size.height)
        if first in self._coloured and last in self._coloured:
            return
        self._coloured = range(max(0, first - _LINES_AROUND), last + _LINES_AROUND)
        self._highlights.clear()
        self._line_cache.clear()
        ends = (self._coloured.start, 0), (self._coloured.stop, 0)
        for name, nodes in self.document.query_syntax_tree(self._highlight_query, *ends).items():
            for node in nodes:
                if name in _THEME.syntax_styles and node.start_point[0] == node.end_point[0]:
                    self._highlights[node.start_point[0]].append((node.start_point[1], node.end_point[1], name))

    def _line_at(self, offset: int) -> int:
        line: int = self.wrapped_document.offset_to_location(Offset(0, min(offset, self.wrapped_document.height - 1)))[
            0
        ]
        return line

    @property
    def place(self) -> Location:
        """Line and column of the cursor, both from 1."""
        line, column = self.cursor_location
        return line + 1, column + 1


def _sound(text: str) -> str:
    """Return a text whose lines end only where those of JSON do."""
    return _HIDDEN_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def length_words(text: str) -> str:
    """Return how long a text is."""
    return plural(text.count("\n") + (not text.endswith("\n")), "line")
