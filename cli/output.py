"""Results on stdout, everything else on stderr; nothing that comes from outside may steer the terminal.

A line that cannot be printed stops no work: what is left of it is done, and that a result was lost is told at the end.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TextIO

import click

from cli.options import Options
from core.errors import GreenroomError, ResultLostError
from core.words import printable

JSON_VERSION = 1

Json = dict[str, object]

_lost: list[OSError] = []


def emit_json(options: Options, result: Json) -> None:
    """Print the one JSON object of a command."""
    document = {"greenroom_json": JSON_VERSION, "command": options.command, **result}
    emit_document(json.dumps(document, indent=2))


def emit_document(text: str) -> None:
    """Print a text of greenroom's own as it stands."""
    _print(text)


def emit(*lines: str) -> None:
    """Print lines of a result."""
    for line in lines:
        _print(printable(line))


def remark(options: Options, *lines: str) -> None:
    """Print what is good to know, unless --quiet."""
    if not options.quiet:
        warn(*lines)


def warn(*lines: str) -> None:
    """Print what must be known, --quiet or not."""
    for line in lines:
        _print(printable(line), err=True)


def tell_error(error: GreenroomError, about: str = "") -> None:
    """Print an error and what to do about it; `about` names the one of several things that it is about."""
    first, *others = error.message.splitlines() or [""]
    warn(f"greenroom: {about and about + ': '}{first}", *others)
    if error.hint:
        warn(f"hint: {error.hint}")


def take_loss() -> ResultLostError | None:
    """Return that something could not be printed since the last time, None where all was."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _lose(error, sys.stdout)
    if not _lost:
        return None
    why = _lost[0].strerror or _lost[0]
    _lost.clear()
    return ResultLostError(
        f"the command ran to its end, but its result cannot be printed: {why}",
        hint="what it did stays: look before it is run again",
    )


def discard(stream: TextIO) -> None:
    """Let a stream that takes nothing swallow the rest: Python flushes it again at the end, which would fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _print(text: str, *, err: bool = False) -> None:
    try:
        click.echo(text, err=err)
    except OSError as error:
        _lose(error, sys.stderr if err else sys.stdout)


def _lose(error: OSError, stream: TextIO) -> None:
    _lost.append(error)
    discard(stream)


def error_object(error: GreenroomError) -> Json:
    """Return an error in its JSON shape: `error` says what is wrong, `message` what to do about it."""
    shape: Json = {"error": error.message, "message": error.hint, "exit_code": int(error.exit_code)}
    action = getattr(error, "action_required", None)
    if action is not None:
        shape["action_required"] = action
    problems = getattr(error, "problems", None)
    if problems is not None and all(hasattr(one, "wrong") for one in problems):
        shape["problems"] = [{"key": one.key, "wrong": one.wrong, "allowed": one.allowed} for one in problems]
    return shape


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Given heads and rows, return aligned lines; `right` are the columns that hold numbers."""
    cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(heads))]
    numbers = frozenset(right)
    return ["  ".join(_row(row, widths, numbers)).rstrip() for row in cells]


def fields(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Given names and values, return a line for each, the values below each other; empty ones are left out."""
    kept = [(name, value) for name, value in pairs if value]
    widest = max((len(name) for name, _ in kept), default=0)
    return [f"{name:<{widest}}  {printable(value)}" for name, value in kept]


def _row(row: Sequence[str], widths: Sequence[int], numbers: frozenset[int]) -> list[str]:
    padded = []
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - _width(cell))
        padded.append(space + cell if column in numbers else cell + space)
    return padded


def _width(text: str) -> int:
    """How many columns a terminal gives the text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
