"""Members' second factors: an admin resets a lost one, and a workspace can require one."""

import pyotp
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.cli import commands
from opensink_web.models import Membership, Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.settings import Settings
from tests.conftest import Cast, Person
from tests.support.second_factor_cases import (
    PAGE,
    SECRET,
    Later,
    Phone,
    give_password,
    is_set_up,
    phone_of,
)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


class TestReset:
    def reset(self, alice: FlaskClient, person: Person) -> TestResponse:
        return alice.post(f"/w/main/admin/members/{person.id}/reset-second-factor")

    def test_an_admin_lets_a_member_in_with_the_password_alone(
        self, app: Flask, cast: Cast, alice: FlaskClient, client: FlaskClient, phone: Phone
    ) -> None:
        assert "reset-second-factor" in alice.get("/w/main/admin/members").text
        assert self.reset(alice, cast.bob).status_code == 303
        page = alice.get("/w/main/admin/members").text
        assert "signs in with the password alone" in page
        assert "reset-second-factor" not in page
        assert give_password(client, cast.bob).location == "/"

    def test_not_of_somebody_who_is_elsewhere_too(
        self, app: Flask, cast: Cast, alice: FlaskClient, phone: Phone
    ) -> None:
        with app.app_context(), writing():
            place = {"user_id": cast.bob.id, "workspace_id": cast.charlie.workspace_id}
            db.session.add(Membership(**place, role=Role.VIEWER))
        answer = self.reset(alice, cast.bob)
        assert answer.status_code == 409
        assert "a workspace in which you are no admin" in answer.text
        assert is_set_up(app, cast.bob.id)

    def test_not_their_own(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        phone_of(app, cast.alice)
        assert self.reset(alice, cast.alice).status_code == 409
        assert is_set_up(app, cast.alice.id)

    def test_not_a_strangers(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        phone_of(app, cast.charlie)
        assert self.reset(alice, cast.charlie).status_code == 404
        assert is_set_up(app, cast.charlie.id)

    def test_whoever_runs_the_server_can(
        self, app: Flask, cast: Cast, settings: Settings, phone: Phone
    ) -> None:
        for email, code, sentence in (
            (cast.bob.email, 0, "with the password alone."),
            (cast.bob.email, 0, "as before"),
            ("nobody@example.com", 1, "no account"),
        ):
            done = CliRunner().invoke(
                commands, ["user", "reset-second-factor", email], env=settings.environment()
            )
            assert (done.exit_code, sentence in (done.output or str(done.exception))) == (
                code,
                True,
            )
        assert not is_set_up(app, cast.bob.id)


class TestRequired:
    @pytest.fixture(autouse=True)
    def required(self, app: Flask, cast: Cast) -> None:
        with app.app_context(), writing():
            ours = Workspace.id == cast.alice.workspace_id
            db.session.execute(update(Workspace).where(ours).values(requires_second_factor=True))

    def test_members_without_one_are_led_to_set_it_up_and_back(
        self, app: Flask, bob: FlaskClient, later: Later
    ) -> None:
        setup = bob.get("/w/main/inbox?view=decided").location
        assert setup == f"{PAGE}?next=/w/main/inbox?view%3Ddecided"
        page = bob.get(setup).text
        assert "requires every member to have one" in page
        assert "Deliveries" not in page, "nothing of the workspace stands around it"
        bob.post(f"{PAGE}/begin?next=/w/main/inbox")
        code = pyotp.TOTP(SECRET.findall(bob.get(PAGE).text)[0]).at(clock.now())
        done = bob.post(f"{PAGE}/confirm?next=/w/main/inbox", data={"code": code})
        assert 'href="/w/main/inbox"' in done.text
        assert bob.get("/w/main/inbox").status_code == 200

    def test_also_when_a_page_asks_by_itself(self, bob: FlaskClient) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/w/main/inbox"}
        answer = bob.get("/w/main/inbox", headers=headers)
        assert answer.headers["HX-Redirect"] == f"{PAGE}?next=/w/main/inbox"

    def test_also_the_admin_who_wanted_it(self, alice: FlaskClient) -> None:
        answer = alice.post("/w/main/admin/workspace", data={"name": "Other"})
        assert answer.location == PAGE

    def test_api_keys_work_as_before(self, cast: Cast, client: FlaskClient) -> None:
        assert client.get("/api/v1/agents", headers=cast.bob.headers).status_code == 200

    def test_other_workspaces_are_open(self, charlie: FlaskClient) -> None:
        assert charlie.get("/w/elsewhere/inbox").status_code == 200

    def test_who_has_no_password_has_none_to_set_up(
        self, app: Flask, cast: Cast, bob: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).password_hash = None
        assert bob.get("/w/main/inbox").status_code == 200


def test_an_admin_requires_it_and_no_longer(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    phone_of(app, cast.alice)
    place = "/w/main/admin/workspace"
    for answer, sentence in (("yes", "Stop requiring it"), ("no", "Require it")):
        assert alice.post(f"{place}/second-factor", data={"required": answer}).location == place
        assert f">{sentence}<" in alice.get(place).text
