"""Work that is held in its middle: the application, asked for its version, answers once it is let go."""

from __future__ import annotations

import os
import select
from pathlib import Path

from tests.terminals import SECONDS

_SCRIPT = """if test -e hold; then echo asked > asked; read line < answer; fi
echo 1.4
"""


class Held:
    """The application of a demo site, which is held whenever `hold` was called before."""

    def __init__(self, site: Path) -> None:
        self._site = site
        (site / "version.sh").write_text(_SCRIPT)
        config = site / "greenroom.toml"
        config.write_text(config.read_text().replace('version = "1.4"', 'version_command = "sh version.sh"'))
        assert "version_command" in config.read_text()
        self._pipes = [self._pipe(name) for name in ("asked", "answer")]

    def hold(self) -> None:
        (self._site / "hold").touch()

    def wait_until_asked(self) -> None:
        assert select.select([self._pipes[0]], [], [], SECONDS)[0], "nobody asked for the version"

    def let_go(self) -> None:
        (self._site / "hold").unlink()
        os.write(self._pipes[1], b"go on\n")

    def close(self) -> None:
        for pipe in self._pipes:
            os.close(pipe)

    def _pipe(self, name: str) -> int:
        os.mkfifo(self._site / name, 0o600)
        return os.open(self._site / name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
