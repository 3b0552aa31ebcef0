"""SQL expressions of an archive in a target's words: of checks, computed columns and defaults.

What stands in an archive is never run as it stands. It is parsed, must be one scalar expression of operators and
functions that are known here, over columns of its own table, and is written anew from what was understood.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.databases.creation.families import Judge, LeftOutError, gives
from core.databases.creation.naming import folded
from core.databases.schema import Column, Table

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_DIALECTS = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql"}
_LONGEST = 8192
_DEEPEST = 40
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?")
_OPERATORS = {
    "add", "and", "between", "boolean", "case", "cast", "column", "datatype", "datatypeparam", "div", "dpipe", "eq",
    "gt", "gte", "identifier", "if", "in", "is", "like", "literal", "lt", "lte", "mod", "mul", "neg", "neq", "not",
    "null", "or", "paren", "sub",
}  # fmt: skip
_FUNCTIONS = {"abs", "coalesce", "length", "lower", "nullif", "substring", "trim", "upper", "uuid"}
_OWN_OPERATORS = {
    "array", "attimezone", "bitwiseand", "bitwisenot", "bitwiseor", "bitwiseleftshift", "bitwiserightshift",
    "bitwisexor", "collate", "concat", "currentdate", "currenttime", "currenttimestamp", "any", "escape", "extract",
    "glob", "hexstring", "ilike", "intdiv", "localtime", "localtimestamp", "nullsafeeq", "nullsafeneq", "regexpilike",
    "regexplike", "utctimestamp", "var", "xor",
}  # fmt: skip
_OWN_FUNCTIONS = {
    "ceil", "concatws", "exp", "floor", "greatest", "hex", "initcap", "left", "least", "ln", "lowerhex", "md5", "power",
    "right", "round", "sign", "sqrt", "strposition", "typeof", "unhex", "arraysize", "jsontypeof",
}  # fmt: skip
_OWN_NAMES = {
    "sqlite": {
        "char_length", "date", "datetime", "instr", "json", "json_array_length", "json_type", "json_valid", "julianday",
        "octet_length", "random", "time", "unixepoch",
    },
    "postgresql": {
        "array_length", "btrim", "cardinality", "clock_timestamp", "date_part", "date_trunc", "gen_random_uuid",
        "isempty", "json_array_length", "json_typeof", "jsonb_array_length", "jsonb_typeof", "lower_inf", "masklen",
        "now", "num_nonnulls", "num_nulls", "octet_length", "random", "split_part", "starts_with",
        "statement_timestamp", "to_tsvector", "translate", "upper_inf",
    },
    "mysql": {
        "dayofweek", "json_length", "json_type", "json_valid", "octet_length", "unix_timestamp", "utc_date",
        "utc_time", "utc_timestamp", "uuid", "year", "month",
    },
}  # fmt: skip
_CASTS = {
    "BIGINT", "BOOLEAN", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "INTERVAL", "JSON", "JSONB", "SMALLINT",
    "TEXT", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMETZ", "UBIGINT", "UUID", "VARCHAR", "INET", "CIDR", "DATETIME",
    "ARRAY",
}  # fmt: skip
_TEXT_CASTS = {"TEXT", "VARCHAR", "CHAR"}
_NUMBER_CASTS = {"DECIMAL", "INT"}


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL of the target, and the columns that it reads."""

    sql: str
    columns: frozenset[str]


def translate(sql: str, source: str, target: str, table: Table | None, made_for: Column | None = None) -> Expression:
    """Return an expression of `source` as SQL of `target`, over the columns of `table`, or over none.

    It is a value for the column `made_for`, or a condition where there is none.

    Raise LeftOutError where it is no single scalar expression, or one whose meaning there is not known to be the same.
    """
    try:
        return _translated(sql, source, target, table, made_for)
    except LeftOutError:
        raise
    except RecursionError as error:
        raise LeftOutError("it is too long to be understood") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise LeftOutError("it is not understood") from error  # the parser made of it what nobody foresaw


def _translated(sql: str, source: str, target: str, table: Table | None, made_for: Column | None) -> Expression:
    whole = _bottom_up(_sqlglot().exp.Paren(this=_parsed(sql, source)))  # what is rewritten has a parent
    _check_nodes(whole, source, own=source == target)
    columns = _resolve(whole, source, table)
    if source == "mysql" or target == "mysql":
        _check_backslashes(whole, sql)
    if source != target:
        _judge(whole, Judge(columns, source, target), made_for)
    return Expression(_written(whole.this, target), frozenset(columns))


def _judge(tree: Expr, judge: Judge, made_for: Column | None) -> None:
    if made_for is None:
        judge.condition(tree)
    elif not gives(judge.family(tree), made_for):
        raise LeftOutError("it gives what is not of the column's kind")


@cache
def _sqlglot() -> Any:
    """The parser, which takes a while to import."""
    # What it cannot read is named as a loss; its own words, with text of the archive, would go to the terminal.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    return import_module("sqlglot")


def _parsed(sql: str, source: str) -> Expr:
    if len(sql) > _LONGEST or _depth(sql) > _DEEPEST:
        raise LeftOutError("it is too long to be understood")
    sqlglot = _sqlglot()
    try:
        parsed = sqlglot.Dialect.get_or_raise(_DIALECTS[source]).parse_into(sqlglot.exp.Condition, sql)
    except sqlglot.errors.SqlglotError as error:
        raise LeftOutError("it is not one expression") from error
    if len(parsed) != 1 or parsed[0] is None:
        raise LeftOutError("it is not one expression")
    tree: Expr = parsed[0]
    return tree


def _depth(sql: str) -> int:
    deepest = depth = 0
    for letter in sql:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        deepest = max(deepest, depth)
    return deepest


def _bottom_up(node: Any) -> Any:
    """Without what only says again what a literal is, and with PostgreSQL's `= ANY (ARRAY[...])` as the IN it was."""
    for child in list(node.iter_expressions()):
        simpler = _bottom_up(child)
        if simpler is not child:
            child.replace(simpler)
    if node.key == "introducer":
        return node.expression
    if node.key == "cast" and _bare(node.this).key == "literal":
        return _literal_of(node)
    return _as_in(node) if node.key == "eq" and node.expression.key == "any" else node


def _literal_of(cast: Any) -> Any:
    literal, kind = _bare(cast.this), _type_name(cast)
    says_again = _TEXT_CASTS | {"USERDEFINED"} if literal.is_string else _NUMBER_CASTS
    return literal if kind in says_again and not cast.to.expressions else cast


def _as_in(node: Any) -> Any:
    listed = _bare(node.expression.this)
    while listed.key == "cast":
        listed = _bare(listed.this)
    if listed.key != "array":
        return node
    return _sqlglot().exp.In(this=_without_text_cast(node.this), expressions=[_bare(one) for one in listed.expressions])


def _without_text_cast(node: Any) -> Any:
    """PostgreSQL says of a VARCHAR that it is compared as TEXT."""
    is_text = node.key == "cast" and _type_name(node) == "TEXT"
    return _bare(node.this) if is_text else node


def _type_name(cast: Any) -> str:
    """Return the name of the type of a cast, empty for one that is no data type, as PostgreSQL's `regclass` is."""
    return str(cast.to.this.name) if cast.to.key == "datatype" else ""


def _bare(node: Any) -> Any:
    while node.key == "paren":
        node = node.this
    return node


def _check_nodes(tree: Expr, source: str, *, own: bool) -> None:
    """Raise LeftOutError at the first thing that is not known; at home some more is known."""
    known = _OPERATORS | _FUNCTIONS | (_OWN_OPERATORS | _OWN_FUNCTIONS if own else set())
    exp = _sqlglot().exp
    for node in tree.walk():
        if isinstance(node, exp.Anonymous):
            name = str(node.this)
            if not own or name.lower() not in _OWN_NAMES[source]:
                raise LeftOutError(f"the function {name} is not known there")
        elif node.key not in known:
            what = f"the function {node.sql_name()}" if isinstance(node, exp.Func) else f"{node.key}"
            raise LeftOutError(f"{what} is not known there")
        _check_words(node)


def _check_words(node: Any) -> None:
    """Raise LeftOutError where a node holds text that would be written as it is, and is no plain word or number."""
    if node.key == "literal" and not node.is_string and not _NUMBER.fullmatch(str(node.this)):
        raise LeftOutError("a number in it is none")
    if node.key == "literal" and "\0" in str(node.this):
        raise LeftOutError("a text in it has a NUL")
    if node.key == "var" and not re.fullmatch(r"[A-Za-z_]{1,30}", str(node.this)):
        raise LeftOutError("a word in it is none")
    if node.key == "hexstring" and not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", str(node.this)):
        raise LeftOutError("bytes in it are none")
    if node.key == "datatype" and node.this.name not in _CASTS:
        raise LeftOutError("a type in it is not known there")
    if (
        node.key == "in"
        and set(node.args) - {"this", "expressions"}
        and any(node.args.get(part) for part in ("query", "unnest", "field", "is_global"))
    ):
        raise LeftOutError("it is not one expression")


def _check_backslashes(tree: Expr, sql: str) -> None:
    """A backslash in a text means one thing or another, as the session of MySQL has it."""
    if "\\" in sql or any(node.key == "literal" and "\\" in str(node.this) for node in tree.walk()):
        raise LeftOutError("it has a backslash")


def _resolve(tree: Expr, source: str, table: Table | None) -> Mapping[str, Column]:
    """Give each column the name that it has; return the columns by these names."""
    exp = _sqlglot().exp
    known = {} if table is None else {_folded(source, column.name): column for column in table.columns}
    found: dict[str, Column] = {}
    for node in tree.find_all(exp.Column):
        name = str(node.name)
        fold = name.lower() if source == "postgresql" and not node.this.args.get("quoted") else _folded(source, name)
        column = known.get(fold)
        if column is None or not set(node.args) <= {"this", "table"} | set(_empty(node)) or not _is_of(node, table):
            raise LeftOutError(f"it reads {name}, which is no column of the table")
        node.set("table", None)
        node.set("this", exp.to_identifier(column.name, quoted=True))
        found[column.name] = column
    return found


def _is_of(node: Any, table: Table | None) -> bool:
    said = node.args.get("table")
    return said is None or (table is not None and str(said.name).lower() == table.name.lower())


def _empty(node: Any) -> Iterator[str]:
    return (name for name, value in node.args.items() if not value)


def _folded(source: str, name: str) -> str:
    return folded(source, name)


def _written(tree: Expr, target: str) -> str:
    sqlglot = _sqlglot()
    try:
        written: str = tree.sql(
            dialect=_writer(target), comments=False, unsupported_level=sqlglot.errors.ErrorLevel.RAISE
        )
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        raise LeftOutError("it cannot be said there") from error
    return written


@cache
def _writer(target: str) -> Any:
    """The dialect that writes; MariaDB has no REGEXP_LIKE, and MySQL has RLIKE, too."""
    sqlglot = _sqlglot()
    dialect: Any = type(sqlglot.Dialect.get_or_raise(_DIALECTS[target]))
    if target != "mysql":
        return dialect
    like = {sqlglot.exp.RegexpLike: lambda self, node: self.binary(node, "RLIKE")}
    generator = type("Generator", (dialect.Generator,), {"TRANSFORMS": {**dialect.Generator.TRANSFORMS, **like}})
    return type("GreenroomMySQL", (dialect,), {"Generator": generator})
