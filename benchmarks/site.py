"""The sites that are measured on: the demo, large."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import GREENROOM, Run, run


@dataclass(frozen=True, slots=True)
class Site:
    """A demo site on the disk, and the commands on it."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "app.db"

    @property
    def uploads(self) -> Path:
        return self.folder / "uploads"

    @property
    def config(self) -> Path:
        return self.folder / "greenroom.toml"

    @property
    def content_bytes(self) -> int:
        """The length of the database and all files."""
        files = (path for path in self.uploads.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in (self.database, *files))

    def greenroom(self, *words: str) -> Run:
        return run([GREENROOM, "--config", self.config, *words])

    def ask(self, *words: str) -> dict[str, object]:
        """Run a command and return its JSON."""
        command = [GREENROOM, "--config", self.config, "--json", *words]
        said = subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout
        answer: dict[str, object] = json.loads(said)
        return answer

    def latest(self) -> Path:
        """The archive of the newest backup."""
        backup = self.ask("show", "latest")["backup"]
        assert isinstance(backup, dict)
        return Path(str(backup["path"]))

    def clear(self) -> None:
        """Delete every backup but the one that an undo would need."""
        backups = self.ask("list", "--all")["backups"]
        assert isinstance(backups, list)
        for backup in backups:
            command = [GREENROOM, "--config", self.config, "delete", "--yes", str(backup["id"])]
            subprocess.run(list(map(str, command)), check=False, capture_output=True)


def large_site(folder: Path, movies: int) -> Site:
    """Return the demo site of so many movies below `folder`, made where it is not there yet."""
    site = Site(folder.absolute() / f"movies_{movies}")
    if not site.config.exists():
        folder.mkdir(parents=True, exist_ok=True)
        run([GREENROOM, "demo", site.folder, "--movies", str(movies)])
    return site
