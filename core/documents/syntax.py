"""Why a text is no JSON, in words for a person who did not write a parser."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from core.documents.document import Lines
from core.documents.problems import Problem, quoted
from core.words import printable


class State(enum.IntEnum):
    """What may come next."""

    BEGIN = 0  # the value that is all
    FIRST_KEY = 1  # a key, or the end of an empty object
    KEY = 2
    COLON = 3
    VALUE = 4
    AFTER_MEMBER = 5
    FIRST_ENTRY = 6  # a value, or the end of an empty list
    ENTRY = 7
    AFTER_ENTRY = 8
    END = 9


_ALLOWED = {
    State.BEGIN: "a value",
    State.FIRST_KEY: "a key in double quotes, or }",
    State.KEY: "a key in double quotes",
    State.COLON: "a colon",
    State.VALUE: "a value",
    State.AFTER_MEMBER: "a comma, or }",
    State.FIRST_ENTRY: "a value, or ]",
    State.ENTRY: "a value",
    State.AFTER_ENTRY: "a comma, or ]",
    State.END: "nothing more",
}
_SPACE = re.compile(r"[ \t\n\r]*+")
_PIECE = re.compile(r'"[^"\n]*+"?|[\w.+-]++|//|/\*|\S')
_ESCAPES = r"\" \\ \/ \b \f \n \r \t \u and four hexadecimal digits"
_VALUES = {State.BEGIN, State.VALUE, State.FIRST_ENTRY, State.ENTRY}
_KEYS = {State.FIRST_KEY, State.KEY}
_AFTER = {State.AFTER_MEMBER, State.AFTER_ENTRY}
_OTHER_LANGUAGES = {
    "True": "true",
    "False": "false",
    "None": "null",
    "undefined": "null",
    "nil": "null",
    "NULL": "null",
    "TRUE": "true",
    "FALSE": "false",
    "NaN": "null",
    "Infinity": "null",
    "-Infinity": "null",
}
_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019`'"


def explain(text: str, at: int, state: State, opened: Sequence[int], lines: Lines) -> Problem:
    """Given where reading stopped, what might have come there and where brackets are open, return the problem."""
    space = _SPACE.match(text, at)
    at = space.end() if space else at
    piece = _PIECE.match(text, at)
    end = piece.end() if piece else min(at + 1, len(text))
    if at == len(text):
        return Problem((), *_ended(text, opened, lines), lines.span(at, at))
    found = text[at:end]
    if found == "\\" or (found[0] == '"' and (state in _VALUES or state in _KEYS)):
        return _text_problem(text, at, lines)
    if found in "}]" and state in {State.KEY, State.ENTRY}:
        comma = text.rindex(",", 0, at)
        return Problem((), f"a comma too many before {found}", "no comma there", lines.span(comma, comma + 1))
    return Problem((), *_misplaced(text, at, found, state, opened, lines), lines.span(at, end))


def _ended(text: str, opened: Sequence[int], lines: Lines) -> tuple[str, str]:
    if not text.strip():
        return "the text is empty", "a JSON object"
    if not opened:
        return "the text ends where a value is missing", "a value"
    bracket = text[opened[-1]]
    where = lines.place(opened[-1])
    closing = "}" if bracket == "{" else "]"
    return (
        f"the text ends before the {bracket} of {where} is closed: perhaps it was cut off",
        f"the rest, with its {closing}",
    )


def _text_problem(text: str, at: int, lines: Lines) -> Problem:
    """Given the opening quote of a text that cannot be read, or a backslash in it, return what is wrong there."""
    if text[at] == "\\":
        end = min(at + (6 if text.startswith("\\u", at) else 2), len(text))
        return Problem((), f"{printable(text[at:end])} is no escape", _ESCAPES, lines.span(at, end))
    broken = re.compile(r'[^\\\x00-\x1f"]*+(?:\\.[^\\\x00-\x1f"]*+)*+').match(text, at + 1)
    end = broken.end() if broken else at + 1
    if end == len(text) or text[end] == "\\":
        return Problem((), "the text in quotes does not end", 'a closing "', lines.span(at, end))
    if text[end] in "\n\r":
        return Problem(
            (), 'the closing " is missing on this line', 'a closing "; \\n for a line end within', lines.span(at, end)
        )
    name = "a tab" if text[end] == "\t" else f"the control character U+{ord(text[end]):04X}"
    escape = "\\t" if text[end] == "\t" else f"\\u{ord(text[end]):04x}"
    return Problem((), f"{name} stands in a text in quotes", f"{escape} for it", lines.span(end, end + 1))


def _misplaced(text: str, at: int, found: str, state: State, opened: Sequence[int], lines: Lines) -> tuple[str, str]:
    allowed = _ALLOWED[state]
    shown = found if found.isprintable() and len(found) <= 60 else quoted(found)
    if state is State.END:
        return f"{shown} stands after the end", allowed
    if text.startswith(("//", "/*"), at):
        return "a comment stands here, and JSON has none", allowed
    if found in _QUOTES:
        return f"{found} is no quote in JSON", f'{allowed}; texts stand in "double quotes"'
    if found in "}]" and state in _AFTER:
        return f"{found} does not close the {text[opened[-1]]} of {lines.place(opened[-1])}", allowed
    return (_sign if found in ":,}]" else _word)(shown, state, allowed)


def _sign(shown: str, state: State, allowed: str) -> tuple[str, str]:
    if state is State.COLON:
        return f"a colon is missing before {shown}", allowed
    if state in _AFTER:
        return f"{shown} stands where it may not", allowed
    return f"{'a key' if state in _KEYS else 'a value'} is missing before {shown}", allowed


def _word(shown: str, state: State, allowed: str) -> tuple[str, str]:
    if state in _AFTER or state is State.COLON:
        return f"a {'comma' if state in _AFTER else 'colon'} is missing before {shown}", allowed
    if state in _KEYS:
        return f"{shown} is no key", allowed
    if shown in _OTHER_LANGUAGES:
        return f"{shown} is no JSON", f"{_OTHER_LANGUAGES[shown]} in its place"
    if shown[0] in "+-.0123456789":
        return f"{shown} is no number in JSON", "numbers such as 0, -12, 0.5, 1e6"
    return f"{shown} is no value", f"{allowed}; texts stand in double quotes"
