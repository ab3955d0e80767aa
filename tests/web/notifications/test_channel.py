"""The page Notifications: a person's own channels, set up by the fields of their kind."""

import re
from collections.abc import Sequence
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import MessageStatus, NotificationChannel, NotificationMessage, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import Cast
from tests.support.review_cases import make_viewer

PAGE = "/w/main/notifications"
NEW = f"{PAGE}/channels/new"
HOOK = "https://hooks.slack.com/services/T/B/secret"
TOPIC = {"topic": "alice-7Hk2", "server": "", "token": "tk_secret", "name": "Phone"}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "sink@example.com"}
    return environment | mail | {"NOTIFICATION_HOSTS": "10.0.0.0/24"}


def channels(app: Flask) -> Sequence[NotificationChannel]:
    with app.app_context(), reading():
        found = db.session.scalars(select(NotificationChannel)).all()
        for each in found:
            _ = each.config, each.code
        db.session.expunge_all()
        return found


def added(app: Flask, client: FlaskClient) -> str:
    """Set ntfy up; return the channel's address."""
    assert client.post(f"{NEW}/ntfy", data=TOPIC).status_code == 303
    return f"{PAGE}/channels/{channels(app)[-1].id}"


def test_without_any_the_page_says_what_to_do(bob: FlaskClient) -> None:
    page = bob.get(PAGE).text
    assert "You are told nothing yet" in page
    assert re.findall(rf'href="{NEW}/(\w+)"', page) == ["email", "slack", "ntfy"]
    assert "Notify this device" in page


def test_one_is_set_up_by_its_fields_and_is_nobody_else_s(
    app: Flask, alice: FlaskClient, bob: FlaskClient, charlie: FlaskClient
) -> None:
    answer = bob.post(f"{NEW}/slack", data={"webhook_url": HOOK, "name": "Team"})
    assert (answer.status_code, answer.location) == (303, PAGE)
    [channel] = channels(app)
    assert channel.config == {"webhook_url": HOOK}
    page = bob.get(PAGE).text
    assert "Team" in page
    assert "hooks.slack.com" in page
    assert "secret" not in page
    place = f"{PAGE}/channels/{channel.id}"
    assert "Team" not in alice.get(PAGE).text
    for other in (alice, charlie):
        assert other.get(place).status_code == 404
        for act in ("remove", "pause", "resume", "test", "code", "confirm"):
            assert other.post(f"{place}/{act}").status_code == 404
    assert charlie.get(PAGE).status_code == 404
    assert len(channels(app)) == 1


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("slack", {"webhook_url": "https://10.9.9.9/x"}, "NOTIFICATION_HOSTS"),
        ("slack", {"webhook_url": "", "bot_token": "", "channel": ""}, "Enter a webhook"),
        ("ntfy", {"topic": "a b", "server": "", "name": "N"}, "A topic has 1 to 64"),
        ("ntfy", {"topic": "", "server": ""}, "Topic is needed"),
        ("email", {"address": "nobody"}, "This is not an address"),
        ("ntfy", {"topic": "abc", "name": "x" * 200}, "80"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field_and_kept(
    app: Flask, bob: FlaskClient, kind: str, data: dict[str, str], says: str
) -> None:
    answer = bob.post(f"{NEW}/{kind}", data=data)
    assert answer.status_code == 422
    assert says in answer.text
    for typed in data.values():
        assert f'value="{typed}"' in answer.text
    assert channels(app) == []


@pytest.mark.parametrize("kind", ["web_push", "pigeon"])
def test_there_is_no_form_for_other_kinds(bob: FlaskClient, kind: str) -> None:
    assert bob.get(f"{NEW}/{kind}").status_code == 404
    assert bob.post(f"{NEW}/{kind}", data={"endpoint": "x"}).status_code == 404


def test_a_secret_is_not_shown_again_and_stays_if_nothing_is_typed(
    app: Flask, bob: FlaskClient
) -> None:
    place = added(app, bob)
    form = bob.get(place).text
    assert "tk_secret" not in form
    assert 'value="alice-7Hk2"' in form
    changed = TOPIC | {"token": "", "topic": "another", "name": "Watch"}
    assert bob.post(place, data=changed).status_code == 303
    [channel] = channels(app)
    assert (channel.name, channel.config["topic"]) == ("Watch", "another")
    assert channel.config["token"] == "tk_secret"
    assert bob.post(place, data=changed | {"token": "tk_other"}).status_code == 303
    assert channels(app)[0].config["token"] == "tk_other"
    assert "Remove what is stored as “Access token”" in bob.get(place).text
    removed = changed | {"token": "", "token_removed": "y"}
    assert bob.post(place, data=removed).status_code == 303
    assert "token" not in channels(app)[0].config
    assert "Remove what is stored" not in bob.get(place).text


def test_a_wrong_change_changes_nothing(app: Flask, bob: FlaskClient) -> None:
    place = added(app, bob)
    answer = bob.post(place, data=TOPIC | {"topic": "a b", "name": "Watch"})
    assert answer.status_code == 422
    assert channels(app)[0].name == "Phone"


def test_it_is_paused_goes_on_is_tried_and_removed(app: Flask, bob: FlaskClient) -> None:
    place = added(app, bob)
    assert bob.post(f"{place}/pause").status_code == 303
    page = bob.get(PAGE).text
    assert "Paused" in page
    assert f"{place}/test" not in page
    assert bob.post(f"{place}/test").status_code == 409
    assert bob.post(f"{place}/resume").status_code == 303
    assert bob.post(f"{place}/test").status_code == 303
    with app.app_context(), reading():
        statuses = db.session.scalars(select(NotificationMessage.status)).all()
    assert statuses == [MessageStatus.DUE]
    assert bob.post(f"{place}/remove").status_code == 303
    assert channels(app) == []
    assert bob.post(f"{place}/remove").status_code == 404


def test_one_that_stopped_says_why(app: Flask, bob: FlaskClient) -> None:
    place = added(app, bob)
    with app.app_context(), writing():
        channel = db.session.scalars(select(NotificationChannel)).one()
        channel.is_active, channel.paused_reason = False, "The webhook was removed."
    for address in (PAGE, place):
        assert "The webhook was removed." in bob.get(address).text
    assert "Stopped" in bob.get(PAGE).text


def test_another_s_address_is_told_nothing_before_its_code_is_entered(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    answer = bob.post(f"{NEW}/email", data={"address": "team@example.com"})
    [channel] = channels(app)
    place = f"{PAGE}/channels/{channel.id}"
    assert (answer.status_code, answer.location) == (303, place)
    assert "Confirm that it is yours" in bob.get(place).text
    assert "Waits for its code" in bob.get(PAGE).text
    assert bob.post(f"{place}/confirm", data={"code": "000000x"}).status_code == 303
    assert channels(app)[0].confirmed_at is None
    assert "That is not the code" in bob.get(place).text
    assert bob.post(f"{place}/code").status_code == 303
    code = channels(app)[0].code
    answer = bob.post(f"{place}/confirm", data={"code": f" {code} "})
    assert answer.location == PAGE
    assert channels(app)[0].confirmed_at is not None
    assert bob.post(f"{place}/code").status_code == 409


def test_one_s_own_address_needs_no_code(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    bob.post(f"{NEW}/email", data={"address": cast.bob.email})
    assert channels(app)[0].confirmed_at is not None


def test_there_is_nothing_at_another_id(bob: FlaskClient) -> None:
    assert bob.get(f"{PAGE}/channels/{uuid4()}").status_code == 404


def test_a_stranger_s_address_gets_a_few_codes_and_no_more(app: Flask, bob: FlaskClient) -> None:
    assert bob.post(f"{NEW}/email", data={"address": "x@example.com"}).status_code == 303
    code = f"{PAGE}/channels/{channels(app)[-1].id}/code"
    answers = [bob.post(code).status_code for _ in range(10)]
    assert answers == [303] * 9 + [429]
    again = bob.post(f"{NEW}/email", data={"address": "y@example.com"})
    assert (again.status_code, len(channels(app))) == (429, 1)


def test_a_viewer_has_their_own_for_comments_that_mention_them(
    app: Flask, cast: Cast, bob: FlaskClient
) -> None:
    assert "Your role reads requests" not in bob.get(PAGE).text
    make_viewer(app, cast.bob)
    place = added(app, bob)
    page = bob.get(PAGE).text
    assert "you are told of comments that mention you, and of nothing else" in page
    assert bob.post(f"{place}/remove").status_code == 303
    assert channels(app) == []


def test_its_page_says_what_became_of_the_last_test(app: Flask, bob: FlaskClient) -> None:
    place = added(app, bob)
    assert "Here you see how that went" in bob.get(place).text
    tried = bob.post(f"{place}/test")
    assert (tried.status_code, tried.location) == (303, place)
    assert "It is on its way" in bob.get(place).text
    with app.app_context(), writing():
        message = db.session.scalars(select(NotificationMessage)).one()
        message.attempt_count, message.last_error = 1, "The ntfy server answered 507."
    page = bob.get(place).text
    assert "The ntfy server answered 507." in page
    assert "It is tried again" in page
    with app.app_context(), writing():
        message = db.session.scalars(select(NotificationMessage)).one()
        message.status, message.last_error = MessageStatus.SENT, None
    assert "It was taken at the other end" in bob.get(place).text
