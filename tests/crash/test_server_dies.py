"""The server dies while it is sent the rows of a restore: the site is the old one, and the restore can go on."""

from __future__ import annotations

import gc
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from core.backup import BackupRequest, create_backup
from core.databases.connect import beside
from core.errors import GreenroomError
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.marker import MARKER
from core.restore.stage import stage_restore
from tests.crash.test_server_killed import _CHANGED, _make, _state
from tests.engines import servers
from tests.engines.conftest import administer, run_sql
from tests.engines.dumping import query
from tests.engines.test_swap_postgresql import wait_for

_ROWS = 120_000
_MORE = {
    "postgresql": f"INSERT INTO films SELECT n, repeat('long title', 4) FROM generate_series(10, {_ROWS}) n",
    "mysql": f"INSERT INTO films SELECT seq, repeat('long title', 4) FROM seq_10_to_{_ROWS}",
}
_LOADING = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = 'site' AND query LIKE 'COPY%FROM STDIN%'",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = 'site' AND info LIKE 'LOAD DATA%'",
}


@contextmanager
def _postgresql() -> Iterator[tuple[str, Callable[[int], None]]]:
    """Of a server whose process for a connection is killed all end, and it recovers by itself."""
    if "GREENROOM_TEST_POSTGRESQL" in os.environ:
        pytest.skip("the server is not ours to kill")
    with servers.postgresql() as url:
        administer(url, "postgresql", "CREATE DATABASE site")
        yield url.replace("DATABASE", "site"), lambda pid: os.kill(pid, signal.SIGKILL)


@contextmanager
def _mysql() -> Iterator[tuple[str, Callable[[int], None]]]:
    if "GREENROOM_TEST_MYSQL" in os.environ:
        pytest.skip("the server is not ours to kill")
    with ExitStack() as stack:
        folder, user = stack.enter_context(servers.mariadb_files())
        server = stack.enter_context(servers.mariadb_on(folder, user))
        url = servers.mariadb_url(folder)
        administer(url, "mysql", "CREATE DATABASE site")

        def kill(_id: int) -> None:
            server.kill()
            server.wait()
            again = stack.enter_context(servers.mariadb_on(folder, user))
            stack.callback(again.kill)  # it would roll back before it stops

        yield url.replace("DATABASE", "site"), kill


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_server_that_dies_while_it_takes_rows(tmp_path: Path, engine: str) -> None:
    with {"postgresql": _postgresql, "mysql": _mysql}[engine]() as (url, kill):
        place = _make(tmp_path / "site", url)
        run_sql(url, _MORE[engine])
        new = _state(place)
        backup = create_backup(place.context, place.site, Reporter(), BackupRequest(kind="portable")).record
        run_sql(url, _CHANGED)
        old = _state(place)
        stage_restore(place.context, place.site, backup, Reporter())

        ended, killed = threading.Event(), []

        def die() -> None:
            elsewhere = beside(url, {"postgresql": "postgres", "mysql": "mysql"}[engine])  # to be in nobody's way
            while not (rows := query(elsewhere, _LOADING[engine])):
                if ended.is_set():
                    return
            killed.append(rows[0][0])
            kill(rows[0][0])

        thread = threading.Thread(target=die, daemon=True)
        thread.start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of PyMySQL, which leaves a broken connection as it is
            with pytest.raises(GreenroomError):
                apply_restore(place.context, place.site, Reporter())
            gc.collect()
        ended.set()
        thread.join()
        assert killed
        wait_for(url)
        assert _state(place) == old
        if not (place.context.site_folder(place.site) / MARKER).exists():
            stage_restore(place.context, place.site, backup, Reporter())
        outcome = apply_restore(place.context, place.site, Reporter())
        assert outcome is not None
        assert outcome.state == "new"
        assert _state(place) == new
        place.context.catalog.close()
