"""A connection that sends the server the one file that a statement is run for, and no other that the server asks for.

LOAD DATA LOCAL lets a server ask for any file by its name, in answer to any statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sqlalchemy import Engine, event


def offer_files(engine: Engine) -> None:
    """Let the connections of an engine send what is offered, where they were made with `local_infile`; nothing else."""
    offering = _offering_class()

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, words: Any, named: Any) -> Any:
        connection = offering(*words, **named)
        connection._local_infile = False  # noqa: SLF001 - what the driver looks at when the server asks
        return connection


@contextmanager
def offered(connection: Any, path: str) -> Iterator[None]:
    """Let the server ask for the file at this path within the block, which runs one statement that gives no rows.

    An empty path offers none.
    """
    connection.offered, connection._local_infile = path.encode(), bool(path)  # noqa: SLF001 - see above
    try:
        yield
    finally:
        connection.offered, connection._local_infile = b"", False  # noqa: SLF001 - see above


def _offering_class() -> Any:
    connections, errors = import_module("pymysql.connections"), import_module("pymysql.err")  # the driver is an extra

    class Offering(connections.Connection):  # type: ignore[misc, name-defined]  # known at run time only
        offered = b""

        def _read_packet(self, packet_type: Any = connections.MysqlPacket) -> Any:
            packet = super()._read_packet(packet_type)
            if self.offered and packet.is_load_local_packet() and packet.get_all_data()[1:] != self.offered:
                self._refuse()
            return packet

        def _read_query_result(self, unbuffered: bool = False) -> None:  # noqa: FBT001, FBT002 - the driver's own
            try:
                super()._read_query_result(unbuffered)
            except RuntimeError:  # the driver's answer to a server that asks for a file where none is offered
                self._refuse()

        def _refuse(self) -> None:
            self._force_close()
            raise errors.OperationalError("the server asked for a file of this machine; it did not get it")

    return Offering
