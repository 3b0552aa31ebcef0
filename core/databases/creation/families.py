"""What an expression gives, as far as it must be known to say it on another engine and mean the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from core.databases.schema import Column, Kind

Family = Literal["boolean", "integer", "number", "text", "literal", "enum", "time", "uuid", "other", "null"]

_FAMILIES: dict[Kind, Family] = {
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "number",
    "float": "number",
    "text": "text",
    "enum": "enum",
    "date": "time",
    "timestamp": "time",
    "uuid": "uuid",
}
_NUMBERS = {"integer", "number"}
_TEXTS = {"text", "literal"}
_ORDERINGS = {"gt", "gte", "lt", "lte", "between"}
_NUMBER_CASTS = {"DECIMAL", "DOUBLE", "FLOAT"}
_INTEGER_CASTS = {"INT", "BIGINT", "SMALLINT"}
_TEXT_CASTS = {"TEXT", "VARCHAR", "CHAR"}
_TIME_CASTS = {"DATE", "TIMESTAMP", "DATETIME"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?)?")
_CASED_OR_ESCAPED = re.compile(r"[^\W\d_]|\\")
_DIFFERENT = "means something else there"


class LeftOutError(ValueError):
    """An expression has no place on the target; the message says why."""


def gives(family: Family, column: Column) -> bool:
    """Whether a column takes what an expression of this family gives."""
    wanted = _FAMILIES.get(column.type.kind, "other")
    if family == "null" or (family == wanted and family != "other"):
        return True
    return (wanted == "number" and family == "integer") or (wanted == "text" and family in {"literal", "uuid"})


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells the family of each part of an expression, by its `columns`, on its way from one engine to another.

    Raises LeftOutError where engines differ in what it means, or the target would refuse it: division, which some cut
    to an integer; LIKE with letters, whose case some ignore; things compared that are not of a kind. Rewrites casts
    that only PostgreSQL needs, and truth that others say by 0 and 1.
    """

    columns: Mapping[str, Column]
    source: str
    target: str

    def condition(self, node: Any) -> None:
        family = self.family(node)
        if family not in {"boolean", "null"} and (self.target == "postgresql" or family not in _NUMBERS):
            raise LeftOutError("it takes something else for a truth")

    def family(self, node: Any) -> Family:
        """Return what an expression gives."""
        judge = _JUDGES.get(node.key)
        if judge is None:
            raise LeftOutError(f"{node.key} {_DIFFERENT}")
        return judge(self, node)

    def paren(self, node: Any) -> Family:
        return self.family(node.this)

    def column(self, node: Any) -> Family:
        return _FAMILIES.get(self.columns[node.name].type.kind, "other")

    def literal(self, node: Any) -> Family:
        if node.is_string:
            return "literal"
        return "integer" if str(node.this).isdigit() else "number"

    def both(self, node: Any) -> Family:
        self.condition(node.this)
        self.condition(node.expression)
        return "boolean"

    def negation(self, node: Any) -> Family:
        self.condition(node.this)
        return "boolean"

    def comparison(self, node: Any) -> Family:
        if node.key == "in":
            return self._compare("eq", [node.this, *node.expressions])
        others = [node.args["low"], node.args["high"]] if node.key == "between" else [node.expression]
        return self._compare(node.key, [node.this, *others])

    def calculation(self, node: Any) -> Family:
        families = {self._number(node.this), self._number(node.expression)}
        if node.key == "mod" and families != {"integer"}:
            raise LeftOutError(f"mod {_DIFFERENT}")
        return "number" if "number" in families else "integer"

    def number(self, node: Any) -> Family:
        return self._number(node.this)

    def joined(self, node: Any) -> Family:
        self._text(node.this)
        self._text(node.expression)
        return "text"

    def length(self, node: Any) -> Family:
        if node.args.get("binary"):
            raise LeftOutError(f"length in bytes {_DIFFERENT}")
        self._text(node.this)
        return "integer"

    def cased(self, node: Any) -> Family:
        """SQLite knows the case of ASCII only."""
        if "sqlite" in {self.source, self.target}:
            raise LeftOutError(f"{node.key} {_DIFFERENT}")
        self._text(node.this)
        return "text"

    def trim(self, node: Any) -> Family:
        if node.args.get("expression") or node.args.get("position"):
            raise LeftOutError(f"trim {_DIFFERENT}")
        self._text(node.this)
        return "text"

    def substring(self, node: Any) -> Family:
        start = node.args.get("start")
        if start is None or not str(start.this).isdigit() or int(str(start.this)) == 0:
            raise LeftOutError(f"substring {_DIFFERENT}")
        self._text(node.this)
        return "text"

    def coalesce(self, node: Any) -> Family:
        return self._same([node.this, *node.expressions])

    def nullif(self, node: Any) -> Family:
        return self._same([node.this, node.expression])

    def word(self, node: Any) -> Family:
        if node.key == "uuid" and self.target == "sqlite":
            raise LeftOutError("SQLite makes no UUID")
        word: Family = node.key
        return word

    def _number(self, node: Any) -> Family:
        family = self.family(node)
        if family not in _NUMBERS:
            raise LeftOutError("it calculates with what is no number")
        return family

    def _text(self, node: Any) -> None:
        if self.family(node) not in _TEXTS:
            raise LeftOutError("it takes for a text what is none")

    def is_(self, node: Any) -> Family:
        if node.expression.key == "boolean" and self.family(node.this) != "boolean":
            raise LeftOutError("it takes something else for a truth")
        if node.expression.key not in {"null", "boolean"}:
            raise LeftOutError(f"IS {_DIFFERENT}")
        if _bare(node.this).key != "column":
            self.family(node.this)
        return "boolean"

    def _compare(self, key: str, nodes: Sequence[Any]) -> Family:
        family = self._same(nodes)
        ordered = key in _ORDERINGS and family in {"text", "literal", "enum", "uuid", "boolean"}
        if ordered and any(_bare(node).key == "literal" and node.this != "" for node in nodes[1:]):
            raise LeftOutError("texts have another order there")
        if ordered and not any(_bare(node).key == "literal" for node in nodes[1:]):
            raise LeftOutError("texts have another order there")
        return "boolean"

    def _same(self, nodes: Sequence[Any]) -> Family:
        """Return the one family that all of these are of, numbers of both sorts being one."""
        families = {self.family(node) for node in nodes} - {"null"}
        if "boolean" in families and families <= {"boolean", "integer"}:
            return self._truths(nodes)
        if len(families) <= 1 and "other" not in families:
            return next(iter(families), "null")
        if families <= _NUMBERS:
            return "number"
        if families <= _TEXTS:
            return "text"
        literals = [str(_bare(node).this) for node in nodes if _bare(node).key == "literal"]
        if families == {"time", "literal"} and all(_DAY.fullmatch(literal) for literal in literals):
            return "time"
        if families == {"enum", "literal"}:
            values = [set(column.type.values) for column in self.columns.values() if column.type.kind == "enum"]
            if values and set(literals) <= set.intersection(*values):
                return "enum"
        raise LeftOutError("it compares what is not of a kind")

    def _truths(self, nodes: Sequence[Any]) -> Family:
        """Say 0 and 1 as FALSE and TRUE beside a boolean, for PostgreSQL does not take them for it."""
        for node in map(_bare, nodes):
            if self.family(node) == "integer":
                if node.key != "literal" or str(node.this) not in {"0", "1"}:
                    raise LeftOutError("it compares what is not of a kind")
                node.replace(import_module("sqlglot").exp.Boolean(this=str(node.this) == "1"))
        return "boolean"

    def like(self, node: Any) -> Family:
        pattern = _bare(node.expression)
        if self.family(node.this) not in _TEXTS or pattern.key != "literal" or not pattern.is_string:
            raise LeftOutError(f"LIKE {_DIFFERENT}")
        if _CASED_OR_ESCAPED.search(str(pattern.this)):
            raise LeftOutError(f"LIKE with letters {_DIFFERENT}")
        return "boolean"

    def choice(self, node: Any) -> Family:
        if node.key == "if":
            self.condition(node.this)
            return self._same([node.args["true"], *filter(None, [node.args.get("false")])])
        for one in node.args["ifs"]:
            if node.this is None:
                self.condition(one.this)
        if node.this is not None:
            self._compare("eq", [node.this, *(one.this for one in node.args["ifs"])])
        results = [one.args["true"] for one in node.args["ifs"]]
        return self._same([*results, *filter(None, [node.args.get("default")])])

    def cast(self, node: Any) -> Family:
        """Take a cast away that changes nothing; PostgreSQL writes many of these."""
        kind, family = node.to.this.name, self.family(node.this)
        plain = not node.to.expressions
        found: Family | None = None
        if plain and kind in _NUMBER_CASTS and family in _NUMBERS:
            found = "number"
        elif plain and kind in _INTEGER_CASTS and family == "integer":
            found = "integer"
        elif plain and kind in _TEXT_CASTS and family in _TEXTS:
            found = "text"
        elif plain and kind in _TIME_CASTS and family == "literal":
            found = "literal"
        if found is None:
            raise LeftOutError(f"a cast to {kind.lower()} {_DIFFERENT}")
        node.replace(node.this)
        return found


def _bare(node: Any) -> Any:
    while node.key == "paren":
        node = node.this
    return node


_JUDGES: dict[str, Callable[[Judge, Any], Family]] = {
    **dict.fromkeys(("and", "or"), Judge.both),
    **dict.fromkeys(("boolean", "null", "uuid"), Judge.word),
    **dict.fromkeys(("eq", "neq", "gt", "gte", "lt", "lte", "between", "in"), Judge.comparison),
    **dict.fromkeys(("add", "sub", "mul", "mod"), Judge.calculation),
    **dict.fromkeys(("neg", "abs"), Judge.number),
    **dict.fromkeys(("lower", "upper"), Judge.cased),
    **dict.fromkeys(("case", "if"), Judge.choice),
    "paren": Judge.paren,
    "column": Judge.column,
    "literal": Judge.literal,
    "not": Judge.negation,
    "is": Judge.is_,
    "cast": Judge.cast,
    "like": Judge.like,
    "dpipe": Judge.joined,
    "length": Judge.length,
    "trim": Judge.trim,
    "substring": Judge.substring,
    "coalesce": Judge.coalesce,
    "nullif": Judge.nullif,
}
