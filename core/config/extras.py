"""What the configuration asks for, and is not installed: the extras of the package."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from core.config.model import Settings


def apprise_missing(settings: Settings) -> bool:
    """Tell whether alarms should go through Apprise, which is not installed."""
    return bool(settings.alarms.apprise) and importlib.util.find_spec("apprise") is None


def metrics_missing(settings: Settings) -> bool:
    """Tell whether figures should be written, and what writes them is not installed."""
    return settings.alarms.textfile is not None and importlib.util.find_spec("prometheus_client") is None


def missing_extras(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each extra that the configuration needs."""
    if apprise_missing(settings):
        yield "alarms.apprise: Apprise is not installed: pip install 'greenroom[alarms]'"
    if metrics_missing(settings):
        yield "alarms.textfile: prometheus_client is not installed: pip install 'greenroom[metrics]'"
