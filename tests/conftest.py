"""What every test starts from."""

from __future__ import annotations

import signal

# A runner in the background of a shell ignores these, and a child would inherit that: signals are tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
