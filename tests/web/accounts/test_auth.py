"""The way in and out: signing in, signing up by a link, choosing a workspace, signing out."""

from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import Invitation, Membership, Role, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite, invite_first_admin
from opensink_web.operations.decisions.ending import remove_member
from tests.conftest import PASSWORD, Cast
from tests.support.scenarios import admin_of

WRONG = "is wrong"
NEW = {"email": "dora@example.com", "password": PASSWORD, "repeated": PASSWORD}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser; that forms need their token is tested for all of them at once."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def token(app: Flask, cast: Cast) -> str:
    return invited(app, cast, email=None)


def invited(app: Flask, cast: Cast, *, email: str | None) -> str:
    with app.app_context(), writing():
        ours = db.session.get_one(Workspace, cast.alice.workspace_id)
        by = db.session.get_one(User, cast.alice.id)
        return invite(ours, role=Role.REVIEWER, email=email, by=by)


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, goal: str = "") -> str:
    """Sign in and return where the answer leads, or "" when it is the form again."""
    answer = client.post(
        f"/sign-in?next={goal}" if goal else "/sign-in",
        data={"email": email, "password": password},
    )
    return answer.location or ""


def user_count(app: Flask) -> int:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(User)) or 0


def test_the_right_password_lets_in(client: FlaskClient, cast: Cast) -> None:
    assert sign_in(client, cast.alice.email) == "/"
    assert client.get("/").location == "/w/main/inbox"


def test_an_address_may_be_written_in_any_case(client: FlaskClient, cast: Cast) -> None:
    assert sign_in(client, " ALICE@example.com ") == "/"


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com", "al\0ice"])
def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    client: FlaskClient, cast: Cast, email: str
) -> None:
    answer = client.post("/sign-in", data={"email": email, "password": "wrong wrong wrong"})
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert email.replace("\0", "") in answer.text, "the address is kept"
    assert "wrong wrong wrong" not in answer.text
    assert client.get("/").location == "/sign-in"


def test_an_empty_form_says_what_is_missing(client: FlaskClient, cast: Cast) -> None:
    answer = client.post("/sign-in", data={})
    assert answer.status_code == 422
    assert "Enter your e-mail address." in answer.text
    assert "Enter your password." in answer.text


def test_signing_in_leads_to_where_one_was_going(client: FlaskClient, cast: Cast) -> None:
    goal = client.get("/w/main/admin/agents?trail=").location
    assert goal == "/sign-in?next=/w/main/admin/agents?trail%3D"
    answer = client.post(goal, data={"email": cast.alice.email, "password": PASSWORD})
    assert answer.location == "/w/main/admin/agents?trail="


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example",
        "HTTPS:evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\r\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "\u200b//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "@evil.example",
        "evil.example",
        "x",
    ],
)
def test_signing_in_leads_nowhere_else(client: FlaskClient, cast: Cast, goal: str) -> None:
    data = {"email": cast.alice.email, "password": PASSWORD}
    for _ in ("the form", "who is signed in already"):
        answer = client.post("/sign-in", query_string={"next": goal}, data=data)
        assert answer.location == "/"


@pytest.mark.parametrize("goal", ["/%2F/evil.example", "/%5Cevil.example", "/.//evil.example"])
def test_what_only_looks_like_another_server_stays_on_this_one(
    client: FlaskClient, cast: Cast, goal: str
) -> None:
    place = client.post(
        "/sign-in",
        query_string={"next": goal},
        data={"email": cast.alice.email, "password": PASSWORD},
    ).location
    assert urlsplit(urljoin("http://localhost/sign-in", place)).netloc == "localhost"


@pytest.mark.parametrize(
    ("page", "goal"),
    [
        ("http://localhost/w/main/sessions?agent=1", "/sign-in?next=/w/main/sessions"),
        ("http://localhost//evil.example", "/sign-in"),
        ("http://[", "/sign-in"),
    ],
)
def test_htmx_is_led_to_the_sign_in_and_back_to_its_page(
    client: FlaskClient, page: str, goal: str
) -> None:
    answer = client.get("/w/main/inbox", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == goal


def test_a_session_from_before_signing_in_is_not_kept(client: FlaskClient, cast: Cast) -> None:
    with client.session_transaction() as session:
        session["planted"] = "yes"
    sign_in(client, cast.alice.email)
    with client.session_transaction() as session:
        assert "planted" not in session


def test_who_is_signed_in_is_led_on_from_the_form(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.alice.email)
    assert client.get("/sign-in?next=/w/main/inbox").location == "/w/main/inbox"


def test_signing_out_ends_the_session_on_the_server(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    sign_in(client, cast.alice.email)
    with client.session_transaction() as session:
        kept = dict(session)
    assert client.post("/sign-out").location == "/sign-in"

    thief = app.test_client()
    with thief.session_transaction() as session:
        session.update(kept)
    assert thief.get("/").location == "/sign-in"


def test_signing_out_twice_does_no_harm(client: FlaskClient, cast: Cast) -> None:
    assert client.post("/sign-out").status_code == 303


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "/sign-out"), ("POST", "/"), ("POST", "/workspaces"), ("PUT", "/sign-in")],
)
def test_the_wrong_method_is_refused(client: FlaskClient, method: str, address: str) -> None:
    assert client.open(address, method=method).status_code == 405


def test_the_forms_need_their_token(app: Flask, cast: Cast, token: str) -> None:
    client = app.test_client()
    for address in ("/sign-in", "/sign-out", f"/sign-up/{token}"):
        assert client.post(address, data=NEW).status_code == 400, address


def test_without_any_account_the_first_page_says_where_the_link_is(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "/sign-up/" in page.text
    assert "opensink user create" in page.text


def test_the_first_admins_link_makes_an_admin(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), writing():
        token = invite_first_admin()
    assert client.post(f"/sign-up/{token}", data=NEW).location == "/"
    assert client.get("/w/main/admin/members").status_code == 200


def test_opening_a_link_does_not_use_it_up(client: FlaskClient, token: str) -> None:
    for _ in range(2):
        page = client.get(f"/sign-up/{token}")
        assert page.status_code == 200
        assert "Main" in page.text
        assert "a reviewer" in page.text


def test_signing_up_makes_the_account_and_lets_in(
    app: Flask, client: FlaskClient, token: str
) -> None:
    assert client.post(f"/sign-up/{token}", data=NEW).location == "/"
    assert client.get("/").location == "/w/main/inbox"
    with app.app_context(), reading():
        made = db.session.scalars(select(User).where(User.email == NEW["email"])).one()
        assert [each.role for each in made.memberships] == [Role.REVIEWER]


def test_a_link_works_once(app: Flask, client: FlaskClient, token: str) -> None:
    client.post(f"/sign-up/{token}", data=NEW)
    before = user_count(app)
    again = app.test_client().post(f"/sign-up/{token}", data=NEW | {"email": "eve@example.com"})
    assert again.status_code == 404
    assert "no longer works" in again.text
    assert user_count(app) == before


def test_a_link_that_is_too_old_or_made_up_opens_nothing(
    app: Flask, client: FlaskClient, token: str
) -> None:
    with app.app_context(), writing():
        old = clock.now() - timedelta(seconds=1)
        db.session.execute(update(Invitation).values(expires_at=old))
    for each in (token, "made-up"):
        page = client.get(f"/sign-up/{each}")
        assert page.status_code == 404
        assert "no longer works" in page.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "no address"}, "This is not an e-mail address."),
        ({"email": "alice@example.com"}, "An account with this e-mail address already exists."),
        ({"password": "short", "repeated": "short"}, "at least 10 characters"),
        ({"repeated": "something else"}, "The two passwords do not match."),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said_and_the_link_stays_good(
    app: Flask, client: FlaskClient, token: str, changes: dict[str, str], sentence: str
) -> None:
    before = user_count(app)
    answer = client.post(f"/sign-up/{token}", data=NEW | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert user_count(app) == before
    assert client.post(f"/sign-up/{token}", data=NEW).status_code == 303


def test_a_link_for_one_person_makes_no_account_for_another(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    token = invited(app, cast, email="dora@example.com")
    assert "readonly" in client.get(f"/sign-up/{token}").text
    client.post(f"/sign-up/{token}", data=NEW | {"email": "eve@example.com"})
    with app.app_context(), reading():
        emails = set(db.session.scalars(select(User.email)))
    assert "dora@example.com" in emails
    assert "eve@example.com" not in emails


def test_the_workspaces_of_a_person_can_be_chosen_from(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    with app.app_context(), writing():
        both = Membership(
            user_id=cast.bob.id, workspace_id=cast.charlie.workspace_id, role=Role.VIEWER
        )
        db.session.add(both)
    sign_in(client, cast.bob.email)
    page = client.get("/workspaces").text
    assert 'href="/w/main/inbox"' in page
    assert 'href="/w/elsewhere/inbox"' in page


def test_the_workspaces_of_others_are_not_shown(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, cast.alice.email)
    assert "elsewhere" not in client.get("/workspaces").text


def test_the_workspaces_need_a_sign_in(client: FlaskClient, cast: Cast) -> None:
    assert client.get("/workspaces").location == "/sign-in?next=/workspaces"


def test_without_a_membership_the_page_says_so(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context(), writing():
        remove_member(admin_of(cast.bob.workspace_id), cast.bob.id)
    sign_in(client, cast.bob.email)
    assert client.get("/").location == "/workspaces"
    assert "you are not a member of any workspace" in client.get("/workspaces").text


def test_a_member_who_left_comes_back_with_the_same_account(
    app: Flask, charlie: FlaskClient, cast: Cast, token: str
) -> None:
    assert "charlie@example.com" in charlie.get(f"/sign-up/{token}").text
    answer = charlie.post(f"/sign-up/{token}/join")
    assert (answer.status_code, answer.location) == (303, f"/w/{cast.alice.workspace_slug}/inbox")
    assert charlie.get(answer.location).status_code == 200
    assert charlie.post(f"/sign-up/{token}/join").status_code == 404, "the link works once"


def test_a_member_cannot_join_again_and_the_link_stays_good(alice: FlaskClient, token: str) -> None:
    answer = alice.post(f"/sign-up/{token}/join", follow_redirects=True)
    assert "You already belong to this workspace." in answer.text
    assert alice.get(f"/sign-up/{token}").status_code == 200


def test_joining_needs_a_sign_in_and_leads_back(client: FlaskClient, token: str) -> None:
    answer = client.post(f"/sign-up/{token}/join")
    assert (answer.status_code, answer.location) == (303, f"/sign-in?next=/sign-up/{token}")
