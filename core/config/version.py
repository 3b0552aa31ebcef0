"""Which version of the application stands there now."""

from __future__ import annotations

from core.commands import first_line_of
from core.config.fields import LONGEST_VERSION
from core.config.model import Site
from core.errors import GreenroomError


def application_version(site: Site) -> str | None:
    """Given a site, return its application's version as configured or as its command prints it, or None.

    Raise GreenroomError where the command fails, prints nothing, or takes longer than ten seconds.
    """
    if site.version_command is None:
        return site.version
    key = f"sites.{site.name}.version_command"
    line = first_line_of(site.version_command, what=key, folder=site.folder).strip()
    version = "".join(letter if letter.isprintable() else "?" for letter in line)[:LONGEST_VERSION]
    if not version:
        raise GreenroomError(f"{key} printed an empty line", hint="it must print the version on its first line")
    return version
