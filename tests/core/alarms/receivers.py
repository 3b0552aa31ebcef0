"""Real servers on this machine that receive alarms and pings, or do not."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_SECONDS = 5.0


@dataclass(frozen=True)
class Request:
    """What came in by HTTP."""

    method: str
    path: str
    body: str

    @property
    def json(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


@dataclass
class WebServer:
    """A web server that notes what it is told. `answer` is the status that it gives, `to` where it redirects."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answer: int = 200
    to: str = ""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.requests]


@contextmanager
def web_server() -> Iterator[WebServer]:
    told = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server names it
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.requests.append(Request(self.command, self.path, body.decode()))
            self.send_response(told.answer)
            if told.to:
                self.send_header("Location", told.to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815  # http.server names it

        def log_message(self, *words: object) -> None:
            """Nothing is written among the output of the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join(_SECONDS)


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class MailServer:
    """A mail server that notes the messages that it takes."""

    port: int = 0
    messages: list[str] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802  # aiosmtpd names it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        self.messages.append(content.decode(errors="replace") if isinstance(content, bytes) else content or "")
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server = MailServer(port=closed_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
