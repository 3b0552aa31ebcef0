"""What greenroom remembers of alarms: which conditions hold, and what waits to be sent. `STATE/alarms/book.json`."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from core.alarms.conditions import Report
from core.alarms.course import Active
from core.alarms.outbox import Outbox
from core.context import Context
from core.errors import BusyError, GreenroomError
from core.events import Event, Tell
from core.filesystem import PRIVATE_FOLDER
from core.locks import hold_lock

_MAX_BYTES = 4 << 20
_SECONDS_TO_WAIT = 5.0
_Result = TypeVar("_Result")
ONE_AT_A_TIME = threading.RLock()
# What could not be written, because the disk is full, say: without it each look would find the same thing anew, and
# alarm again.
_UNWRITTEN: dict[Path, Book] = {}


@dataclass(frozen=True, slots=True)
class Book:
    """All that is remembered."""

    version: Literal[1] = 1
    active: tuple[Active, ...] = ()
    reports: tuple[Report, ...] = ()
    box: Outbox = field(default_factory=Outbox)


_ADAPTER = TypeAdapter(Book)


def folder_of(context: Context) -> Path:
    return context.settings.state / "alarms"


def book_path(context: Context) -> Path:
    return folder_of(context) / "book.json"


def read_book(context: Context) -> Book:
    """Return what is remembered, without changing anything; nothing where it cannot be read."""
    try:
        return _UNWRITTEN.get(book_path(context)) or _read(book_path(context))
    except (ValueError, OSError):
        return Book()


def change_book(context: Context, tell: Tell, change: Callable[[Book], tuple[Book, _Result]]) -> _Result:
    """Let `change` make a new book of the present one, write it, and return what `change` gives besides.

    A book that is damaged is set aside and told. One that cannot be written is kept in memory until it can.
    """
    path = book_path(context)
    with ONE_AT_A_TIME, ExitStack() as held:
        _lock(context, tell, held)
        before = _UNWRITTEN.get(path) or _read_or_set_aside(context, path, tell)
        after, result = change(before)
        if after != before or path in _UNWRITTEN:
            _write(context, path, after, tell)
    return result


def change_box(context: Context, tell: Tell, change: Callable[[Outbox], tuple[Outbox, _Result]]) -> _Result:
    """As `change_book`, for the outbox in it."""

    def change_it(book: Book) -> tuple[Book, _Result]:
        box, result = change(book.box)
        return replace(book, box=box), result

    return change_book(context, tell, change_it)


def _lock(context: Context, tell: Tell, held: ExitStack) -> None:
    """Hold the book against other processes. Where that cannot be, go on: an alarm must go out all the same."""
    deadline = time.monotonic() + _SECONDS_TO_WAIT
    try:
        folder_of(context).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        while True:
            lock = hold_lock(folder_of(context) / "lock", actor=context.actor, verb="alarms", now=context.clock())
            try:
                held.enter_context(lock)
            except BusyError:
                if time.monotonic() > deadline:
                    raise
            else:
                return
    except (GreenroomError, OSError) as error:
        _tell_unwritten(tell, str(error))


def _read(path: Path) -> Book:
    """Return the book; raise ValueError where it is damaged, OSError where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Book()
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no file")
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError("it is too large")
    try:
        book = _ADAPTER.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    numbers = [one.number for one in book.box.parcels]
    if len(set(numbers)) != len(numbers) or max(numbers, default=0) >= book.box.next_number:
        raise ValueError("its numbers do not fit")
    return book


def _read_or_set_aside(context: Context, path: Path, tell: Tell) -> Book:
    try:
        return _read(path)
    except (ValueError, OSError) as error:
        aside = path.with_name("book.damaged")
        message = f"{path} cannot be read ({error}); what waited to be sent is lost"
        try:
            context.disk.rename(path, aside)
            message += f", the file is kept as {aside}"
        except OSError as other:
            message += f", and cannot be moved away: {other}"
        tell(Event("error", "alarms_damaged", message))
        return Book()


def _write(context: Context, path: Path, book: Book, tell: Tell) -> None:
    try:
        context.disk.replace_file(path, _ADAPTER.dump_json(book, indent=1))
    except OSError as error:
        if path not in _UNWRITTEN:
            _tell_unwritten(tell, str(error))
        _UNWRITTEN[path] = book
    else:
        _UNWRITTEN.pop(path, None)


def _tell_unwritten(tell: Tell, why: str) -> None:
    tell(
        Event(
            "error",
            "alarms_unwritten",
            f"alarms cannot be noted ({why}); they are sent, but a restart may repeat or forget some",
        )
    )
