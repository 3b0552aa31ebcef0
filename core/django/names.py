"""How Django names tables and columns, and which of them are its own bookkeeping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.databases.schema import ForeignKey, Table
from core.words import plural

CONTENT_TYPES = "django_content_type"
PERMISSIONS = "auth_permission"
NEVER = frozenset({"django_migrations", CONTENT_TYPES, "django_session", "django_admin_log"})

_OF_THEIR_OWN = {
    "admin.logentry": "django_admin_log",
    "contenttypes.contenttype": CONTENT_TYPES,
    "migrations.migration": "django_migrations",
    "sessions.session": "django_session",
    "sites.site": "django_site",
}
# What get_by_natural_key takes; a foreign key among the columns stands for the natural key of what it refers to.
_NATURAL = {
    "auth_group": ("name",),
    PERMISSIONS: ("codename", "content_type_id"),
    "auth_user": ("username",),
    CONTENT_TYPES: ("app_label", "model"),
    "django_site": ("domain",),
}
_OF_TAGS = {("name",), ("slug",)}  # taggit's tags are unique by both, and known by their name
_SIDES = 2


@dataclass(frozen=True)
class LinkTable:
    """The table of a many-to-many field: the columns that name the two sides, and the one that counts its rows."""

    table: Table
    own: str
    other: ForeignKey
    number: str | None


def table_name(label: str) -> str:
    """Return the table of a model that names none itself."""
    return _OF_THEIR_OWN.get(label, label.replace(".", "_", 1))


def is_never(label: str) -> bool:
    return table_name(label) in NEVER


def column_of(table: Table, field: str) -> str | None:
    """Return the column of a field: of its name, or for a foreign key that with _id behind it."""
    names = {column.name for column in table.columns}
    return next((name for name in (field, f"{field}_id") if name in names), None)


def key_on(table: Table, column: str) -> ForeignKey | None:
    """Return the foreign key that a column is, or None."""
    return next((key for key in table.foreign_keys if key.columns == (column,)), None)


def link_table(table: Table, links: Table | None) -> LinkTable | None:
    """Given the table of a model and that of one of its many-to-many fields, return what links them.

    None where it is not as Django makes it: a number, and a foreign key to either side.
    """
    if links is None:
        return None
    sides = {column.name: key_on(links, column.name) for column in links.columns}
    keys = {name: key for name, key in sides.items() if key is not None}
    numbers = [name for name, key in sides.items() if key is None]
    if len(keys) != _SIDES or len(numbers) > 1 or (numbers and links.primary_key != (numbers[0],)):
        return None
    mine = [name for name, key in keys.items() if key.table == table.name]
    if len(mine) == _SIDES:
        mine = [name for name in mine if name.startswith("from_")]
        other = [name for name in keys if name.startswith("to_")]
    else:
        other = [name for name in keys if name not in mine]
    if len(mine) != 1 or len(other) != 1:
        return None
    return LinkTable(links, mine[0], keys[other[0]], numbers[0] if numbers else None)


def natural_columns(table: Table, length: int, tables: Mapping[str, Table]) -> tuple[str, ...] | str:
    """Return the columns by which a natural key of some length names a row of a table, or why that is not known."""
    uniques = {one.columns for one in table.uniques} | {one.columns for one in table.indexes if one.unique}
    known = _NATURAL.get(table.name) or (("name",) if uniques >= _OF_TAGS else None)
    if known is not None and set(known) <= {column.name for column in table.columns}:
        if len(list(flattened(table, known, tables))) == length:
            return known
        return f"a natural key of {table.name} has another length than {length}"
    fitting = [one for one in sorted(uniques) if len(one) == length and one != table.primary_key]
    if len(fitting) == 1:
        return fitting[0]
    found = "no unique rule" if not fitting else "more than one unique rule"
    return f"{table.name} has {found} of {plural(length, 'column')}, so what the natural key names is not known"


def flattened(table: Table, columns: tuple[str, ...], tables: Mapping[str, Table]) -> Iterator[tuple[Table, str]]:
    """Yield the columns of a natural key, those of what it refers to in their places."""
    for name in columns:
        key = key_on(table, name)
        inner = _NATURAL.get(key.table) if key is not None and table.name in _NATURAL else None
        if key is not None and inner is not None and key.table in tables:
            yield from flattened(tables[key.table], inner, tables)
        else:
            yield table, name
