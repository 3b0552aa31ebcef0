"""Sends one alarm or ping. Run as a script, in a process of its own that can be killed; it knows nothing of greenroom.

What to do is a JSON object on standard input. Exit status 0: it was taken. Otherwise standard error says why not, and
may hold parts of the address: who reads it takes them out.
"""

from __future__ import annotations

import http.client
import json
import logging
import signal
import sys
import urllib.error
import urllib.request
from typing import IO, Any

_SECONDS = 8
_SECONDS_AT_MOST = 20
_REDIRECTS = 3
_SCHEMES = ("http://", "https://")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """A few redirects are followed, and none that leaves the web or gives up its encryption."""

    max_redirections = _REDIRECTS
    max_repeats = 1

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        wanted = ("https://",) if req.full_url.lower().startswith("https://") else _SCHEMES
        if not newurl.lower().startswith(wanted):
            raise urllib.error.URLError("it redirects to where no ping goes")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def send_ping(url: str, body: str) -> str:
    """Tell an address of a run; return why it did not take it, or nothing."""
    if not url.lower().startswith(_SCHEMES):
        return "it is no address of the web"
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(  # noqa: S310  # its scheme was looked at
        url,
        data=body.encode() if body else None,
        headers={"User-Agent": "greenroom", "Content-Type": "text/plain; charset=utf-8"},
    )
    try:
        with opener.open(request, timeout=_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            often = ": it redirects, and no further is gone" if error.code // 100 == 3 else ""
            return f"it answered {error.code}{often}"
    except urllib.error.URLError as error:
        return f"it cannot be reached: {error.reason}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"it cannot be reached: {type(error).__name__} {error}"


def send_apprise(url: str, title: str, body: str, kind: str) -> str:
    """Send an alarm through Apprise; return why it was not taken, or nothing."""
    import apprise  # noqa: PLC0415  # an extra, and slow

    sender = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as log:  # type: ignore[no-untyped-call]  # it has no types
        if not sender.add(url):
            return "Apprise does not know what this URL means"
        if sender.notify(body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT):
            return ""
        lines = [line for line in log.getvalue().splitlines() if line.strip()]
    return lines[-1] if lines else "the service did not take it"


def main() -> int:
    signal.alarm(_SECONDS_AT_MOST)  # it may outlive whoever should have killed it
    order: dict[str, Any] = json.load(sys.stdin)
    if order["by"] == "ping":
        why = send_ping(order["url"], order["body"])
    else:
        why = send_apprise(order["url"], order["title"], order["body"], order["kind"])
    if why:
        sys.stderr.write(f"{why}\n")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
