"""A movie library in a database of any engine."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, select

from core.databases.connect import open_server
from core.library.models import Base


def made_tables(address: str) -> URL:
    """Make the tables of a library in an empty database, and return its URL."""
    url = make_url(address)
    engine = create_engine(url) if url.get_backend_name() == "sqlite" else open_server(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    return url


def copied_demo(demo: Path, address: str) -> None:
    """Fill an empty database of a server with the rows of a demo's database."""
    source, server = create_engine(f"sqlite:///{demo}"), open_server(made_tables(address))
    with source.connect() as there, server.begin() as here:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row) for row in there.execute(select(table)).mappings()]
            if rows:
                here.execute(table.insert(), rows)
        if server.dialect.name == "postgresql":  # whose next number does not follow from rows that bring their own
            for name in ("people", "credits"):
                here.exec_driver_sql(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))")
    source.dispose()
    server.dispose()
