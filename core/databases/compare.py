"""Whether the rows of one table can go into another, and what is lost on the way: known by their types alone."""

from __future__ import annotations

from collections.abc import Iterator
from operator import lt

from core.databases.losses import Loss, Refusal
from core.databases.schema import Column, ColumnType, Table
from core.databases.values import conversion

_TEMPORAL = {"time", "timestamp"}
_PLAIN_TEXT = ("text", "character", "citext")


def compare_columns(source: Table, target: Table, engine: str) -> tuple[list[str], list[Loss]]:
    """Return why the rows of `source` cannot go into `target`, a table of an `engine`, and what they lose there.

    A value that does not fit a narrower column is no loss: it is refused when it comes.
    """
    problems = list(_missing(source, target))
    losses: list[Loss] = []
    there = {column.name: column for column in target.columns}
    for column in source.columns:
        other = there.get(column.name)
        if column.computed is not None or other is None:
            continue
        if other.computed is not None:
            losses.append(Loss(source.name, column.name, "is computed by the target, which leaves its own values out"))
        elif not _converts(column.type, other.type, engine):
            was, becomes = column.type.native or column.type.kind, other.type.native or other.type.kind
            problems.append(f"table {source.name}, column {column.name}: {was} cannot become {becomes}")
        else:
            losses += [_loss(source.name, column.name, what) for what in _losses(column, other, engine)]
    return problems, losses


def _loss(table: str, column: str, what: str) -> Loss:
    return (Refusal if what.endswith(("is refused", "are refused")) else Loss)(table, column, what)


def _missing(source: Table, target: Table) -> Iterator[str]:
    sent = {column.name for column in source.columns if column.computed is None}
    there = {column.name for column in target.columns}
    for name in sorted(sent - there):
        yield f"table {source.name}, column {name}: the target has no such column"
    for column in target.columns:
        makes_its_own = column.default is not None or column.identity or column.computed is not None
        if column.name not in sent and not column.nullable and not makes_its_own:
            yield f"table {source.name}, column {column.name}: the target must have a value there, the backup has none"


def _converts(source: ColumnType, target: ColumnType, engine: str) -> bool:
    """Of types that travel as text for want of a kind, only the very same takes what it gave."""
    if engine == "postgresql" and target.kind == "text" and not target.native.lower().startswith(_PLAIN_TEXT):
        return source.native == target.native
    if source.kind == "array" and target.kind == "array" and source.element and target.element:
        return source.element.kind == target.element.kind
    if source.kind == "time" and target.kind == "time" and source.zoned != target.zoned:
        return False
    return conversion(source, target) is not None


def _losses(column: Column, other: Column, engine: str) -> Iterator[str]:
    source, target = column.type, other.type
    if column.nullable and not other.nullable:
        yield "must have a value in the target: a row without one is refused"
    if source.kind != target.kind:
        if target.kind != "any":
            yield f"{source.kind} is kept as {target.kind}: a value that is none is refused"
    elif source.kind == "array" and source.element and target.element and source.element != target.element:
        yield f"elements are {target.native}, the source's are {source.native}"
    else:
        yield from _narrower(source, target, engine)
    if source.kind == "timestamp" and target.kind == "timestamp" and source.zoned != target.zoned:
        yield "is taken as UTC" if target.zoned else "loses its zone: it is kept as UTC"
    yield from _of_engine(source, target, engine)


def _narrower(source: ColumnType, target: ColumnType, engine: str) -> Iterator[str]:
    """What the same kind holds less of. SQLite heeds no length, and no digits of its own declarations."""
    if engine != "sqlite":
        if source.kind == "integer" and (_reach(source) > _reach(target) or (target.unsigned and not source.unsigned)):
            yield f"keeps {target.bits or 64} bits{' without a sign' * target.unsigned}: a larger number is refused"
        if target.length is not None and (source.length is None or source.length > target.length):
            yield f"keeps {target.length:,} {'bytes' if target.kind == 'bytes' else 'characters'}: more is refused"
        if source.kind == "decimal" and any(map(lt, _digits(target), _digits(source))):
            yield f"keeps {target.precision} digits, {target.scale} behind the point: a value with more is refused"
        if source.kind == "float" and (source.bits or 64) > (target.bits or 64):
            yield "keeps 32 bits: a number that needs more is refused"
    if source.kind in _TEMPORAL and source.native != target.native:
        kept = 0 if engine == "mysql" and target.precision is None else _seconds(target)
        if _seconds(source) > kept:
            yield f"keeps {kept} digits behind the seconds: a value with more is refused"
    if source.kind == "enum" and not set(source.values) <= set(target.values):
        yield "lacks values that the source allows: those are refused"


def _of_engine(source: ColumnType, target: ColumnType, engine: str) -> Iterator[str]:
    if engine != "postgresql" and source.kind == "float" and target.kind == "float":
        refused = "NaN" if engine == "sqlite" else "NaN and infinity"
        yield f"{refused} are refused"
    if engine == "sqlite" and target.kind == "decimal":
        yield "is a number there: zeros behind the point go"
        yield "one with more digits than a number of SQLite keeps is refused"
    if engine == "postgresql" and target.native.lower() == "jsonb":
        yield "keeps the meaning of JSON, not its spaces nor the order of its names"
    if engine == "mysql" and target.native.lower().startswith("char"):
        yield "loses spaces at its end"


def _reach(type_: ColumnType) -> int:
    return (type_.bits or 64) + type_.unsigned


def _digits(type_: ColumnType) -> tuple[int, int]:
    """Digits before the point, and behind it; more than any engine has where they are not limited."""
    if type_.precision is None:
        return (1 << 20, 1 << 20)
    scale = type_.scale or 0
    return (type_.precision - scale, scale)


def _seconds(type_: ColumnType) -> int:
    return 6 if type_.precision is None else type_.precision
