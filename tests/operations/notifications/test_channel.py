"""Channels: each person's own; confirmed by a code, paused, tried, removed."""

from collections.abc import Callable

import pytest

from opensink_web.errors import Conflict, NotFound
from opensink_web.models import (
    MessageStatus,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.notifications.channel import (
    CODE_TRIES,
    confirm,
    remove_channel,
    send_code,
    send_test,
    set_active,
)
from opensink_web.operations.notifications.ledger import (
    send_again,
)
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    Sender,
    add_mail,
    ask_for,
    look,
    messages,
    principal_of,
    subjects,
    tell,
)

DUE, SENT, FAILED = MessageStatus.DUE, MessageStatus.SENT, MessageStatus.FAILED


def test_an_address_that_is_not_ones_own_is_confirmed_by_a_code_first(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    channel_id = add_mail(cast.bob, settings, "elsewhere@example.com")
    ask_for(cast.alice)
    tell(sender)
    [told] = mail.received
    assert told.to == ("elsewhere@example.com",)
    assert "Buy?" not in told.text
    code = told.text.split("Your code: ")[1][:6]
    assert code.isdecimal()
    assert code not in (messages()[0].headline or "")
    with writing():
        assert not confirm(principal_of(cast.bob), channel_id, "x")
        assert not confirm(principal_of(cast.bob), channel_id, "١٢٣٤٥٦")
    with writing():
        assert confirm(principal_of(cast.bob), channel_id, f"{code[:3]} {code[3:]}")
    ask_for(cast.alice)
    moment.pass_seconds(5)
    tell(sender)
    assert len(mail.received) == 2


def test_a_code_can_be_tried_a_few_times_for_an_hour(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    channel_id = add_mail(cast.bob, settings, "elsewhere@example.com")
    for _ in range(CODE_TRIES):
        with writing():
            assert not confirm(principal_of(cast.bob), channel_id, "000000x")
    sender.send()
    code = mail.received[-1].text.split("Your code: ")[1][:6]
    with pytest.raises(Conflict), writing():
        confirm(principal_of(cast.bob), channel_id, code)
    with writing():
        send_code(principal_of(cast.bob), channel_id)
    sender.send()
    code = mail.received[-1].text.split("Your code: ")[1][:6]
    moment.pass_seconds(3601)
    with pytest.raises(Conflict), writing():
        confirm(principal_of(cast.bob), channel_id, code)


def test_a_paused_channel_is_told_nothing_of_what_came_meanwhile(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    channel_id = add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    with writing():
        set_active(principal_of(cast.bob), channel_id, is_active=False)
    ask_for(cast.alice)
    tell(sender)
    with writing():
        set_active(principal_of(cast.bob), channel_id, is_active=True)
    tell(sender)
    assert mail.received == []
    with writing():
        send_test(principal_of(cast.bob), channel_id)
    sender.send()
    assert subjects(mail, cast.bob) == ["[Main] This is a test"]


def test_nobody_touches_what_is_somebody_elses(
    cast: Cast, settings: Settings, sender: Sender
) -> None:
    channel_id = add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    [message] = messages()
    for stranger in (cast.alice, cast.charlie):
        verbs: list[Callable[[], object]] = [
            lambda by=stranger: set_active(principal_of(by), channel_id, is_active=False),  # type: ignore[misc]
            lambda by=stranger: send_again(principal_of(by), message.id),  # type: ignore[misc]
            lambda by=stranger: remove_channel(principal_of(by), channel_id),  # type: ignore[misc]
        ]
        for verb in verbs:
            with pytest.raises(NotFound), writing():
                verb()
