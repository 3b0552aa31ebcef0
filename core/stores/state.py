"""What is known of a stored archive and is not in it: `NAME.state.json`, from which a lost catalog comes back."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from core.errors import GreenroomError

FORMAT_VERSION = 1
MAX_STATE_BYTES = 1 << 20


class DamagedStateError(GreenroomError):
    """A sidecar that cannot be understood; the archive beside it may still be sound."""


class StoredState(BaseModel):
    """The sidecar of an archive. `safety_for` is the id of the restore before which a safety backup was made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format_version: int = FORMAT_VERSION
    pinned: bool = False
    role: Literal["manual", "scheduled", "safety", "adopted"] = "manual"
    origin: Literal["made", "adopted", "found"] = "made"
    foreign: bool = False
    verified_at: AwareDatetime | None = None
    drilled_at: AwareDatetime | None = None
    description: str = ""
    safety_for: str | None = None
    manifest_sha256: str | None = None

    def but(self, **changes: object) -> StoredState:
        """Return a copy with some fields changed; raise ValidationError where one cannot be."""
        return StoredState.model_validate({**dict(self), **changes})

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"


def parse_state(data: bytes, shown: str) -> StoredState:
    """Given the bytes of the sidecar `shown`, return what it says; raise DamagedStateError."""
    try:
        state = StoredState.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise DamagedStateError(
            f"{shown} is damaged: {key + ': ' if key else ''}{first['msg']}",
            hint="`greenroom catalog rebuild` takes the archive as one without a sidecar: pinned, not yet verified",
        ) from error
    if not 1 <= state.format_version <= FORMAT_VERSION:
        raise DamagedStateError(
            f"{shown} has version {state.format_version}, this greenroom knows {FORMAT_VERSION}",
            hint="use the newer greenroom that wrote it",
        )
    return state
