"""Standing approvals on a request's page: which one approved it, what was allowed with it, and the
way to allow the same again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from opensink_web.models import InputRequest, InputRequestStatus, StandingApproval
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.authority import is_forbidden_to
from opensink_web.operations.decisions.queries import granted_with
from opensink_web.operations.decisions.standing_approval import why_not
from opensink_web.operations.requests.standing_approval import Asked
from opensink_web.web.requests.inbox_filter import InboxFilter

AGAIN = "again"
"""The argument with which a decision leads on to allowing the same again."""


@dataclass(frozen=True, slots=True)
class StandingPart:
    """`approved_by` is what approved the request without a person, `granted` what was allowed with
    its decision.

    `allow_href` leads to allowing the same again, once it is decided; while it waits, `decide_href`
    is where a yes is sent that goes on there. Each is None where that cannot be done.
    """

    approved_by: StandingApproval | None
    granted: Sequence[StandingApproval]
    allow_href: str | None
    decide_href: str | None
    may_revoke: bool

    @property
    def is_empty(self) -> bool:
        """Return True if there is nothing to say once it is decided."""
        return not (self.approved_by or self.granted or self.allow_href)


def standing_part(principal: Principal, input_request: InputRequest) -> StandingPart:
    """Look up what there is of standing approvals around a request."""
    may_write = principal.may("standing_approvals", Action.WRITE)
    may_grant = may_write and principal.may("agent_session_input_requests", Action.WRITE)
    may_grant = may_grant and not is_forbidden_to(input_request, principal.user.id)
    is_pending = input_request.status is InputRequestStatus.PENDING
    question = Asked.of(input_request) if may_grant else None
    can_grant = question is not None and not is_pending and why_not(input_request, question) is None
    can_lead = question is not None and is_pending and question.affirmation is not None
    return StandingPart(
        approved_by=input_request.standing_approval,
        granted=() if is_pending else granted_with(input_request),
        allow_href=allow_href(principal, input_request) if can_grant else None,
        decide_href=_decide_href(principal, input_request) if can_lead else None,
        may_revoke=may_write,
    )


def allow_href(principal: Principal, input_request: InputRequest, **more: str) -> str:
    """Return where the same is allowed again, from this place in a list."""
    path, _, query = _request_href(principal, input_request, **more).partition("?")
    return f"{path}/allow-again" + (f"?{query}" if query else "")


def _decide_href(principal: Principal, input_request: InputRequest) -> str:
    return _request_href(principal, input_request, **{AGAIN: "1"})


def _request_href(principal: Principal, input_request: InputRequest, **more: str) -> str:
    list_filter = InboxFilter.from_address(principal.workspace)
    return list_filter.request_href(input_request.id, **more)
