"""What can go wrong, in words a person can act on, and the exit code that a script sees."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """The exit codes of the command line; the README lists them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY_DONE = 3
    NOT_INITIALISED = 4
    BUSY = 5
    VERIFICATION_FAILED = 6
    RESULT_LOST = 7
    CANCELLED = 130


class GreenroomError(Exception):
    """Something failed and nothing was half done: `message` says what, `hint` what to do about it."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GreenroomError):
    """The request makes no sense as it was put: an unknown backup, a missing consent."""

    exit_code = ExitCode.USAGE


class ConfigError(GreenroomError):
    """greenroom.toml is missing, unsafe, or says something it may not."""

    exit_code = ExitCode.USAGE


class NotInitialisedError(GreenroomError):
    """The catalog does not exist yet, or is not of a version that this greenroom knows."""

    exit_code = ExitCode.NOT_INITIALISED


class BusyError(GreenroomError):
    """Somebody else holds the site or its database; nothing was changed."""

    exit_code = ExitCode.BUSY


class VerificationError(GreenroomError):
    """An archive is not what it says it is: damaged, truncated, hostile, or of an unknown format."""

    exit_code = ExitCode.VERIFICATION_FAILED


class CancelledError(GreenroomError):
    """A person or a signal asked to stop, and the work stopped in good order."""

    exit_code = ExitCode.CANCELLED


class PartlyDoneError(GreenroomError):
    """Some of what was asked was done; the message says what was not."""

    exit_code = ExitCode.PARTLY_DONE


class ResultLostError(GreenroomError):
    """What was asked is done, and its result could not be printed."""

    exit_code = ExitCode.RESULT_LOST
