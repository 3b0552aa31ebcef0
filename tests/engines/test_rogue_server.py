"""A server that asks for files of this machine, which LOAD DATA LOCAL would let it do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url

from core.databases.reading import open_reader
from core.databases.target import open_target
from core.errors import GreenroomError
from core.progress import Reporter
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.test_target import export, fetch

_SECRET = b"what nobody else may read"


@dataclass
class Rogue:
    """Passes all on between a client and a true server; to a statement with `trigger` in it, it asks for a file."""

    url: str
    trigger: bytes
    wanted: bytes
    got: list[bytes] = field(default_factory=list)

    def serve(self, listening: socket.socket) -> None:
        client, _ = listening.accept()
        with closing(client), closing(self._server()) as server:
            threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()
            self._pass_on(client, server)
            server.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        while packet := _packet(client):
            if self.trigger in packet:
                _send(client, packet[3] + 1, b"\xfb" + self.wanted)
                while answer := _packet(client):
                    self.got.append(answer)
                return
            server.sendall(packet)

    def _server(self) -> socket.socket:
        address = make_url(self.url)
        path = address.query.get("unix_socket")
        if path is None:
            return socket.create_connection((address.host or "localhost", address.port or 3306))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(path))
        return server

    @staticmethod
    def _pass_back(server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(1 << 16):
                client.sendall(data)
        except OSError:
            return


def _packet(stream: socket.socket) -> bytes:
    head = _exactly(stream, 4)
    return head + _exactly(stream, int.from_bytes(head[:3], "little")) if head else b""


def _exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        try:
            more = stream.recv(count - len(data))
        except OSError:
            return b""
        if not more:
            return b""
        data += more
    return data


def _send(stream: socket.socket, number: int, data: bytes) -> None:
    stream.sendall(len(data).to_bytes(3, "little") + bytes([number]) + data)


@contextmanager
def _rogue(url: str, trigger: bytes, wanted: bytes) -> Iterator[tuple[str, Rogue]]:
    rogue = Rogue(url, trigger, wanted)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=rogue.serve, args=(listening,), daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        address = make_url(url).set(host="127.0.0.1", port=port, query={})
        yield address.render_as_string(hide_password=False), rogue
        thread.join(timeout=30)
        assert not thread.is_alive()


@pytest.mark.parametrize("trigger", [b"LOAD DATA", b"@@local_infile"])
def test_it_gets_no_file_but_ours(make_database: MakeDatabase, tmp_path: Path, trigger: bytes) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(_SECRET)
    url = make_database("mysql")
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9));\nINSERT INTO t VALUES (1, 'x')")
    exported = export(url, "t")
    with (
        _rogue(url, trigger, str(secret).encode()) as (asked, rogue),
        pytest.raises(GreenroomError, match="asked for a file of this machine"),
        open_target(asked) as target,
    ):
        target.load(exported.table, iter(exported.lines), merge=True)
    assert _SECRET not in b"".join(rogue.got)
    assert fetch(url, "SELECT * FROM t") == [(1, "x")]


def test_who_only_reads_has_no_file_for_it(make_database: MakeDatabase, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(_SECRET)
    url = make_database("mysql")
    with (
        _rogue(url, b"VERSION()", str(secret).encode()) as (asked, rogue),
        pytest.raises(GreenroomError, match="asked for a file of this machine"),
        open_reader(make_url(asked), Reporter()),
    ):
        pass
    assert _SECRET not in b"".join(rogue.got)
