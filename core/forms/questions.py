"""What only a person can decide: who is meant by a name that several have."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.documents import Path, said_path, said_value
from core.errors import UsageError
from core.words import printable

Answers = Mapping[tuple[str, str], str | None]
"""By kind and name wanted: the id of the candidate that is meant, or None for a new one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody or something that may be meant; `about` tells them apart."""

    id: str
    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Several may be meant by `wanted`, which stands at `paths`."""

    kind: str
    wanted: str
    paths: tuple[Path, ...]
    candidates: tuple[Candidate, ...]

    @property
    def example(self) -> str:
        """How the command is told that the first candidate is meant."""
        return shlex.quote(printable(f"{self.kind}:{self.wanted}={self.candidates[0].id}"))

    def __str__(self) -> str:
        told = "; ".join(
            f"{candidate.id} ({', '.join(filter(None, (said_value(candidate.name), candidate.about)))})"
            for candidate in self.candidates
        )
        return f"{said_path(self.paths[0])}: which {self.kind} is {said_value(self.wanted)}? {told}"


class AmbiguousError(UsageError):
    """Names that several have; nothing was written. `questions` holds all of them."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self.questions = tuple(questions)
        super().__init__(
            "\n  ".join(map(str, self.questions)),
            hint=f"nothing was written; say who is meant, as in --answer {self.questions[0].example}",
        )
