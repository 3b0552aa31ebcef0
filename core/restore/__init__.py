"""Inspect, stage, apply, undo: docs/atomicity.md is the design of this room."""
