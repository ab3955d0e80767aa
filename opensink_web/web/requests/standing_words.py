"""Standing approvals in words: for whom they hold, whether still, what a dry run comes to."""

from dataclasses import dataclass
from typing import assert_never

from opensink_web.models import InputRequestStatus, StandingApproval, StandingState
from opensink_web.operations.decisions.standing_dry_run import DryRun, DryRunRow
from opensink_web.operations.requests.standing_approval import Fit
from opensink_web.web.rendering.words import Badge


@dataclass(frozen=True, slots=True)
class Counts:
    """Of what was asked last: how much would have been approved, and what people did with that.

    `contradicted` they declined, or changed before they approved it.
    """

    total: int
    held: int
    contradicted: int

    @property
    def in_words(self) -> str:
        """Say it in a sentence."""
        if not self.total:
            return "Nothing was asked under this key before."
        last = "the only request" if self.total == 1 else f"the last {self.total:,} requests"
        return f"Of {last} of the same kind, {self.held:,} would have been approved."


def counts_of(run: DryRun) -> Counts:
    """Count what a dry run has shown."""
    held = [each for each in run.rows if each.holds]
    contradicted = sum(map(_is_contradicted, held))
    return Counts(len(run.rows), len(held), contradicted)


def _is_contradicted(row: DryRunRow) -> bool:
    request = row.request
    is_declined = request.decided_as is InputRequestStatus.DECLINED
    return not request.resolved_by_system and (is_declined or bool(request.edited))


def fit_in_words(fit: Fit) -> str:
    """Say whether a request would have been approved, or why not."""
    match fit:
        case Fit.HOLDS:
            return "Yes"
        case Fit.NEEDS_A_PERSON:
            return "No: a person has something to enter or to choose"
        case Fit.OTHER_FORM:
            return "No: another form"
        case Fit.OTHER_WORDS:
            return "No: other words"
        case Fit.OTHER_VALUES:
            return "No: other values"
        case _:
            assert_never(fit)


def state_badge(approval: StandingApproval) -> Badge:
    """Say whether a standing approval holds still."""
    match approval.state:
        case StandingState.IN_FORCE:
            return Badge("In force", "success", "check")
        case StandingState.USED_UP:
            return Badge("Used up", "neutral", "circle-check")
        case StandingState.EXPIRED:
            return Badge("Expired", "neutral", "clock")
        case StandingState.REVOKED:
            return Badge("Revoked", "warning", "x")
        case _:
            assert_never(approval.state)


def whose(approval: StandingApproval) -> str:
    """Return the name of whoever asks what is approved."""
    if approval.agent is not None:
        return approval.agent.name
    if approval.function is not None:
        return f"{approval.function.namespace}/{approval.function.name}"
    return "Deleted"
