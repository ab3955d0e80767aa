"""A rule in a sentence, for lists of them."""

from typing import assert_never

from opensink_web.models import NotificationMode, NotificationRule, NotificationScope


def rule_words(rule: NotificationRule) -> str:
    """Say which requests a rule is about, when they are told, and how much of them."""
    parts = [_which(rule.scope), *_narrowed(rule), _when(rule)]
    if not rule.with_details:
        parts.append("without details")
    return ", ".join(parts)


def _which(scope: NotificationScope) -> str:
    match scope:
        case NotificationScope.ALL:
            return "Everything"
        case NotificationScope.MINE:
            return "What is mine"
        case NotificationScope.MENTIONS:
            return "Comments that mention me"
        case _:
            assert_never(scope)


def _narrowed(rule: NotificationRule) -> list[str]:
    parts = []
    if rule.agent is not None:
        parts.append(f"of {rule.agent.name}")
    if rule.function is not None:
        parts.append(f"of {rule.function.namespace}/{rule.function.name}")
    if rule.key is not None:
        parts.append(f"key {rule.key}")
    if rule.tag is not None:
        parts.append(f"tag {rule.tag}")
    if rule.min_priority is not None:
        parts.append(f"priority {rule.min_priority} or more")
    return parts


def _when(rule: NotificationRule) -> str:
    match rule.mode:
        case NotificationMode.AT_ONCE:
            return "at once"
        case NotificationMode.DIGEST:
            minutes = rule.digest_minutes
            return "in a digest each " + ("minute" if minutes == 1 else f"{minutes} minutes")
        case _:
            assert_never(rule.mode)
