"""The fields of a schedule as a person fills them in: what each is called, what it takes, and what was typed wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from core.catalog import ScheduleSettings
from core.schedules.settings import check_settings

Section = Literal["times", "keep"]
Value = str | int | bool | None

_LARGEST_DIGITS = 9
_DIGITS = "0123456789"
_A_NUMBER = "write a whole number"


@dataclass(frozen=True, slots=True)
class Field:
    """A field: the setting that it is for, its label, what stands beside it, a word for each value that is chosen.

    `called` is what it is called where the form is not seen, `only` the characters that can be in it, "" for all.
    `of` are the frequencies that need it, none for all. A number with `without` may be left out, which means that.
    """

    name: str
    label: str
    section: Section
    called: str
    words: tuple[tuple[Value, str], ...] = ()
    hint: str = ""
    of: tuple[str, ...] = ()
    is_number: bool = False
    without: str | None = None
    only: str = ""


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FREQUENCIES = ("hourly", "daily", "weekly", "monthly", "cron")
_DRILLS = (("off", "never"), ("weekly", "weekly"), ("monthly", "monthly"))


def _kept(name: str, label: str, called: str, hint: str, without: str | None = None) -> Field:
    return Field(name, label, "keep", called, hint=hint, is_number=True, only=_DIGITS, without=without)


FIELDS = (
    Field("enabled", "Backs up by itself", "times", "backs up by itself", ((False, "no"), (True, "yes"))),
    Field("frequency", "How often", "times", "how often", tuple((word, word) for word in _FREQUENCIES)),
    Field("weekday", "On", "times", "weekday", tuple(enumerate(_WEEKDAYS)), of=("weekly",)),
    Field(
        "month_day",
        "On day",
        "times",
        "day of the month",
        hint="a shorter month: its last",
        of=("monthly",),
        is_number=True,
        only=_DIGITS,
    ),
    Field("time", "At", "times", "time of day", hint="HH:MM; hourly: minute", of=_FREQUENCIES[:-1], only=f"{_DIGITS}:"),
    Field("cron", "Cron expression", "times", "cron expression", hint="minute hour day month weekday", of=("cron",)),
    Field("time_zone", "In the time zone", "times", "time zone"),
    Field("kind", "Kind", "times", "kind", (("snapshot", "snapshot"), ("portable", "portable"))),
    Field("missed", "A missed run", "times", "a missed run", (("once", "is made up once"), ("skip", "is left out"))),
    Field("drill", "Drill of the newest", "times", "drill of the newest", _DRILLS, hint="restores it, and looks"),
    _kept(
        "retention_days",
        "All of the last",
        "days of which all are kept",
        "days; empty: any age",
        "none goes for its age",
    ),
    _kept("keep_hourly", "And one an hour, of", "kept hourly", "hours"),
    _kept("keep_daily", "      one a day, of", "kept daily", "days"),
    _kept("keep_weekly", "      one a week, of", "kept weekly", "weeks"),
    _kept("keep_monthly", "      one a month, of", "kept monthly", "months"),
    _kept("keep_yearly", "      one a year, of", "kept yearly", "years"),
    _kept("max_backups", "But at most", "kept at most", "in all; empty: no end", "any number"),
    _kept("keep_minimum", "And never fewer than", "kept at least", "backups"),
)


@dataclass(frozen=True)
class Typed:
    """What a form says: settings, with the former value wherever something wrong was typed, and what is wrong there."""

    settings: ScheduleSettings
    problems: Mapping[str, str] = field(default_factory=dict)

    def is_right(self, section: Section) -> bool:
        """Whether nothing is wrong in that part of the form."""
        return not any(one.name in self.problems for one in FIELDS if one.section == section)


def shown_fields(frequency: Value) -> list[Field]:
    """Given the frequency, return the fields that it needs."""
    return [one for one in FIELDS if not one.of or frequency in one.of]


def value_text(one: Field, settings: ScheduleSettings) -> str:
    """Given a field that is typed, return its setting as text; nothing where it is left out."""
    value = getattr(settings, one.name)
    return "" if value is None else str(value)


def read_typed(values: Mapping[str, Value], former: ScheduleSettings) -> Typed:
    """Given the values of a form, texts where something was typed, return what they say.

    Fields that the frequency does not need keep their former setting, whatever stands in them.
    """
    problems: dict[str, str] = {}
    read: dict[str, Value] = {}
    for one in shown_fields(values["frequency"]):
        value = values[one.name]
        if one.words or not isinstance(value, str):
            read[one.name] = value
        elif not one.is_number:
            read[one.name] = value.strip()
        elif not value.strip() and one.without is not None:
            read[one.name] = None
        elif _is_whole(value.strip()):
            read[one.name] = int(value)
        else:
            problems[one.name] = _A_NUMBER if one.without is None else f"{_A_NUMBER}, or nothing: {one.without}"
    settings = replace(former, **read)  # type: ignore[arg-type]  # each name is a field's, each value of its kind
    for problem in check_settings(settings):
        problems.setdefault(problem.field, f"{problem.wrong}: {problem.allowed}")
    wrong = {name: getattr(former, name) for name in problems if hasattr(former, name)}
    return Typed(replace(settings, **wrong), problems)


def changed_lines(before: ScheduleSettings, after: ScheduleSettings) -> list[str]:
    """Given settings before and after, return a line for each that differs, in words that stand alone."""
    labels = {one.name: one for one in FIELDS}
    lines = []
    for each in fields(ScheduleSettings):
        old, new = getattr(before, each.name), getattr(after, each.name)
        if old != new:
            one = labels[each.name]
            lines.append(f"{one.called}: {_word(one, old)} -> {_word(one, new)}")
    return lines


def _word(one: Field, value: Value) -> str:
    if value is None:
        return one.without or "-"
    return dict(one.words).get(value, str(value)) or "-"


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LARGEST_DIGITS
