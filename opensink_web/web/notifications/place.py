"""A channel as pages show it: where it goes, and whether somebody is told there."""

from dataclasses import dataclass

from opensink_web.channels import CHANNELS
from opensink_web.errors import UnreadableSecret
from opensink_web.models import NotificationChannel


@dataclass(frozen=True, slots=True)
class Place:
    """The kind in words, where it goes without what is secret, and the state as a badge has it."""

    kind: str
    shown: str
    state: str
    tone: str
    icon: str
    reason: str


def place_of(channel: NotificationChannel) -> Place:
    """Describe one channel."""
    kind = CHANNELS.get(channel.kind)
    try:
        shown = kind.shown(channel.config) if kind else ""
    except UnreadableSecret as error:
        shown = error.message
    state, tone, icon = _state(channel)
    return Place(
        kind.label if kind else channel.kind,
        shown,
        state,
        tone,
        icon,
        channel.paused_reason or "",
    )


def _state(channel: NotificationChannel) -> tuple[str, str, str]:
    if channel.confirmed_at is None:
        return "Waits for its code", "warning", "hourglass"
    if channel.is_active and channel.signed_out_at is not None:
        return "Signed out there", "neutral", "circle-minus"
    if channel.is_active:
        return "On", "success", "circle-check"
    if channel.paused_reason:
        return "Stopped", "danger", "alert-triangle"
    return "Paused", "neutral", "circle-minus"
