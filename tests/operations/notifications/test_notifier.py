"""Who is told of what: by rules, once each, and taken back once it is decided."""

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from opensink_web.channels import CHANNELS
from opensink_web.channels.slack.transport import SlackChannel
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Membership,
    MessageStatus,
    NotificationState,
    Role,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.notifications import notifier
from opensink_web.operations.notifications.gathering import gather
from opensink_web.operations.notifications.recipients import Notice
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_step import PolicyStep
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.chat_server import CHANNEL, TOKEN, ChatServer
from tests.support.holding import hold_answer, take_back
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    Sender,
    add_mail,
    add_place,
    ask_for,
    look,
    messages,
    own,
    principal_of,
    states,
    statuses,
    subjects,
    tell,
    to,
)
from tests.support.pause_scenarios import approval_in, refuse
from tests.support.rule_cases import (
    by_team,
    make_dana,
    make_finance,
    make_other,
    make_rule,
    put,
    revise,
    say,
)
from tests.support.scenarios import answer

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
SENT, WITHDRAWN = NotificationState.SENT, NotificationState.WITHDRAWN


def test_everybody_with_a_rule_is_told_once_and_nobody_elsewhere(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    for person in (cast.alice, cast.bob, cast.charlie):
        add_mail(person, settings)
    ask_for(cast.alice)
    for _ in range(3):
        tell(sender)
    assert subjects(mail, cast.bob) == subjects(mail, cast.alice) == ["[Main] Buy?"]
    assert to(mail, cast.charlie) == []
    [told] = to(mail, cast.bob)
    assert "Trader" in told.text
    assert f"{settings.public_url}/w/main/requests/" in told.text


def test_in_steps_those_are_told_who_may_decide_then(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    for person in (cast.alice, cast.bob):
        add_mail(person, settings)
    make_rule(cast, by_team(make_finance(cast)), PolicyStep("Second"))
    request_id = put(cast)
    tell(sender)
    assert (subjects(mail, cast.alice), subjects(mail, cast.bob)) == (["[Main] Pay?"], [])
    say(cast, cast.alice, request_id, {"amount": 1})
    for _ in range(2):
        tell(sender)
    assert (subjects(mail, cast.alice), subjects(mail, cast.bob)) == (
        ["[Main] Pay?"],
        ["[Main] Pay?"],
    )


def test_when_a_step_begins_it_is_taken_back_from_whoever_decides_no_more(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    dana = make_dana(cast)
    for person in (cast.alice, cast.bob, dana):
        add_mail(person, settings)
    finance = by_team(make_finance(cast, dana))
    make_rule(cast, finance, PolicyStep("Second", (own(cast.bob),)))
    sent, unsent = put(cast), put(cast)
    look()
    say(cast, cast.alice, unsent, {"amount": 1})
    tell(sender)
    assert subjects(mail, dana) == ["[Main] Pay?"], "of one that was in its second step by then"
    say(cast, cast.alice, sent, {"amount": 1})
    for _ in range(2):
        tell(sender)
    first, second = to(mail, dana)
    assert second.mail["In-Reply-To"] == first.mail["Message-ID"]
    assert "Others decide now: Step 2 of 2: Second." in second.text
    assert len(to(mail, cast.alice)) == 1, "who knows it from deciding"
    assert subjects(mail, cast.bob) == ["[Main] Assigned to you: Pay?"] * 2
    hold_answer(cast.bob, sent)
    take_back(cast.bob, sent)
    tell(sender)
    assert len(to(mail, dana)) == 2, "it waits again, and not for them"


@pytest.mark.parametrize("is_bot", [False, True])
def test_a_chat_is_told_as_well_that_others_decide_in_the_step_that_has_begun(
    cast: Cast,
    settings: Settings,
    sender: Sender,
    is_bot: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dana = make_dana(cast)
    with ChatServer() as chat:
        monkeypatch.setitem(CHANNELS, "slack", SlackChannel(f"{chat.origin}/api"))
        bot: JSONObject = {"bot_token": TOKEN, "channel": CHANNEL}
        add_place(dana, settings, "slack", bot if is_bot else {"webhook_url": chat.webhook})
        finance = by_team(make_finance(cast, dana))
        make_rule(cast, finance, PolicyStep("Second", (own(cast.bob),)))
        request_id = put(cast)
        tell(sender)
        say(cast, cast.alice, request_id, {"amount": 1})
        for _ in range(2):
            tell(sender)
        say(cast, cast.bob, request_id, {"amount": 1})
        for _ in range(2):
            tell(sender)
        assert statuses() == [MessageStatus.SENT] * 2
        told = [str(each) for each in [*chat.posted, *chat.messages.values()]]
    assert len(told) == (1 if is_bot else 2), "a bot changes what it said"
    assert "Others decide now: Step 2 of 2: Second." in told[-1]


@pytest.mark.parametrize("is_in_steps", [False, True])
def test_nobody_who_asked_an_earlier_revision_is_told_of_one_they_may_not_decide(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, is_in_steps: bool
) -> None:
    dana, erin = make_dana(cast), make_other(cast, "erin@example.com")
    if is_in_steps:
        make_rule(cast, by_team(make_finance(cast, cast.bob, erin)), PolicyStep("Second"))
    request_id = put(cast, options=RequestOptions(forbid_requester=True))
    for person in (cast.bob, dana):
        request_id = revise(cast, person, request_id)
    for person in (cast.alice, cast.bob, dana, erin):
        add_mail(person, settings)
    revise(cast, dana, request_id)
    tell(sender)
    assert [subjects(mail, each) for each in (cast.alice, cast.bob, dana)] == [[], [], []]
    assert subjects(mail, erin) == ["[Main] Pay all?"]


def test_a_viewer_and_whoever_is_shut_out_is_told_nothing(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    first = ask_for(cast.alice)
    look()
    with writing():  # between the event and the sending
        deactivate_member(principal_of(cast.alice), cast.bob.id)
    sender.send()
    ask_for(cast.alice)
    tell(sender)
    assert mail.received == []
    assert statuses(cast.bob) == [MessageStatus.DROPPED]
    with writing():
        members = update(Membership).where(Membership.user_id == cast.bob.id)
        db.session.execute(members.values(deactivated_at=None, role=Role.VIEWER))
    ask_for(cast.alice)
    tell(sender)
    assert mail.received == []
    assert first is not None


def test_one_that_was_decided_before_it_was_sent_is_not_sent(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    look()
    answer(cast.alice, waiting)
    tell(sender)
    assert mail.received == []
    assert (statuses(), states()) == ([MessageStatus.DROPPED], [WITHDRAWN])
    # and one that nobody has looked at since
    late = ask_for(cast.alice)
    look()
    answer(cast.alice, late)
    sender.send()
    assert mail.received == []


def test_one_that_was_sent_is_taken_back_in_its_thread_but_not_for_whoever_decided(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.alice, settings)
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    tell(sender)
    answer(cast.alice, waiting)
    tell(sender)
    first, second = to(mail, cast.bob)
    assert second.mail["In-Reply-To"] == first.mail["Message-ID"]
    assert str(second.mail["Subject"]) == "Re: [Main] Buy?"
    assert "Answered by alice@example.com." in second.text
    assert len(to(mail, cast.alice)) == 1
    assert states() == [WITHDRAWN, WITHDRAWN]


def test_a_decision_that_is_undone_takes_nothing_back_and_one_that_was_held_is_told_again(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    tell(sender)
    hold_answer(cast.alice, waiting.request_id)
    tell(sender)
    take_back(cast.alice, waiting.request_id)
    moment.pass_seconds(60)
    tell(sender)
    assert len(mail.received) == 1
    # held before it was sent, and undone
    held = ask_for(cast.alice)
    hold_answer(cast.alice, held.request_id)
    tell(sender)
    assert len(mail.received) == 1
    take_back(cast.alice, held.request_id)
    tell(sender)
    assert len(mail.received) == 2


def test_the_calls_of_a_batch_are_one_event_that_ends_with_the_last_of_them(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    amounts: list[JSONObject] = [{"amount": number, "customer": "C-1"} for number in range(4)]
    paused = approval_in(cast.alice, amounts, is_batch=True)
    tell(sender)
    [told] = to(mail, cast.bob)
    assert "4 calls wait for approval: billing/refund" in told.text
    for each in paused[:3]:
        refuse(cast.alice, each.request_id)
    tell(sender)
    assert len(mail.received) == 1
    refuse(cast.alice, paused[3].request_id)
    tell(sender)
    assert "None of its calls waits for approval any more." in mail.received[-1].text


def test_one_that_is_killed_between_its_slices_has_told_each_once(
    cast: Cast, settings: Settings, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_mail(cast.bob, settings)
    for _ in range(3):
        ask_for(cast.alice)

    def killed(notices: Sequence[Notice]) -> int:
        gather(notices)
        raise KeyboardInterrupt

    monkeypatch.setattr(notifier, "gather", killed)
    with pytest.raises(KeyboardInterrupt):
        look()
    assert list(messages()) == []
    monkeypatch.setattr(notifier, "gather", gather)
    look()
    look()
    assert len(states()) == 3
