"""One step of a chain: it reminds those whose a request is, or tells others, whose it may become.

What was done is written into the history of whoever asked, and into the audit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from opensink_web.json_value import JSONObject
from opensink_web.models import (
    ActivitySource,
    AuditAction,
    InputRequest,
    Membership,
    NotificationEvent,
    Role,
    Team,
    TeamMember,
    db,
)
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.accounts.deputy import deputies_in
from opensink_web.operations.accounts.membership import IS_ACTIVE
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.decisions.asker import LockedRequest, note
from opensink_web.operations.decisions.authority import is_forbidden_to
from opensink_web.operations.notifications.notify import notify
from opensink_web.operations.notifications.plan import PlannedStep, Who, said_as_working_time
from opensink_web.operations.requests.assignment import (
    ASSIGNEES_MAX,
    Assignee,
    assignments_of,
    change_assignments,
    rows_of_assignees,
)
from opensink_web.operations.requests.input_request import record_of


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who is told in a step: how they are called, and all who may decide among them."""

    names: Sequence[str]
    user_ids: frozenset[UUID]
    assignee: Assignee | None = None


def carry_out(locked: LockedRequest, step: PlannedStep, number: int) -> None:
    """Carry out a step for a request that waits, and whose asker is locked."""
    request = locked.request
    recipients = _recipients_of(request, step)
    assigned = step.also_assign and _assign(request, recipients)
    after = f"after {said_as_working_time(step.after_minutes)}" if step.after_minutes else ""
    late = f"Nobody had decided on “{request.title}” {after}".rstrip()
    if not recipients.user_ids:
        what = "there was nobody to tell"
    elif assigned:
        what = f"assigned to {_listed(recipients.names)}"
    elif step.who is Who.ASSIGNEES:
        what = f"reminded {_listed(recipients.names)}"
    else:
        what = f"told {_listed(recipients.names)}"
    details: JSONObject = {
        "step": number + 1,
        "after_minutes": step.after_minutes,
        "to": [*recipients.names],
        "is_assigned": assigned,
    }
    note(locked, f"{late}: {what}.", source=ActivitySource.SYSTEM, payload=details)
    action, event = AuditAction.REQUEST_ESCALATED, NotificationEvent.ESCALATION
    if step.who is Who.ASSIGNEES:
        action, event = AuditAction.REQUEST_REMINDED, NotificationEvent.REMINDER
    record_of(request, action, details)
    notify(
        request.workspace_id,
        request.id,
        recipients.user_ids,
        event,
        occurrence=f"step-{number + 1}",
        reason=f"Nobody had decided {after}".rstrip() + ".",
    )
    changed_after_commit(request.workspace_id)


def _recipients_of(request: InputRequest, step: PlannedStep) -> Recipients:
    may_decide = _may_decide(request.workspace_id)
    match step.who:
        case Who.ASSIGNEES:
            assignments = assignments_of([request.id]).get(request.id, [])
            if not assignments:
                return Recipients(["everybody who may decide"], frozenset(may_decide))
            return _those(request, [Assignee.of(each) for each in assignments], may_decide)
        case Who.ADMINS:
            admins = {key for key, each in may_decide.items() if each.role is Role.ADMIN}
            return Recipients(["the admins"], frozenset(admins))
        case Who.USER:
            return _those(request, [Assignee(user_id=step.whom_id)], may_decide)
        case Who.TEAM:
            return _those(request, [Assignee(team_id=step.whom_id)], may_decide)
        case _:
            assert_never(step.who)


def _those(
    request: InputRequest, whom: Sequence[Assignee], may_decide: Mapping[UUID, Membership]
) -> Recipients:
    """Return members and teams, and who stands in for those who are away."""
    deputies = deputies_in(request.workspace_id)
    names, ids = [], set[UUID]()
    for each in whom:
        if each.team_id is not None:
            team = db.session.get(Team, each.team_id)
            names += [] if team is None else [team.name]
            of_team = select(TeamMember.user_id).where(TeamMember.team_id == each.team_id)
            users = set(db.session.scalars(of_team))
            ids |= users | {deputies[user] for user in users & {*deputies}}
        member = may_decide.get(each.user_id) if each.user_id else None
        if member is not None:
            email, deputy_id = member.user.email, deputies.get(member.user_id)
            deputy = may_decide.get(deputy_id) if deputy_id else None
            names.append(f"{deputy.user.email} for {email}" if deputy else email)
            ids |= {member.user_id} | ({deputy.user_id} if deputy else set())
    return Recipients(names, frozenset(ids & {*may_decide}), whom[0])


def _assign(request: InputRequest, recipients: Recipients) -> bool:
    """Let it be theirs too; return False where it is, where nobody is there, or for too many.

    Where a rule says who decides it stays with them; nor does it go to whom it was asked for, if
    they may not decide.
    """
    assignee = recipients.assignee
    if assignee is None or not recipients.user_ids or request.steps is not None:
        return False
    if assignee.user_id is not None and is_forbidden_to(request, assignee.user_id):
        return False
    present = assignments_of([request.id]).get(request.id, [])
    if assignee.whom in {each.whom for each in present} or len(present) >= ASSIGNEES_MAX:
        return False
    added = rows_of_assignees(request.id, request.workspace_id, [assignee])
    change_assignments(request.id, [], added)
    db.session.expire(request, ["assignments"])
    return True


def _may_decide(workspace_id: UUID) -> dict[UUID, Membership]:
    """Return the active members who may decide, by the ids of their users."""
    query = (
        select(Membership)
        .join(Membership.user)
        .options(
            joinedload(Membership.user),
            joinedload(Membership.workspace),
            selectinload(Membership.custom_roles),
        )
        .where(Membership.workspace_id == workspace_id, *IS_ACTIVE)
    )
    return {
        member.user_id: member
        for member in db.session.scalars(query)
        if Principal.of(member).may("agent_session_input_requests", Action.WRITE)
    }


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
