"""Names on a target: how they are quoted, which of them it cannot have, and new ones that fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.databases.quoting import back_quoted, double_quoted
from core.databases.schema import Schema
from core.errors import GreenroomError

_POSTGRESQL_BYTES = 63
_MYSQL_LETTERS = 64
_POSTGRESQL_OWN_COLUMNS = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}


def quoted(engine: str, name: str) -> str:
    """Return a name as SQL of that engine, whatever is in it."""
    return back_quoted(name) if engine == "mysql" else double_quoted(name)


def quoted_list(engine: str, names: Iterable[str]) -> str:
    return ", ".join(quoted(engine, name) for name in names)


def folded(engine: str, name: str) -> str:
    """Return what two names have in common where that engine takes them for the same column."""
    if engine == "sqlite":
        return "".join(letter.lower() if letter.isascii() else letter for letter in name)
    return name if engine == "postgresql" else "".join(letter.lower()[:1] for letter in name)


def check_names(schema: Schema, engine: str) -> None:
    """Raise GreenroomError where a table or column cannot have its name on that engine, or two would share one."""
    tables: dict[str, str] = {}
    for table in schema.tables:
        problem = _problem(engine, table.name, is_table=True)
        if problem:
            raise _refused(f"the table {table.name!r}", engine, problem)
        folded_name = folded(engine, table.name) if engine == "sqlite" else table.name
        other = tables.setdefault(folded_name, table.name)
        if other != table.name:
            raise _refused(f"the table {table.name!r}", engine, f"{other!r} is the same name there")
        columns: dict[str, str] = {}
        if not table.columns:
            raise _refused(f"the table {table.name!r}", engine, "it has no columns")
        for column in table.columns:
            where = f"the column {column.name!r} of the table {table.name!r}"
            problem = _problem(engine, column.name, is_table=False)
            if problem:
                raise _refused(where, engine, problem)
            other = columns.setdefault(folded(engine, column.name), column.name)
            if other != column.name:
                raise _refused(where, engine, f"{other!r} is the same name there")


def _refused(what: str, engine: str, problem: str) -> GreenroomError:
    return GreenroomError(
        f"{what} cannot be made in {engine}: {problem}", hint="rename it in the source, or leave its table out"
    )


def _problem(engine: str, name: str, *, is_table: bool) -> str:
    """Return why a table or column cannot have this name, or nothing."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "its name is not Unicode"
    problems = {
        "sqlite": {"names that begin with sqlite_ are its own": is_table and _is_sqlites_own(name)},
        "postgresql": {
            f"a name has up to {_POSTGRESQL_BYTES} bytes there": size > _POSTGRESQL_BYTES,
            "PostgreSQL has such a column itself": not is_table and name in _POSTGRESQL_OWN_COLUMNS,
        },
        "mysql": {
            f"a name has up to {_MYSQL_LETTERS} letters there": len(name) > _MYSQL_LETTERS,
            "a name does not end with a blank there": name.endswith(" "),
            "a name has no letters beyond U+FFFF there": max(name) > "\uffff",
        },
    }
    return next((problem for problem, is_so in problems[engine].items() if is_so), "")


def _is_sqlites_own(name: str) -> bool:
    return name[:7].lower() == "sqlite_"


@dataclass(frozen=True, slots=True)
class NewNames:
    """Names for indexes, rules and types of one target: each fits there and is given once."""

    engine: str
    taken: set[str]

    def give(self, wanted: str) -> str:
        """Return `wanted`, or what is most like it where it does not fit or is taken; it is taken then."""
        base = self._fitting(wanted)
        name, number = self._cut(base, ""), 2
        while self._key(name) in self.taken:
            name, number = self._cut(base, f"_{number}"), number + 1
        self.taken.add(self._key(name))
        return name

    def _fitting(self, wanted: str) -> str:
        kept = (letter if letter.isprintable() and letter <= "\uffff" else "_" for letter in wanted)
        name = "".join(kept).strip() or "unnamed"
        return f"_{name}" if _is_sqlites_own(name) else name

    def _cut(self, name: str, end: str) -> str:
        if self.engine == "mysql":
            return name[: _MYSQL_LETTERS - len(end)].rstrip() + end
        room = _POSTGRESQL_BYTES - len(end)
        return name.encode()[:room].decode(errors="ignore") + end

    def _key(self, name: str) -> str:
        return name.lower()
