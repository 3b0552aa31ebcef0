"""The rows that portable backups are measured on: a shop of six tables, the same rows each time and on each engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql

SHARES = {"customers": 10, "products": 4, "orders": 20, "order_items": 44, "events": 20, "documents": 2}  # in a hundred
_ROWS_AT_ONCE = 2_000
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_VOCABULARY = """
account address amount apple archive autumn basket battery bicycle blanket bottle bridge button camera candle
carpet castle chapter cheese church circle coffee copper corner cotton courage cushion danger delivery desert
dinner discount drawer engine evening façade feather festival forest garden glass harbour history hunger
island jacket journey kitchen ladder lantern leather letter library machine market meadow mirror morning
mountain naïve needle number office orange order package painting paper pencil pepper picture pillow planet
pocket promise quarter question rabbit railway refund river saddle school season shadow silver smörgås spoon
stamp station storm street sugar summer supper table thunder ticket tomato travel valley velvet village violin
warning water weather window winter wooden yellow
"""
_WORDS = _VOCABULARY.split()

_Row = dict[str, Any]
_local = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_zoned = DateTime(timezone=True).with_variant(mysql.TIMESTAMP(fsp=6), "mysql", "mariadb")
_key = BigInteger().with_variant(Integer, "sqlite")

SHOP = MetaData()
CUSTOMERS = Table(
    "customers",
    SHOP,
    Column("id", _key, primary_key=True),
    Column("email", String(120), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("street", String(200)),
    Column("active", Boolean(create_constraint=False), nullable=False),
    Column("balance", Numeric(12, 2), nullable=False),
    Column("joined_at", _zoned, nullable=False),
)
PRODUCTS = Table(
    "products",
    SHOP,
    Column("id", _key, primary_key=True),
    Column("code", String(20), nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("description", Text),
    Column("price", Numeric(10, 2), nullable=False),
    Column("weight", Double),
    Column("facts", JSON),
)
ORDERS = Table(
    "orders",
    SHOP,
    Column("id", _key, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("total", Numeric(12, 2), nullable=False),
    Column("paid", Boolean(create_constraint=False)),
    Column("note", Text),
    Column("ordered_at", _local, nullable=False),
    Column("sent_at", _zoned, nullable=True),
)
ORDER_ITEMS = Table(
    "order_items",
    SHOP,
    Column("id", _key, primary_key=True),
    Column("order_id", ForeignKey("orders.id"), nullable=False, index=True),
    Column("product_id", ForeignKey("products.id"), nullable=False, index=True),
    Column("quantity", Integer, nullable=False),
    Column("price", Numeric(10, 2), nullable=False),
    Column("discount", Double),
    Column("remark", String(200)),
)
EVENTS = Table(
    "events",
    SHOP,
    Column("id", _key, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), index=True),
    Column("kind", String(30), nullable=False),
    Column("happened_at", _zoned, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("details", JSON, nullable=False),
)
DOCUMENTS = Table(
    "documents",
    SHOP,
    Column("id", _key, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("content", LargeBinary),
    Column("written_at", _local, nullable=False),
)


def make_shop(connection: Connection, rows: int) -> None:
    """Make the tables in an empty database, and about so many rows in all of them together."""
    SHOP.create_all(connection)
    counts = {name: max(1, rows * share // 100) for name, share in SHARES.items()}
    for table in SHOP.sorted_tables:
        chance = random.Random(table.name)
        make = _MAKERS[table.name]
        made: Iterator[_Row] = (
            {"id": number, **make(chance, number, counts)} for number in range(1, counts[table.name] + 1)
        )
        while some := list(islice(made, _ROWS_AT_ONCE)):
            connection.execute(table.insert(), some)
    connection.commit()


def _customer(chance: random.Random, number: int, _counts: dict[str, int]) -> _Row:
    name = f"{chance.choice(_WORDS).title()} {chance.choice(_WORDS).title()}"
    return {
        "email": f"{name.replace(' ', '.').lower()}.{number}@example.org",
        "name": name,
        "street": _perhaps(
            chance, lambda: f"{chance.choice(_WORDS).title()} street {chance.randrange(1, 300)}\n{_text(chance, 3)}"
        ),
        "active": chance.random() < 0.9,
        "balance": _money(chance, 100_000),
        "joined_at": _moment(chance),
    }


def _product(chance: random.Random, number: int, _counts: dict[str, int]) -> _Row:
    return {
        "code": f"P-{number:08d}",
        "title": _text(chance, 5).title(),
        "description": _perhaps(chance, lambda: _text(chance, 60)),
        "price": _money(chance, 50_000),
        "weight": _perhaps(chance, chance.random),
        "facts": {"colour": chance.choice(_WORDS), "size": [chance.randrange(100) for _ in range(3)], "fragile": None},
    }


def _order(chance: random.Random, _number: int, counts: dict[str, int]) -> _Row:
    return {
        "customer_id": chance.randint(1, counts["customers"]),
        "state": chance.choice(("new", "paid", "packed", "sent", "returned")),
        "total": _money(chance, 500_000),
        "paid": _perhaps(chance, lambda: chance.random() < 0.5),
        "note": _perhaps(chance, lambda: f'{_text(chance, 8)} "{chance.choice(_WORDS)}"\t\\ {_text(chance, 4)}'),
        "ordered_at": _moment(chance).replace(tzinfo=None),
        "sent_at": _perhaps(chance, lambda: _moment(chance)),
    }


def _order_item(chance: random.Random, _number: int, counts: dict[str, int]) -> _Row:
    return {
        "order_id": chance.randint(1, counts["orders"]),
        "product_id": chance.randint(1, counts["products"]),
        "quantity": chance.randrange(1, 50),
        "price": _money(chance, 50_000),
        "discount": _perhaps(chance, chance.random),
        "remark": _perhaps(chance, lambda: _text(chance, 6)),
    }


def _event(chance: random.Random, _number: int, counts: dict[str, int]) -> _Row:
    return {
        "customer_id": _perhaps(chance, lambda: chance.randint(1, counts["customers"])),
        "kind": chance.choice(("login", "logout", "search", "view", "buy", "complain")),
        "happened_at": _moment(chance),
        "seconds": chance.expovariate(0.1),
        "details": {
            "path": f"/{chance.choice(_WORDS)}/{chance.randrange(10_000)}",
            "agent": _text(chance, 8),
            "count": chance.randrange(1 << 40),
            "share": chance.random(),
            "new": chance.random() < 0.5,
        },
    }


def _document(chance: random.Random, _number: int, counts: dict[str, int]) -> _Row:
    return {
        "customer_id": chance.randint(1, counts["customers"]),
        "title": _text(chance, 6).title(),
        "body": "\n".join(_text(chance, 40) for _ in range(5)),
        "content": _perhaps(chance, lambda: chance.randbytes(chance.randrange(2_000))),
        "written_at": _moment(chance).replace(tzinfo=None),
    }


_MAKERS: dict[str, Callable[[random.Random, int, dict[str, int]], _Row]] = {
    "customers": _customer,
    "products": _product,
    "orders": _order,
    "order_items": _order_item,
    "events": _event,
    "documents": _document,
}


def _perhaps(chance: random.Random, make: Callable[[], Any]) -> Any:
    return make() if chance.random() < 0.8 else None


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words))


def _money(chance: random.Random, most: int) -> Decimal:
    return Decimal(chance.randrange(100 * most)).scaleb(-2)


def _moment(chance: random.Random) -> datetime:
    return _SINCE + timedelta(microseconds=chance.randrange(5 * 365 * 86_400 * 1_000_000))
