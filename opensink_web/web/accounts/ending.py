"""What ends with a membership, or rests while somebody is deactivated, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from opensink_web.models import StandingApproval
from opensink_web.operations.decisions.ending import Ending
from opensink_web.web.rendering.filters import number


@dataclass(frozen=True, slots=True)
class _Words:
    one: str
    several: str
    what_happens: str
    is_for_good: bool = False


_WORDS = {
    "sign_ins": _Words("sign-in", "sign-ins", "ended", is_for_good=True),
    "claims": _Words("claimed request", "claimed requests", "free again", is_for_good=True),
    "standing_approvals": _Words(
        "standing approval", "standing approvals", "revoked", is_for_good=True
    ),
    "invitations": _Words("open invitation", "open invitations", "revoked", is_for_good=True),
    "api_keys": _Words("API key", "API keys", "refused"),
    "assignments": _Words("assigned request", "assigned requests", "under Unassigned, too"),
    "deputyships": _Words("absence", "absences", "of others without this deputy"),
    "channels": _Words("notification channel", "notification channels", "silent"),
}


def lines_of(ending: Ending, *, is_for_good: bool) -> list[str]:
    """Say in a line each how much ends for good, or rests; nothing of what there is none of."""
    return _lines(asdict(ending), is_for_good=is_for_good)


def lines_of_stored(ended_with_it: Mapping[str, int] | None) -> list[str]:
    """Say the same of what is stored with somebody who was deactivated, in the same order."""
    counts = ended_with_it or {}
    return [*_lines(counts, is_for_good=True), *_lines(counts, is_for_good=False)]


def ended_with(sentence: str, ending: Ending) -> str:
    """Return a sentence, without its full stop, with how much ended for good besides."""
    lines = lines_of(ending, is_for_good=True)
    return f"{sentence}: {', '.join(lines)}." if lines else f"{sentence}."


def revoked_besides(revoked: Sequence[StandingApproval]) -> str:
    """Return the end of a sentence on other roles: what is revoked with them, if anything is."""
    lines = _lines({"standing_approvals": len(revoked)}, is_for_good=True)
    return "".join(f": {each}" for each in lines)


def _lines(counts: Mapping[str, int], *, is_for_good: bool) -> list[str]:
    return [
        f"{number(counts[name])} {words.one if counts[name] == 1 else words.several}"
        f" {words.what_happens}"
        for name, words in _WORDS.items()
        if words.is_for_good is is_for_good and counts.get(name)
    ]
