"""Schemas that Hypothesis makes: any kind, any name, keys that go in circles."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from core.databases.creation.naming import quoted
from core.databases.schema import (
    Check,
    Column,
    ColumnType,
    Default,
    ForeignKey,
    Index,
    Kind,
    Schema,
    Table,
    Unique,
)

WORDS = ("select", "Order", "group", "table", "user", "default", "check", "key", "index", "from", "primary", "text")
_SIGNS = "abcXYZ019_ $%:;.-+*/\\'\"`(),[]{}?!@#&|<>=~^éÄßñ中文ж€"
_KEY_KINDS: tuple[Kind, ...] = ("integer", "text", "uuid", "date", "boolean", "decimal", "timestamp")
_PLAIN = st.sampled_from(
    [
        ColumnType(kind="boolean"),
        *(ColumnType(kind="integer", bits=bits) for bits in (16, 32, 64)),
        ColumnType(kind="decimal", precision=8, scale=2),
        ColumnType(kind="decimal", precision=38, scale=10),
        ColumnType(kind="decimal"),
        ColumnType(kind="float", bits=32),
        ColumnType(kind="float", bits=64),
        ColumnType(kind="text"),
        *(ColumnType(kind="text", length=length) for length in (1, 40, 255, 5000)),
        ColumnType(kind="bytes"),
        ColumnType(kind="bytes", length=16),
        ColumnType(kind="date"),
        ColumnType(kind="time"),
        ColumnType(kind="timestamp"),
        ColumnType(kind="timestamp", zoned=True),
        ColumnType(kind="interval"),
        ColumnType(kind="uuid"),
        ColumnType(kind="json"),
        ColumnType(kind="enum", values=("sad", "it's so", 'a "b" \\ c', "ж")),
        ColumnType(kind="enum", values=("one",), name="mood"),
        ColumnType(kind="array", element=ColumnType(kind="integer", bits=32)),
        ColumnType(kind="array", element=ColumnType(kind="text")),
        ColumnType(kind="any"),
    ]
)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)
NAMES = (st.sampled_from(WORDS) | st.text(_SIGNS, min_size=1, max_size=20)).filter(
    lambda name: name == name.strip() and not name.lower().startswith("sqlite_")
)


@st.composite
def schemas(draw: st.DrawFn, source: str) -> Schema:
    """One to four tables, as they could come from that engine."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    tables = [draw(_tables(source, name)) for name in names]
    linked = [table.model_copy(update={"foreign_keys": draw(_foreign_keys(table, tables))}) for table in tables]
    return Schema(engine=source, tables=tuple(linked))


@st.composite
def _tables(draw: st.DrawFn, source: str, name: str) -> Table:
    names = draw(st.lists(NAMES, min_size=1, max_size=7, unique_by=str.lower))
    columns = [draw(_columns(name)) for name in names]
    counts = draw(st.booleans())
    if counts:
        whole = ColumnType(kind="integer", bits=64)
        columns[0] = Column(name=names[0], type=whole, nullable=False, identity=True)
    usable = [column.name for column in columns if column.type.kind in _KEY_KINDS]
    key = names[:1] if counts else draw(st.lists(st.sampled_from(usable), max_size=3, unique=True)) if usable else []
    columns = [one.model_copy(update={"nullable": one.nullable and one.name not in key}) for one in columns]
    uniques = draw(_keys(usable))
    indexes = draw(_keys(names))
    numbers = [one for one in columns if one.type.kind == "integer" and not one.identity]
    return Table(
        name=name,
        columns=(*columns, *draw(_computed(source, names, numbers))),
        primary_key=tuple(key),
        uniques=tuple(Unique(columns=one) for one in uniques if set(one) != set(key)),
        checks=tuple(Check(sql=f"{quoted(source, one.name)} > -7 AND 1 < 2") for one in numbers[:1]),
        indexes=tuple(Index(name=draw(NAMES), columns=one, unique=False) for one in indexes if one not in uniques),
    )


@st.composite
def _columns(draw: st.DrawFn, name: str) -> Column:
    type_ = draw(_PLAIN)
    return Column(name=name, type=type_, nullable=draw(st.booleans()), default=draw(st.none() | _defaults(type_)))


def _defaults(type_: ColumnType) -> st.SearchStrategy[Default]:
    values: dict[str, st.SearchStrategy[str | int | bool]] = {
        "boolean": st.booleans(),
        "integer": st.integers(-(2**15), 2**15 - 1),
        "decimal": st.sampled_from(["0", "1.50", "-999999.99"]),
        "float": st.sampled_from(["0.5", "-1e10"]),
        "text": _TEXTS.filter(lambda text: len(text) <= (type_.length or 99)),
        "date": st.just("2026-03-29"),
        "time": st.just("14:05:00"),
        "timestamp": st.just("2026-03-29 14:05:00"),
        "uuid": st.just("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        "json": st.sampled_from(["{}", '{"a": "it\'s"}', "[1]"]),
        "enum": st.sampled_from(type_.values or ("",)),
    }
    literals = values.get(type_.kind)
    made = st.nothing() if literals is None else literals.map(lambda value: Default(kind="literal", value=value))
    return made | st.just(Default(kind="now")) if type_.kind in {"date", "timestamp"} else made


def _keys(names: Sequence[str]) -> st.SearchStrategy[list[tuple[str, ...]]]:
    if not names:
        return st.just([])
    key = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True).map(tuple)
    return st.lists(key, max_size=2, unique_by=frozenset)


@st.composite
def _computed(draw: st.DrawFn, source: str, names: Sequence[str], numbers: Sequence[Column]) -> list[Column]:
    name = draw(NAMES)
    if not numbers or name.lower() in {other.lower() for other in names} or draw(st.booleans()):
        return []
    sql = f"{quoted(source, numbers[0].name)} * 2 + 1"
    stored = source == "postgresql" or draw(st.booleans())
    return [Column(name=name, type=ColumnType(kind="integer", bits=64), computed=sql, stored=stored)]


@st.composite
def _foreign_keys(draw: st.DrawFn, table: Table, tables: Sequence[Table]) -> tuple[ForeignKey, ...]:
    """References to what is unique in any table, its own too, from columns that have these types by chance."""
    keys = []
    for other in tables:
        for referred in [other.primary_key, *(unique.columns for unique in other.uniques)]:
            kinds = [other.column(name).type for name in referred]
            fits = [[one.name for one in table.columns if one.type == type_ and not one.identity] for type_ in kinds]
            if not referred or not all(fits) or not draw(st.booleans()):
                continue
            columns = tuple(draw(st.sampled_from(names)) for names in fits)
            if len(set(columns)) == len(columns) and not any(table.column(one).computed for one in columns):
                actions = st.sampled_from(["NO ACTION", "CASCADE", "SET NULL", "SET DEFAULT"])
                keys.append(ForeignKey(columns=columns, table=other.name, referred=referred, on_delete=draw(actions)))
    return tuple(keys)
