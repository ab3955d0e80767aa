"""What happened in a session, in the order it happened; only ever added to."""

import re
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from opensink_web.models.base import Base, Created, Identified, UserObject, word_type
from opensink_web.models.sealed import Sealed
from opensink_web.visible_text import has_hidden


class ActivityType(StrEnum):
    """What kind of thing happened; the API's own words."""

    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    MESSAGE = "message"
    INPUT_REQUEST_CREATED = "input_request_created"
    INPUT_REQUEST_RESOLVED = "input_request_resolved"
    SINK_ITEM_CREATED = "sink_item_created"
    STATE_UPDATED = "state_updated"


class ActivitySource(StrEnum):
    """Who made it happen."""

    SYSTEM = "system"
    AGENT = "agent"
    USER = "user"


class ActivityRecorder(StrEnum):
    """Who wrote it down, which no client can choose: OpenSink itself, or somebody by the API."""

    OPENSINK = "opensink"
    AGENT = "agent"


_UNSEEN = r"\x00-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
WEB_ADDRESS = rf"^[Hh][Tt][Tt][Pp][Ss]?://[^ /?#\\{_UNSEEN}]+(?:[/?#\\][^{_UNSEEN}]*)?$"
"""A full address with a host: to a browser `http:page` is one of our own pages. What turns text
around or is not seen has no place in one.
"""


def is_web_address(href: str) -> bool:
    """Return True if this leads to another host: nothing else may an agent have a person follow."""
    return re.fullmatch(WEB_ADDRESS, href) is not None and not has_hidden(href)


class Activity(Identified, Created, Base):
    """`links` is a list of {href, text}; `related_entity_id` names what it is about.

    Agents send every type and source. Only what `recorded_by` is OpenSink's has really happened.
    """

    __tablename__ = "activities"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("agent_sessions.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    type: Mapped[ActivityType] = mapped_column(word_type(ActivityType))
    source: Mapped[ActivitySource] = mapped_column(word_type(ActivitySource))
    recorded_by: Mapped[ActivityRecorder] = mapped_column(
        word_type(ActivityRecorder), server_default=ActivityRecorder.AGENT.value
    )
    sealed_message: Mapped[str | None] = mapped_column("message", Text)
    message = Sealed[str | None]()
    sealed_payload: Mapped[str | None] = mapped_column("payload", Text)
    payload = Sealed[Any]()
    related_entity_id: Mapped[str | None] = mapped_column(String(255))
    sealed_links: Mapped[str | None] = mapped_column("links", Text)
    links = Sealed[list[UserObject]](empty=list)

    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "type", "id"),
        Index(None, "session_id", "id"),
        Index(None, "agent_id", "id"),
    )
