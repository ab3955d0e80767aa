"""Rules: of which requests a person is told by a channel of theirs, and when."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from opensink_web.errors import Conflict, FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Agent,
    AuditAction,
    Function,
    NotificationChannel,
    NotificationMode,
    NotificationRule,
    NotificationScope,
    SubjectKind,
    db,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.audit.record import changes_between, record, texts_of
from opensink_web.operations.notifications.own import lock_channel, lock_rule
from opensink_web.operations.requests.creation import LINE_LENGTH_MAX
from opensink_web.operations.requests.options import PRIORITY_MAX, TAG_LENGTH_MAX

RULES_MAX = 20
"""Of one channel."""
DIGEST_MINUTES_MAX = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule says; None and "" name nothing."""

    scope: NotificationScope = NotificationScope.ALL
    agent_id: UUID | None = None
    function_id: UUID | None = None
    key: str | None = None
    tag: str | None = None
    min_priority: int | None = None
    mode: NotificationMode = NotificationMode.AT_ONCE
    digest_minutes: int = 60
    with_details: bool = True


def add_rule(by: Principal, channel_id: UUID, terms: RuleTerms) -> NotificationRule:
    """Tell somebody of more. Raises: NotFound; InvalidInput; Conflict for too many."""
    channel = lock_channel(by, channel_id)
    values = _checked(by, terms)
    if len(channel.rules) >= RULES_MAX:
        raise Conflict(f"A channel has no more than {RULES_MAX} rules. Change one instead.")
    rule = NotificationRule(workspace_id=by.workspace.id, channel=channel, **values)
    db.session.add(rule)
    _record(AuditAction.NOTIFICATION_RULE_ADDED, by, channel, _said(values))
    return rule


def change_rule(by: Principal, rule_id: UUID, terms: RuleTerms) -> NotificationRule:
    """Raises: NotFound; InvalidInput."""
    rule = lock_rule(by, rule_id)
    values = _checked(by, terms)
    before = {name: getattr(rule, name) for name in values}
    for name, value in values.items():
        setattr(rule, name, value)
    if changes := changes_between(_said(before), _said(values)):
        _record(AuditAction.NOTIFICATION_RULE_CHANGED, by, rule.channel, {"changes": changes})
    return rule


def remove_rule(by: Principal, rule_id: UUID) -> None:
    """Raises: NotFound."""
    rule = lock_rule(by, rule_id)
    _record(AuditAction.NOTIFICATION_RULE_REMOVED, by, rule.channel)
    db.session.delete(rule)


def draft_rule(by: Principal, terms: RuleTerms) -> NotificationRule:
    """Return a rule that is stored nowhere, to try. Raises: NotFound; InvalidInput."""
    return NotificationRule(workspace_id=by.workspace.id, **_checked(by, terms))


def _checked(by: Principal, terms: RuleTerms) -> dict[str, Any]:
    """Return the columns of a rule. Raises: InvalidInput, also for what is not in the workspace."""
    errors = []
    agent = db.session.get(Agent, terms.agent_id) if terms.agent_id else None
    function = db.session.get(Function, terms.function_id) if terms.function_id else None
    for name, row_id, row in (
        ("agent_id", terms.agent_id, agent),
        ("function_id", terms.function_id, function),
    ):
        if row_id is not None and (row is None or row.workspace_id != by.workspace.id):
            errors.append(FieldError(f"/{name}", "It is not there any more. Choose another."))
    for name, most in (("key", LINE_LENGTH_MAX), ("tag", TAG_LENGTH_MAX)):
        if len(getattr(terms, name) or "") > most:
            errors.append(FieldError(f"/{name}", f"This has {most} characters at most."))
    if terms.min_priority is not None and not 0 <= terms.min_priority <= PRIORITY_MAX:
        errors.append(FieldError("/min_priority", f"A priority is 0 to {PRIORITY_MAX}."))
    if not 1 <= terms.digest_minutes <= DIGEST_MINUTES_MAX:
        message = f"This is 1 to {DIGEST_MINUTES_MAX:,} minutes."
        errors.append(FieldError("/digest_minutes", message))
    if errors:
        raise InvalidInput(errors[0].message, errors=tuple(errors))
    return asdict(terms) | {"key": terms.key or None, "tag": terms.tag or None}


def _said(values: dict[str, Any]) -> JSONObject:
    """Return what the audit says of a rule."""
    return texts_of({name: None if value is None else str(value) for name, value in values.items()})


def _record(
    action: AuditAction,
    by: Principal,
    channel: NotificationChannel,
    details: JSONObject | None = None,
) -> None:
    said: JSONObject = {"channel": channel.name, **(details or {})}
    record(action, by.workspace.id, SubjectKind.PERSON, by.user.id, said, by=by.user)
