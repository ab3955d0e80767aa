"""What a check says of one thing: read by `opensink doctor`, by `opensink status` and its page."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended; FAIL means that something does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line; the sentence says what is wrong and what to do now."""

    verdict: Verdict
    subject: str
    sentence: str
