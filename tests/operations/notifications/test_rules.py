"""Whom rules tell of what, when, and how much of it."""

from datetime import timedelta

from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import (
    Absence,
    InputRequest,
    Notification,
    NotificationMode,
    NotificationScope,
    NotificationState,
    Team,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.agents.agent_session import delete_session
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.decisions.ending import remove_member
from opensink_web.operations.deletion import delete_some_left
from opensink_web.operations.notifications.gathering import AT_ONCE_MAX
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.settings import Settings
from tests.conftest import Cast, Person
from tests.operations.conftest import Moment
from tests.support.holding import hold_answer, let_take_effect, take_back
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    Sender,
    add_mail,
    ask_for,
    give,
    look,
    messages,
    own,
    principal_of,
    states,
    subjects,
    tell,
    to,
)
from tests.support.pause_scenarios import approval_in
from tests.support.scenarios import Waiting, answer


def say(person: Person, waiting: Waiting, text: str) -> None:
    with writing():
        by = principal_of(person)
        add_comment(by.workspace, waiting.request_id, text, by=by.user)


def test_what_was_asked_before_there_was_a_channel_is_not_told(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    ask_for(cast.alice)
    look()
    add_mail(cast.bob, settings)
    tell(sender)
    assert mail.received == []


def test_what_belongs_to_somebody_who_is_removed_goes_with_them(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    with writing():
        remove_member(principal_of(cast.alice), cast.bob.id)
    tell(sender)
    assert (mail.received, list(messages())) == ([], [])


def test_it_is_taken_back_once_the_decision_has_taken_effect(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    tell(sender)
    hold_answer(cast.alice, waiting.request_id, seconds=30)
    tell(sender)
    assert len(mail.received) == 1
    moment.pass_seconds(31)
    sender.send()  # its time has come, but no worker has had it take effect yet
    assert len(mail.received) == 1
    let_take_effect(waiting.request_id)
    moment.pass_seconds(3)
    tell(sender)
    assert len(mail.received) == 2


def test_one_whose_session_was_deleted_is_taken_back(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    tell(sender)
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        delete_session(workspace, waiting.session_id)
    is_left = True
    while is_left:
        with writing():
            is_left = delete_some_left() > 0
    tell(sender)
    assert "It is not there any more." in mail.received[-1].text or (
        "taken it back" in mail.received[-1].text
    )
    assert len(mail.received) == 2


def test_rules_narrow_by_agent_key_tag_and_priority(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    urgent = ask_for(cast.alice, priority=80, tags=("money",))
    look()
    with reading():
        agent_id = db.session.get_one(InputRequest, urgent.request_id).agent_id
    add_mail(cast.bob, settings, min_priority=50, tag="money", key="k")
    add_mail(cast.alice, settings, agent_id=agent_id)
    ask_for(cast.alice, priority=80, tags=("money", "more"))
    ask_for(cast.alice, priority=49, tags=("money",))
    ask_for(cast.alice, priority=80)
    tell(sender)
    assert len(to(mail, cast.bob)) == 1
    assert to(mail, cast.alice) == []  # each of these was asked by an agent of its own


def test_what_is_mine_is_what_was_assigned_to_me_my_team_or_whom_i_stand_in_for(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings, scope=NotificationScope.MINE)
    with writing():
        by = principal_of(cast.alice)
        members = frozenset({cast.bob.id})
        team = create_team(by.workspace, name="Finance", description="", user_ids=members)
        db.session.flush()
        team_id = team.id
    ask_for(cast.alice)
    ask_for(cast.alice, own(cast.bob))
    ask_for(cast.alice, Assignee(user_id=None, team_id=team_id))
    tell(sender)
    assert len(to(mail, cast.bob)) == 2
    with writing():
        db.session.add(
            Absence(
                workspace_id=cast.alice.workspace_id,
                user_id=cast.alice.id,
                deputy_id=cast.bob.id,
                begins_at=clock.now() - timedelta(days=1),
                ends_at=clock.now() + timedelta(days=1),
            )
        )
    moment.pass_seconds(120)
    ask_for(cast.alice, own(cast.alice))
    tell(sender)
    assert len(to(mail, cast.bob)) == 3
    with reading():
        assert db.session.get(Team, team_id) is not None


def test_whoever_is_assigned_later_is_told_and_not_whoever_took_it_themselves(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    for person in (cast.alice, cast.bob):
        add_mail(person, settings, scope=NotificationScope.MINE)
    waiting = ask_for(cast.alice)
    give(cast.alice, waiting.request_id, [own(cast.bob)])
    give(cast.alice, waiting.request_id, [])
    give(cast.alice, waiting.request_id, [own(cast.bob)])
    tell(sender)
    assert subjects(mail, cast.bob) == ["[Main] Assigned to you: Buy?"]
    assert to(mail, cast.alice) == []


def test_a_comment_tells_whom_it_mentions_each_time(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings, scope=NotificationScope.MENTIONS)
    waiting = ask_for(cast.alice)
    for text in ("@bob@example.com what do you think?", "Nobody.", "@bob@example.com?"):
        say(cast.alice, waiting, text)
    tell(sender)
    assert subjects(mail, cast.bob) == ["[Main] You are mentioned: Buy?"] * 2


def test_a_comment_on_what_is_decided_tells_whom_it_mentions_and_is_not_taken_back(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings, scope=NotificationScope.MENTIONS)
    waiting, other = ask_for(cast.alice), ask_for(cast.alice)
    say(cast.alice, waiting, "@bob@example.com, before it is decided?")
    answer(cast.alice, waiting)
    tell(sender)
    assert to(mail, cast.bob) == []  # nothing waits for that any more
    say(cast.alice, waiting, "@bob@example.com, why not five?")
    say(cast.bob, waiting, "@bob@example.com notes it.")
    tell(sender)
    assert subjects(mail, cast.bob) == ["[Main] You are mentioned: Buy?"]
    assert "Answered by alice@example.com." in mail.received[-1].text
    assert "/decide/" not in mail.received[-1].text
    hold_answer(cast.alice, other.request_id, seconds=600)
    say(cast.alice, other, "@bob@example.com, it is held.")
    tell(sender)
    take_back(cast.alice, other.request_id)
    answer(cast.alice, other)
    tell(sender)
    assert len(to(mail, cast.bob)) == 2  # and nothing is taken back
    assert states() == [NotificationState.SENT] * 2


def test_what_waits_and_a_comment_on_what_does_not_are_told_together(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings, mode=NotificationMode.DIGEST, digest_minutes=30)
    decided, waiting, gone = (ask_for(cast.alice) for _ in range(3))
    for each in (decided, gone):
        answer(cast.alice, each)
        say(cast.alice, each, "@bob@example.com?")
    look()
    with writing():
        delete_session(principal_of(cast.alice).workspace, gone.session_id)
    moment.pass_seconds(30 * 60)
    tell(sender)
    assert subjects(mail, cast.bob) == ["[Main] A request waits for you, a comment mentions you"]
    answer(cast.alice, waiting)
    tell(sender)
    assert len(mail.received) == 1


def test_a_thousand_requests_in_a_minute_are_a_few_mails_and_one_digest(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    for _ in range(10):
        approval_in(cast.alice, [{"amount": 1, "customer": "C-1"}] * 100)
        moment.pass_seconds(5)
        tell(sender)
    assert len(mail.received) == AT_ONCE_MAX
    moment.pass_seconds(60)
    tell(sender)
    assert len(mail.received) == AT_ONCE_MAX + 1
    digest = mail.received[-1]
    assert str(digest.mail["Subject"]) == "[Main] 997 requests wait for you"
    assert "… and 977 more." in digest.text
    assert f"{settings.public_url}/w/main/inbox" in digest.text
    with reading():
        told = db.session.scalars(select(Notification.request_id)).all()
    assert len(told) == len(set(told)) == 1000


def test_a_digest_gathers_for_as_long_as_its_rule_says_and_leaves_out_what_was_decided(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings, mode=NotificationMode.DIGEST, digest_minutes=30)
    asked = [ask_for(cast.alice) for _ in range(3)]
    tell(sender)
    moment.pass_seconds(20 * 60)
    asked.append(ask_for(cast.alice))
    tell(sender)
    assert mail.received == []
    answer(cast.alice, asked[0])
    moment.pass_seconds(10 * 60)
    tell(sender)
    assert subjects(mail, cast.bob) == ["[Main] 3 requests wait for you"]
    for each in asked[1:3]:
        answer(cast.alice, each)
    tell(sender)
    assert len(mail.received) == 1  # one of them waits still
    answer(cast.alice, asked[3])
    tell(sender)
    assert "All of these are decided." in mail.received[-1].text or (
        "Answered by alice@example.com." in mail.received[-1].text
    )


def test_without_details_nothing_of_what_is_asked_is_sent(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings, with_details=False)
    waiting = ask_for(cast.alice)
    tell(sender)
    answer(cast.alice, waiting)
    tell(sender)
    assert subjects(mail, cast.bob) == [
        "[Main] A request waits for you",
        "Re: [Main] A request waits for you",
    ]
    for each in mail.received:
        assert "Buy?" not in each.raw.decode()
        assert "Trader" not in each.raw.decode()
