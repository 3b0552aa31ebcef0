"""Questions to a person at a terminal; where there is none, nothing is asked and nothing is changed."""

from __future__ import annotations

import select
import sys

import click

from core.errors import CancelledError, UsageError
from core.words import printable

_SECONDS_TO_A_SIGNAL = 0.5


def require_person(*, yes: bool) -> bool:
    """Return whether a person is to be asked; raise UsageError where one must be and there is no terminal."""
    if yes:
        return False
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "this asks first, and there is no terminal to ask at: nothing was changed",
            hint="--yes says yes beforehand",
        )
    return True


def ask_for_word(question: str, word: str) -> None:
    """Ask a person to type a word; raise CancelledError where something else is typed."""
    if _answer(f"{question} ({word}): ") != word:
        raise CancelledError(f"that is not {word}: nothing was changed")


def ask_yes_or_no(question: str) -> None:
    """Ask a question of which the answer is no unless a person says yes; raise CancelledError for a no."""
    if _answer(f"{question} [y/N] ").lower() not in {"y", "yes"}:
        raise CancelledError("nothing was changed")


def _answer(question: str) -> str:
    click.echo(printable(question), nl=False, err=True)
    # A signal that comes just before a read would not end it: its handler runs only when Python runs again.
    while not select.select([sys.stdin], [], [], _SECONDS_TO_A_SIGNAL)[0]:
        pass
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        click.echo(err=True)  # the end of the input was typed, and the cursor still stands behind the question
    return line.strip()
