"""What SQLite's PRAGMAs do not tell of a table and its CREATE TABLE statement does: checks and computed columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
      (?P<gap>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<word>[\w$]+)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TABLE_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}


@dataclass(frozen=True, slots=True)
class CheckClause:
    """A CHECK and the name that it was given."""

    name: str | None
    sql: str


@dataclass(slots=True)
class KeyClause:
    """When a foreign key is checked."""

    deferrable: bool = False
    deferred: bool = False


@dataclass(slots=True)
class Definition:
    """The checks of a table, its foreign keys in their order, and whether it says AUTOINCREMENT.

    By the names of columns the expressions of the computed ones, and collations; `conflicts` are what is done to a row
    that breaks a rule, each with the column that says so.
    """

    checks: list[CheckClause] = field(default_factory=list)
    keys: list[KeyClause] = field(default_factory=list)
    computed: dict[str, str] = field(default_factory=dict)
    collations: dict[str, str] = field(default_factory=dict)
    conflicts: list[tuple[str | None, str]] = field(default_factory=list)
    autoincrement: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The name that it is, without its quotes."""
        if self.kind != "quoted":
            return self.text
        closing = "]" if self.text[0] == "[" else self.text[0]
        return self.text[1:-1].replace(closing * 2, closing)


def read_definition(sql: str) -> Definition:
    """Given the CREATE TABLE statement that SQLite keeps of a table, return what only it tells."""
    definition = Definition()
    tokens = [token for token in _tokens(sql) if token.kind != "gap"]
    opening = next((at for at, token in enumerate(tokens) if token.text == "("), None)
    if opening is None:
        return definition
    for part in _parts(tokens[opening + 1 : _closing(tokens, opening)]):
        _read_part(sql, part, definition)
    return definition


def _read_part(sql: str, part: Sequence[_Token], definition: Definition) -> None:
    """Take what one column's definition or one table constraint says."""
    column = None if part[0].keyword in _TABLE_CONSTRAINTS else part[0].name
    name = None
    at = 0 if column is None else 1
    while at < len(part):
        token, following = part[at], part[at + 1] if at + 1 < len(part) else None
        if token.keyword == "CONSTRAINT" and following is not None:
            name = following.name
            at += 2
            continue
        _read_word(part, at, column, definition)
        if token.text == "(":
            at = _closing(part, at)
        elif following is not None and following.text == "(" and token.keyword in {"CHECK", "AS"}:
            closing = _closing(part, at + 1)
            expression = sql[following.end : part[min(closing, len(part) - 1)].start].strip()
            if token.keyword == "CHECK":
                definition.checks.append(CheckClause(name, expression))
                name = None
            elif column is not None:
                definition.computed[column] = expression
            at = closing
        at += 1


def _read_word(part: Sequence[_Token], at: int, column: str | None, definition: Definition) -> None:
    """Take what a single word says, with its neighbours."""
    before = part[at - 1].keyword if at else ""
    following = part[at + 1] if at + 1 < len(part) else None
    match part[at].keyword:
        case "AUTOINCREMENT":
            definition.autoincrement = True
        case "REFERENCES":
            definition.keys.append(KeyClause())
        case "DEFERRABLE" if before != "NOT" and definition.keys:
            definition.keys[-1].deferrable = True
        case "DEFERRED" if before == "INITIALLY" and definition.keys:
            definition.keys[-1].deferred = definition.keys[-1].deferrable
        case "COLLATE" if column is not None and following is not None:
            definition.collations[column] = following.name.upper()
        case "CONFLICT" if following is not None and following.keyword != "ABORT":
            definition.conflicts.append((column, following.keyword))


def read_where(sql: str) -> str:
    """Given the CREATE INDEX statement of a partial index, return the condition of its rows."""
    tokens = [token for token in _tokens(sql) if token.kind != "gap"]
    at = 0
    while at < len(tokens) and tokens[at].keyword != "WHERE":
        at = _closing(tokens, at) + 1 if tokens[at].text == "(" else at + 1
    return sql[tokens[at].end : tokens[-1].end].strip() if at < len(tokens) else ""


def _tokens(sql: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(sql):
        yield _Token(str(match.lastgroup), match[0], match.start(), match.end())


def _parts(tokens: Sequence[_Token]) -> Iterator[Sequence[_Token]]:
    """Split at the commas that stand in no parentheses."""
    start, at = 0, 0
    while at < len(tokens):
        if tokens[at].text == "(":
            at = _closing(tokens, at)
        elif tokens[at].text == ",":
            yield tokens[start:at]
            start = at + 1
        at += 1
    if start < len(tokens):
        yield tokens[start:]


def _closing(tokens: Sequence[_Token], opening: int) -> int:
    """Given where a parenthesis opens, return where it closes."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if depth == 0:
            return at
    return len(tokens)
