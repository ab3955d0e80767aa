"""What is put to the test: ours, or the naive reference; the harness knows no more than this."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.clients import Question
from tests.chaos.endpoint import Arrival
from tests.chaos.parts import Main


@dataclass(frozen=True)
class Verdict:
    """What the database says of an answer that it has stored."""

    deliveries: int
    is_final: bool
    is_success: bool
    settle_seconds: float | None
    """From the answer's commit to the end of its delivery."""


class Server:
    """A server with its parts, on a database and a Redis."""

    main: Main
    environment: dict[str, str]
    parts: tuple[str, ...]
    """The kinds of part beside `web` and `worker` that it has."""


class Subject(Server, ABC):
    """A server that is to lose no answers."""

    @abstractmethod
    def prepare(self, base_url: str, endpoint_url: str) -> list[Question]:
        """Fill the database with questions to answer."""

    @abstractmethod
    def unfinished(self) -> int:
        """Count the stored answers whose agent has not been reached, nor given up on."""

    @abstractmethod
    def age(self) -> None:
        """Let what is leased or dated for later be due now."""

    @abstractmethod
    def verdicts(self) -> dict[str, Verdict]:
        """Return what became of each stored answer, by the request's id."""

    @abstractmethod
    def violations(self, questions: Sequence[Question], calls: Sequence[Arrival]) -> list[str]:
        """Return a sentence for each thing in the database that must never be."""
