"""Alarms: what counts as wrong, when it is told, and how it is sent until somebody has it. See docs/alarms.md."""

from __future__ import annotations

from core.alarms.alarm import Alarm, AlarmKind
from core.alarms.conditions import What
from core.alarms.delivery import WayTried, try_ways
from core.alarms.watch import begin_run, deliver_waiting, end_run, watch

__all__ = ["Alarm", "AlarmKind", "WayTried", "What", "begin_run", "deliver_waiting", "end_run", "try_ways", "watch"]
