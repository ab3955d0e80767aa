"""Devices: channels that a browser sets up by itself, each for the subscription that it has.

A browser has one subscription for all workspaces. What makes it anew, because the one before ended
or has other keys, goes on with the device's channel, and so with its rules.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web.channels.base import ChannelTools
from opensink_web.channels.web_push.transport import WebPushChannel
from opensink_web.json_value import JSONObject
from opensink_web.models import Membership, NotificationChannel, User, db
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.user_session import keep_session
from opensink_web.operations.notifications.channel import (
    add_channel,
    change_channel,
    set_active,
)


@dataclass(frozen=True, slots=True)
class DeviceEndpoints:
    """By which a browser knows whether its subscription is here: SHA-256 of endpoints, in hex.

    `here` are the person's in this workspace that are told, `mine` all of theirs, anywhere.
    """

    here: tuple[str, ...]
    mine: tuple[str, ...]


def device_endpoints(by: Principal) -> DeviceEndpoints:
    """Return what the page tells the browser of the person's devices."""
    devices = _devices_of(by.user.id)
    here = [each for each in devices if each.workspace_id == by.workspace.id and each.is_in_use]
    return DeviceEndpoints(_hashes(here), _hashes(devices))


def add_device(
    by: Principal,
    name: str,
    config: JSONObject,
    tools: ChannelTools,
    session_id: UUID | None = None,
) -> NotificationChannel:
    """Have a device told from now on, while the sign-in lasts in which that is said; one that is
    told already has its channel changed.

    Raises: InvalidInput; Conflict for too many channels, and for a sign-in that has ended.
    """
    config = WebPushChannel().check({**config, "device": name}, tools)
    # two tabs, or two clicks: a device that was there twice would be told twice
    own = select(Membership.user_id).where(
        Membership.user_id == by.user.id, Membership.workspace_id == by.workspace.id
    )
    db.session.execute(own.with_for_update())
    if session_id is not None:
        keep_session(by.user, session_id)
    known = _known_as(by, config)
    if known is None:
        device = add_channel(by, WebPushChannel.kind, name, config, tools)
        device.session_id = session_id
        return device
    known.session_id, known.signed_out_at = session_id, None
    change_channel(by, known.id, known.name, config, tools)
    return set_active(by, known.id, is_active=True)


def rests(user: User, name: str) -> bool:
    """Return True if a device of this name is told no more because its owner signed out there."""
    return any(_is_resting_as(each, name) for each in _devices_of(user.id))


def renew_device(
    user: User,
    endpoint: str,
    config: JSONObject,
    tools: ChannelTools,
    *,
    name: str = "",
    session_id: UUID | None = None,
) -> int:
    """Go on with another subscription, or the same, wherever a person is told by the one of this
    endpoint, while the sign-in lasts in which that is said; return in how many workspaces that is.

    A browser may forget its subscription when its owner signs out. Without `endpoint` the device is
    meant that has this `name` and rests.

    Raises: InvalidInput; Conflict for a sign-in that has ended.
    """
    if session_id is not None:
        # it may have ended since the request was let in, and would never end again for the device
        keep_session(user, session_id)
    own = _devices_of(user.id)
    devices = [each for each in own if each.config["endpoint"] == endpoint]
    if not endpoint:
        resting = {each.workspace_id: each for each in own if _is_resting_as(each, name)}
        devices = [*resting.values()]
    members = {each.workspace_id: each for each in user.active_memberships}
    count = 0
    for device in devices:
        if member := members.get(device.workspace_id):
            renewed = {**config, "device": device.config["device"]}
            by = Principal.of(member)
            change_channel(by, device.id, device.name, renewed, tools)
            device.session_id, device.signed_out_at = session_id, None
            count += 1
    return count


def _is_resting_as(device: NotificationChannel, name: str) -> bool:
    return device.signed_out_at is not None and device.config["device"] == name


def _known_as(by: Principal, config: JSONObject) -> NotificationChannel | None:
    """Return the channel of its endpoint, or else one that ended on a device of this name."""
    devices = [each for each in _devices_of(by.user.id) if each.workspace_id == by.workspace.id]
    same = (each for each in devices if each.config["endpoint"] == config["endpoint"])
    ended = (
        each
        for each in devices
        if each.paused_reason is not None and each.config["device"] == config["device"]
    )
    return next(same, None) or next(ended, None)


def _devices_of(user_id: UUID) -> Sequence[NotificationChannel]:
    query = select(NotificationChannel).where(
        NotificationChannel.user_id == user_id, NotificationChannel.kind == WebPushChannel.kind
    )
    return db.session.scalars(query.order_by(NotificationChannel.id)).all()


def _hashes(devices: Sequence[NotificationChannel]) -> tuple[str, ...]:
    endpoints = [str(each.config["endpoint"]) for each in devices]
    return tuple(hashlib.sha256(each.encode()).hexdigest() for each in endpoints)
