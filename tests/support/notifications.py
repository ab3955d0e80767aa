"""What tests of notifications share: channels of people, the chore, and messages that are sent.

Everything is within an app context; the mail server is a real one.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from opensink_web.access_token import TokenSigner
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Membership,
    MessageStatus,
    Notification,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    NotificationState,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.decisions.assignment import assign
from opensink_web.operations.notifications.channel import add_channel
from opensink_web.operations.notifications.rule import RuleTerms, change_rule
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.services import channel_tools
from opensink_web.settings import Settings
from opensink_web.work.chores import CHAINING, NOTIFYING, do_chores
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from opensink_web.work.tools import Tools
from tests.conftest import Person
from tests.support.mail_server import MailServer, ReceivedMail
from tests.support.scenarios import ENDPOINT, Waiting, ask_in

SENDER = "OpenSink <sink@example.com>"


def mail_settings(server: MailServer) -> dict[str, str]:
    """Return the variables by which a server of ours finds the mail server."""
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": SENDER,
    }


def principal_of(person: Person) -> Principal:
    member = db.session.get_one(Membership, (person.id, person.workspace_id))
    return Principal.of(member)


def add_mail(person: Person, settings: Settings, address: str | None = None, **terms: Any) -> UUID:
    """Give somebody a channel for mails to their own address, with one rule of these terms."""
    return add_place(person, settings, "email", {"address": address or person.email}, **terms)


def add_place(
    person: Person, settings: Settings, kind: str, config: JSONObject, **terms: Any
) -> UUID:
    """Give somebody a channel of this kind, with one rule of these terms."""
    with writing():
        by = principal_of(person)
        channel = add_channel(by, kind, "", config, channel_tools(settings))
        channel_id = channel.id
        db.session.flush()
        rule_id = db.session.scalars(
            select(NotificationRule.id).where(NotificationRule.channel_id == channel_id)
        ).one()
        change_rule(by, rule_id, RuleTerms(**terms))
    return channel_id


def look() -> None:
    """Do what the sweeper does within a second of a commit: chain, and read on."""
    do_chores([*CHAINING, *NOTIFYING])


class Sender:
    """A worker's part: sends what is due now, in the order in which a channel has it."""

    def __init__(self, settings: Settings) -> None:
        self.kinds = kinds_within(Limits.of(settings))
        self.kind = self.kinds[NotificationMessage.__tablename__]
        self.queue = Queue(self.kinds)
        self.tools = Tools(settings, TokenSigner("x" * 40))

    def claim(self) -> list[Any]:
        """Take what is due on every channel, one of each."""
        claims: list[Any] = []
        with reading():
            ids = db.session.scalars(select(NotificationChannel.id)).all()
        for channel_id in ids:
            with writing():
                claims += self.queue.claim(self.kind, channel_id, 10).taken
        return claims

    def send(self) -> int:
        """Send all that is due; return how many messages were carried out."""
        count = 0
        while claims := self.claim():
            db.session.rollback()
            results = [(each, self.kind.carry_out(each, self.tools)) for each in claims]
            with writing():
                self.kind.finish(results)
            count += len(claims)
        return count


def messages(person: Person | None = None) -> Sequence[NotificationMessage]:
    """Return what people were told, oldest first."""
    with reading():
        query = select(NotificationMessage).order_by(NotificationMessage.id)
        if person is not None:
            query = query.where(NotificationMessage.user_id == person.id)
        found = db.session.scalars(query).all()
        for each in found:
            _ = each.items, each.last_error, each.channel
        db.session.expunge_all()
        return found


def statuses(person: Person | None = None) -> list[MessageStatus]:
    return [each.status for each in messages(person)]


def states() -> list[NotificationState]:
    with reading():
        return list(db.session.scalars(select(Notification.state).order_by(Notification.id)))


def next_moment() -> Any:
    """Return when the next message is due."""
    return min(each.next_at for each in messages() if each.status is MessageStatus.DUE)


def to(server: MailServer, person: Person) -> list[ReceivedMail]:
    """Return the mails that somebody got."""
    return [each for each in server.received if each.to == (person.email,)]


def subjects(server: MailServer, person: Person) -> list[str]:
    return [str(each.mail["Subject"]) for each in to(server, person)]


def ask_for(person: Person, *assignees: Assignee, **options: Any) -> Waiting:
    """Have an agent of its own ask something."""
    return ask_in(person, ENDPOINT, RequestOptions(assignees=assignees, **options))


def own(person: Person) -> Assignee:
    return Assignee(user_id=person.id)


def give(person: Person, request_id: UUID, assignees: Sequence[Assignee]) -> None:
    with writing():
        by = principal_of(person)
        assign(by.workspace, request_id, assignees, by=by.user)


def tell(sender: Sender) -> None:
    """Do what happens within a moment of a commit."""
    look()
    sender.send()
