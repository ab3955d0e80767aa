"""A device on which somebody has signed out is told nothing until they sign in there again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.channels.push_keys import VapidKey
from opensink_web.errors import Conflict
from opensink_web.models import NotificationChannel, User, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user_session import begin_session, end_session
from opensink_web.operations.notifications.device import add_device, renew_device
from opensink_web.operations.server_key import ensure_push_key
from opensink_web.services import channel_tools
from opensink_web.settings import Settings
from tests.conftest import Cast, Person
from tests.support.locks import somebody_waits_for_a_lock
from tests.support.notifications import Sender, look, principal_of
from tests.support.push_service import PushService, Subscription
from tests.support.real_servers import wait_until
from tests.support.scenarios import ENDPOINT, ask_in
from tests.web.conftest import browser_of

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]
PAGE = "/w/main/notifications"
NAME = "Firefox on Linux"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"NOTIFICATION_HOSTS": "127.0.0.0/8"}


def subscribe(browser: FlaskClient, service: PushService) -> Subscription:
    return service.subscribe(browser.post(f"{PAGE}/devices/key").json["key"])  # type: ignore[index]


def form_of(device: Subscription, before: str | None = None) -> dict[str, str]:
    form = {name: device.config[name] for name in ("endpoint", "p256dh", "auth")}
    return form if before is None else {**form, "before": before}


def end_from_elsewhere(app: Flask, cast: Cast, browser: FlaskClient) -> None:
    browser_of(app, cast.bob).post("/account/sessions/end-others")


def end_by_an_admin(app: Flask, cast: Cast, browser: FlaskClient) -> None:
    browser_of(app, cast.alice).post(f"/w/main/admin/sign-ins/{cast.bob.id}/end")


def sign_out(app: Flask, cast: Cast, browser: FlaskClient) -> None:
    browser.post("/sign-out")


@pytest.mark.parametrize("end", [sign_out, end_from_elsewhere, end_by_an_admin])
@pytest.mark.parametrize("is_forgotten", [False, True])
def test_is_silent_until_then(
    app: Flask,
    cast: Cast,
    settings: Settings,
    end: Callable[[Flask, Cast, FlaskClient], None],
    is_forgotten: bool,
) -> None:
    def told(device: Subscription) -> int:
        with app.app_context():  # not around what browsers ask, who would share it
            ask_in(cast.alice, ENDPOINT)
            look()
            sender.send()
        return len(device.received())

    sender = Sender(settings)
    with PushService() as service, closing(sender.tools.channel_tools.client):
        browser, another = browser_of(app, cast.bob), browser_of(app, cast.alice)
        device, of_alice = subscribe(browser, service), subscribe(another, service)
        browser.post(f"{PAGE}/devices", data=form_of(device))
        assert told(device) == 1
        end(app, cast, browser)
        assert told(device) == 0
        assert browser.post("/account/device", data=form_of(device, "")).status_code == 303
        browser = browser_of(app, cast.bob)
        assert "Signed out there" in browser.get(PAGE).text
        assert browser.get("/account/device").json["rests"] is True  # type: ignore[index]
        for others in (form_of(of_alice, device.endpoint), form_of(of_alice, "")):
            assert another.post("/account/device", data=others).status_code == 404
        # what the browser keeps may be cleared with the sign-out
        now = subscribe(browser, service) if is_forgotten else device
        sent = form_of(now, "" if is_forgotten else device.endpoint)
        assert browser.post("/account/device", data=sent).json == {"renewed": 1}
        assert browser.get("/account/device").json["rests"] is False  # type: ignore[index]
        assert told(now) == 1
        end(app, cast, browser)
        assert told(now) == 0


def channel_of(person: Person) -> NotificationChannel:
    query = select(NotificationChannel).where(NotificationChannel.user_id == person.id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


class TestASignInThatEndsMeanwhile:
    """What was let in before it ended, and is stored after."""

    @pytest.fixture
    def device(self, app: Flask) -> Iterator[Subscription]:
        with PushService() as service:
            with app.app_context(), writing():
                key = ensure_push_key()
            yield service.subscribe(VapidKey(key, "").public_key)

    @pytest.fixture
    def session_id(self, app: Flask, cast: Cast) -> UUID:
        with app.app_context(), writing():
            bob = db.session.get_one(User, cast.bob.id)
            return begin_session(bob, user_agent="", remote_address="")[0].id

    def end(self, cast: Cast, session_id: UUID) -> None:
        end_session(db.session.get_one(User, cast.bob.id), session_id)

    def add(self, cast: Cast, settings: Settings, device: Subscription, session_id: UUID) -> None:
        tools = channel_tools(settings)
        add_device(principal_of(cast.bob), NAME, device.config, tools, session_id)

    def renew(self, cast: Cast, settings: Settings, device: Subscription, session_id: UUID) -> None:
        bob, config = db.session.get_one(User, cast.bob.id), device.config
        before, tools = str(config["endpoint"]), channel_tools(settings)
        assert renew_device(bob, before, config, tools, session_id=session_id) == 1

    def test_a_device_is_not_turned_on_by_it(
        self, app: Flask, cast: Cast, settings: Settings, device: Subscription, session_id: UUID
    ) -> None:
        with app.app_context():
            with writing():
                self.end(cast, session_id)
            with pytest.raises(Conflict, match="signed out"), writing():
                self.add(cast, settings, device, session_id)
            with reading():
                assert db.session.scalars(select(NotificationChannel)).all() == []

    def test_a_device_does_not_go_on_by_it(
        self, app: Flask, cast: Cast, settings: Settings, device: Subscription, session_id: UUID
    ) -> None:
        def renewal() -> None:
            with app.app_context(), writing():
                self.renew(cast, settings, device, session_id)

        with ThreadPoolExecutor(1) as second, app.app_context():
            with writing():
                self.add(cast, settings, device, session_id)
            with writing():
                self.end(cast, session_id)
                renewed = second.submit(renewal)
                if db.engine.dialect.name == "postgresql":
                    wait_until(somebody_waits_for_a_lock)
            with pytest.raises(Conflict, match="signed out"):
                renewed.result()
            with reading():
                assert not channel_of(cast.bob).is_in_use

    def test_ending_it_waits_for_what_it_promises(
        self, app: Flask, cast: Cast, settings: Settings, device: Subscription, session_id: UUID
    ) -> None:
        def ending() -> None:
            with app.app_context(), writing():
                self.end(cast, session_id)

        with ThreadPoolExecutor(1) as second, app.app_context():
            with writing():
                self.add(cast, settings, device, session_id)
            with writing():
                self.renew(cast, settings, device, session_id)
                ended = second.submit(ending)
                if db.engine.dialect.name == "postgresql":
                    wait_until(somebody_waits_for_a_lock)
            ended.result()
            with reading():
                assert not channel_of(cast.bob).is_in_use

    def test_nor_by_that_of_somebody_else(
        self, app: Flask, cast: Cast, settings: Settings, device: Subscription, session_id: UUID
    ) -> None:
        with app.app_context(), writing():
            tools, alice = channel_tools(settings), principal_of(cast.alice)
            with pytest.raises(Conflict):
                add_device(alice, NAME, device.config, tools, session_id)
