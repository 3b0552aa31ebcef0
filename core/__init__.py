"""Everything greenroom does, without a terminal: the two faces, `tui` and `cli`, call it."""

__version__ = "0.1.0"
