"""greenroom.toml: found, trusted, checked, and turned into Settings and Sites."""

from __future__ import annotations

from core.config.document import settings_schema
from core.config.find import default_places
from core.config.folders import loose_permissions, prepare_folders
from core.config.load import load_settings, read_only_requested
from core.config.model import Settings, Site
from core.config.problems import InvalidConfigError, Problem
from core.config.show import show, show_text
from core.config.version import application_version

__all__ = [
    "InvalidConfigError",
    "Problem",
    "Settings",
    "Site",
    "application_version",
    "default_places",
    "load_settings",
    "loose_permissions",
    "prepare_folders",
    "read_only_requested",
    "settings_schema",
    "show",
    "show_text",
]
