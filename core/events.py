"""What the loop and its runs tell while they work: the daemon logs it, the app shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened: `name` (snake_case) is for machines, `message` for a person, `fields` are its figures."""

    level: Level
    name: str
    message: str
    site: str | None = None
    fields: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


Tell = Callable[[Event], None]
