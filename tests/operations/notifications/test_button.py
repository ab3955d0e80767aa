"""What a message lets its reader decide: links to a page that asks once more, for those who may."""

import re
from typing import Any

import pytest
from sqlalchemy import update

from opensink_web.json_value import JSONValue
from opensink_web.models import (
    InputRequest,
    Membership,
    NotificationScope,
    Role,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.settings import Settings
from tests.conftest import Cast, Person
from tests.support.mail_server import MailServer
from tests.support.notifications import Sender, add_mail, ask_for, tell, to
from tests.support.scenarios import SCHEMA, Waiting

OWN_WORDS: JSONValue = {
    "type": "object",
    "required": ["go"],
    "properties": {
        "go": {"oneOf": [{"const": True, "title": "Ship it"}, {"const": False, "title": "Wait"}]}
    },
}
AMOUNT: JSONValue = {"type": "object", "properties": {"amount": {"type": "integer"}}}


def change(waiting: Waiting, **values: Any) -> None:
    with writing():
        request = db.session.get_one(InputRequest, waiting.request_id)
        for name, value in values.items():
            setattr(request, name, value)


def ways(text: str) -> list[tuple[str, str]]:
    """Return what a mail lets one decide: the words, and the last part of the address."""
    return re.findall(r"(?m)^(.+): \S+/w/main/requests/[0-9a-f-]{36}/decide/(\w+)\s*$", text)


@pytest.mark.parametrize(
    ("schema", "terms", "expected"),
    [
        (SCHEMA, {}, [("Yes", "yes"), ("No", "no")]),
        (OWN_WORDS, {}, [("Ship it", "yes"), ("Wait", "no")]),
        (OWN_WORDS, {"with_details": False}, [("Yes", "yes"), ("No", "no")]),
        (AMOUNT, {}, [("Decline", "decline")]),
    ],
)
def test_what_takes_no_typing_can_be_decided_by_a_link(
    cast: Cast,
    settings: Settings,
    sender: Sender,
    mail: MailServer,
    schema: JSONValue,
    terms: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    add_mail(cast.bob, settings, **terms)
    change(ask_for(cast.alice), schema=schema)
    tell(sender)
    [told] = to(mail, cast.bob)
    assert ways(told.text) == expected


def test_what_needs_an_answer_has_no_link_to_decline(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    change(ask_for(cast.alice), schema=AMOUNT, allow_decline=False)
    tell(sender)
    [told] = to(mail, cast.bob)
    assert "/decide/" not in told.text


def test_whoever_may_not_decide_has_none(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    """Neither a viewer nor whoever it is asked for, who hear of a comment that mentions them."""
    for person in (cast.alice, cast.bob):
        add_mail(person, settings, scope=NotificationScope.MENTIONS)
    waiting = ask_for(cast.alice)
    change(waiting, forbid_requester=True)
    mention(cast.bob, waiting, cast.alice)
    with writing():
        viewer = update(Membership).where(Membership.user_id == cast.bob.id)
        db.session.execute(viewer.values(role=Role.VIEWER))
    mention(cast.alice, waiting, cast.bob)
    tell(sender)
    for person in (cast.alice, cast.bob):
        [told] = to(mail, person)
        assert f"/requests/{waiting.request_id}" in told.text
        assert "/decide/" not in told.text


def mention(by: Person, waiting: Waiting, other: Person) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, by.workspace_id)
        writer = db.session.get_one(User, by.id)
        add_comment(workspace, waiting.request_id, f"@{other.email} look", by=writer)
