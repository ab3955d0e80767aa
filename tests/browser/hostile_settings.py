"""What members and admins set up about deciding and being told, for the workspace in which every
text that others write is hostile; names are as they could be before names were checked.
"""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from opensink_web import clock
from opensink_web.channels.base import MessageKind
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Absence,
    InputRequest,
    MessageStatus,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    Policy,
    PolicyRevision,
    StandingApproval,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.policy_step import PolicyStep, steps_as_json
from tests.browser.hostile_texts import Texts

TO_ALLOW: JSONObject = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean"}},
    "additionalProperties": False,
}
"""What a request asks that can be allowed again."""


def add_settings(
    workspace: Workspace, reader: User, team_id: UUID, to_allow: InputRequest, texts: Texts
) -> tuple[str, ...]:
    """Write all of it down, and approve a request so that it can be allowed again.

    Returns the paths of the pages that show it.
    """
    at, admin = f"/w/{workspace.slug}", f"/w/{workspace.slug}/admin"
    resolve(workspace, check_answer(workspace, to_allow.id, {"approved": True}), by=reader)
    policy_id = _add_policies(workspace, reader, team_id, to_allow, texts)
    approval_id = _add_approval(workspace, reader, to_allow, texts)
    channel_id, rule_id = _add_channels(workspace, reader, to_allow, texts)
    moment = clock.now()
    away = Absence(
        workspace_id=workspace.id,
        user_id=reader.id,
        begins_at=moment - timedelta(days=1),
        ends_at=moment + timedelta(days=1),
        note=texts.of_people[0],
    )
    db.session.add(away)
    db.session.flush()
    return (
        *(admin, f"{admin}/retention", f"{admin}/sign-ins", f"{admin}/sign-ins/{reader.id}"),
        *(f"{admin}/rules", f"{admin}/rules/new", f"{admin}/rules/{policy_id}/edit"),
        *(f"{admin}/standing-approvals", f"{admin}/standing-approvals/{approval_id}"),
        *(f"{admin}/escalation/new", f"{admin}/members/{reader.id}/absences"),
        *(f"{at}/requests/{to_allow.id}/allow-again", f"{at}/insights"),
        f"{at}/insights?key={quote(texts.lines[0])}",
        *(f"{at}/notifications", f"{at}/notifications/messages"),
        *(f"{at}/notifications/channels/new/ntfy", f"{at}/notifications/channels/{channel_id}"),
        f"{at}/notifications/channels/{channel_id}/rules/new",
        f"{at}/notifications/rules/{rule_id}",
        *("/workspaces/new", "/workspaces/menu"),
    )


def _add_policies(
    workspace: Workspace, reader: User, team_id: UUID, asked: InputRequest, texts: Texts
) -> UUID:
    """Add a rule for each text, none in force; return the id of one."""
    ids = [new_id() for _ in texts.of_people]
    for number, (policy_id, line) in enumerate(zip(ids, texts.of_people, strict=True)):
        revision_id = new_id()
        policy = Policy(
            id=policy_id,
            workspace_id=workspace.id,
            name=line[:64],
            look=str(number),
            position=number,
            agent_id=asked.agent_id,
            key=line[:255],
            is_active=False,
            revision_id=revision_id,
        )
        step = PolicyStep(line[:64], (Assignee(team_id=team_id),))
        revision = PolicyRevision(
            id=revision_id,
            policy_id=policy_id,
            number=1,
            condition={"properties": {line: {"const": line}}},
            steps=steps_as_json([step]),
            scope={},
            made_by_id=reader.id,
        )
        db.session.add_all([policy, revision])
    db.session.flush()
    return ids[0]


def _add_approval(workspace: Workspace, reader: User, request: InputRequest, texts: Texts) -> UUID:
    approval = StandingApproval(
        id=new_id(),
        workspace_id=workspace.id,
        granted_by_id=reader.id,
        from_request_id=request.id,
        seen_digest="0" * 64,
        agent_id=request.agent_id,
        key=texts.of_people[0][:255],
        is_for_calls=False,
        shape="0" * 64,
        uses_max=1,
        expires_at=clock.now() + timedelta(days=1),
    )
    approval.condition = {"const": {line: line for line in texts.lines}}
    approval.note = texts.of_people[1]
    db.session.add(approval)
    db.session.flush()
    return approval.id


def _add_channels(
    workspace: Workspace, reader: User, request: InputRequest, texts: Texts
) -> tuple[UUID, UUID]:
    """Add channels that stopped, with a rule and a message that failed; return the ids of one."""
    rule_ids = []
    for line in texts.of_people[:20]:
        config = {"server": "https://example.com", "topic": line}
        channel = NotificationChannel(
            id=new_id(),
            workspace_id=workspace.id,
            user_id=reader.id,
            kind="ntfy",
            name=line[:80],
            is_active=False,
            paused_reason=line,
        )
        channel.config = config
        rule = NotificationRule(
            id=new_id(),
            workspace_id=workspace.id,
            channel=channel,
            agent_id=request.agent_id,
            key=line[:255],
            tag=line[:64],
        )
        message = NotificationMessage(
            id=new_id(),
            workspace_id=workspace.id,
            user_id=reader.id,
            channel=channel,
            kind=MessageKind.SINGLE,
            status=MessageStatus.FAILED,
            next_at=clock.now(),
        )
        message.headline, message.last_error, message.reason = line, line, line
        db.session.add_all([channel, rule, message])
        rule_ids.append((channel.id, rule.id))
    db.session.flush()
    return rule_ids[0]
