"""Several workspaces: going from one to another, making one, leaving one."""

import re
import threading
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import (
    ApiKey,
    AuditAction,
    AuditEntry,
    Membership,
    Role,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts import workspace_creation
from opensink_web.operations.accounts.workspace import create_workspace
from opensink_web.operations.accounts.workspace_creation import (
    MEMBERSHIPS_MAX,
    Makers,
    make_workspace,
)
from tests.conftest import PASSWORD, Cast, Person
from tests.support.scenarios import ENDPOINT, ask_in
from tests.web.conftest import browser_of

CREATE = "/workspaces/new"
BRAND = re.compile(r'<a class="brand" href="([^"]+)"')


def be_member(app: Flask, person: Person, of: Person, role: Role = Role.REVIEWER) -> None:
    """Have somebody belong to another's workspace as well."""
    with app.app_context(), writing():
        db.session.add(Membership(user_id=person.id, workspace_id=of.workspace_id, role=role))


def memberships(app: Flask, user_id: UUID) -> dict[str, Role]:
    with app.app_context(), reading():
        rows = db.session.scalars(select(Membership).where(Membership.user_id == user_id))
        return {each.workspace.slug: each.role for each in rows}


def names(app: Flask) -> dict[str, str]:
    """Return what each workspace is called, by its place in addresses."""
    with app.app_context(), reading():
        return {each.slug: each.name for each in db.session.scalars(select(Workspace))}


def limited(app: Flask, monkeypatch: pytest.MonkeyPatch, makers: str) -> None:
    from opensink_web.web.accounts import workspaces

    monkeypatch.setattr(workspaces, "_makers", lambda: Makers(makers))


class TestMaking:
    def test_an_admin_makes_one_and_is_its_admin(
        self, app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        assert 'href="/workspaces/new"' in alice.get("/workspaces").text
        assert "You will be its admin" in alice.get(CREATE).text
        answer = alice.post(CREATE, data={"name": "EMEA  desk", "slug": ""})
        assert (answer.status_code, answer.location) == (303, "/w/emea-desk/admin/members")
        page = alice.get(answer.location).text
        assert "EMEA desk is made" in page
        assert cast.bob.email not in page
        assert memberships(app, cast.alice.id) == {"main": Role.ADMIN, "emea-desk": Role.ADMIN}
        assert bob.get("/w/emea-desk/inbox").status_code == 404
        with app.app_context(), reading():
            made = db.session.scalars(select(Workspace).where(Workspace.slug == "emea-desk")).one()
            query = select(AuditEntry.action).where(AuditEntry.workspace_id == made.id)
            assert set(db.session.scalars(query)) == {
                AuditAction.WORKSPACE_CREATED,
                AuditAction.MEMBER_JOINED,
            }

    def test_a_place_in_addresses_can_be_chosen(self, app: Flask, alice: FlaskClient) -> None:
        alice.post(CREATE, data={"name": "Ünï", "slug": "Emea-2"})
        assert names(app)["emea-2"] == "Ünï"

    @pytest.mark.parametrize(
        ("name", "slug", "says"),
        [
            ("", "", "Enter a name."),
            ("Desk", "a b", "small letters"),
            ("Desk", "-desk", "small letters"),
            ("Desk", "desk--2", "small letters"),
            ("Desk", "x" * 64, "small letters"),
            ("Desk", "new", "is reserved"),
            ("Desk", "main", "is taken, or looks like"),
            ("Desk", "e1sewhere", "is taken, or looks like"),
            ("日本", "", "small letters"),
            ("Ma\u200bin", "", "nobody sees"),
            ("Маin", "desk", "called Main already"),  # noqa: RUF001 - the letters are what this is about
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_is_stored(
        self, app: Flask, alice: FlaskClient, name: str, slug: str, says: str
    ) -> None:
        answer = alice.post(CREATE, data={"name": name, "slug": slug})
        assert answer.status_code == 422
        assert re.search(says, answer.text)
        assert set(names(app)) == {"main", "elsewhere"}

    def test_the_name_of_a_workspace_that_one_is_not_in_says_nothing(
        self, app: Flask, alice: FlaskClient
    ) -> None:
        assert alice.post(CREATE, data={"name": "Elsewhere", "slug": "x1"}).status_code == 303

    @pytest.mark.parametrize(
        ("makers", "who", "status"),
        [
            ("admins", "alice", 200),
            ("admins", "bob", 403),
            ("anyone", "bob", 200),
            ("operators", "alice", 403),
        ],
    )
    def test_who_may_is_set_by_the_operator(
        self,
        app: Flask,
        cast: Cast,
        monkeypatch: pytest.MonkeyPatch,
        makers: str,
        who: str,
        status: int,
    ) -> None:
        limited(app, monkeypatch, makers)
        client = browser_of(app, getattr(cast, who))
        assert client.get(CREATE).status_code == status
        answer = client.post(CREATE, data={"name": "Desk"})
        assert answer.status_code == (303 if status == 200 else 403)
        assert ("desk" in names(app)) is (status == 200)
        for page in ("/workspaces", "/workspaces/menu"):
            assert ("New workspace" in client.get(page).text) is (status == 200)

    def test_nobody_makes_them_without_end(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            user = db.session.get_one(User, cast.alice.id)
            for number in range(MEMBERSHIPS_MAX - 1):
                make_workspace(user, name=f"Desk {number}", slug="", makers=Makers.ADMINS)
                db.session.expire(user)
        answer = alice.post(CREATE, data={"name": "One more"})
        assert answer.status_code == 422
        assert "Leave one first" in answer.text

    def test_without_a_sign_in_it_leads_there(self, app: Flask, cast: Cast) -> None:
        assert app.test_client().get(CREATE).location == "/sign-in?next=/workspaces/new"


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
def test_of_two_who_make_one_at_an_address_at_once_one_is_told_that_it_is_taken(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context(), reading():
        is_postgres = db.session.get_bind().dialect.name == "postgresql"
    if is_postgres:  # SQLite has one of them wait before it looks, and nothing is at once
        both_looked = threading.Barrier(2, timeout=60)

        def create(slug: str, name: str) -> Workspace:
            both_looked.wait()
            return create_workspace(slug, name)

        monkeypatch.setattr(workspace_creation, "create_workspace", create)
    pages: list[tuple[int, str]] = []

    def make(browser: FlaskClient, name: str) -> None:
        answer = browser.post(CREATE, data={"name": name, "slug": "desk"})
        pages.append((answer.status_code, answer.text))

    makers = [browser_of(app, cast.alice), browser_of(app, cast.charlie)]
    threads = [
        threading.Thread(target=make, args=(browser, f"Desk {number}"))
        for number, browser in enumerate(makers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (made, refused) = sorted(pages)
    assert (made[0], refused[0]) == (303, 422)
    assert "This address is taken" in refused[1]
    assert "desk" in refused[1], "what was typed is kept"
    assert names(app)["desk"] in {"Desk 0", "Desk 1"}
    both = {**memberships(app, cast.alice.id), **memberships(app, cast.charlie.id)}
    assert list(both).count("desk") == 1


class TestSwitching:
    @pytest.mark.parametrize(
        ("page", "leads_to"),
        [
            ("/w/main/insights?zone=UTC", "/w/elsewhere/insights"),
            ("/w/main/admin/teams/new", "/w/elsewhere/admin/teams"),
            ("/w/main/requests/01a22cff-effe-70b3-801f-b4222d6f2334", "/w/elsewhere/inbox"),
            ("/account", "/w/elsewhere/inbox"),
            ("/nowhere", "/w/elsewhere/inbox"),
            ("//[", "/w/elsewhere/inbox"),
        ],
    )
    def test_the_other_shows_the_same_kind_of_page(
        self, app: Flask, cast: Cast, alice: FlaskClient, page: str, leads_to: str
    ) -> None:
        be_member(app, cast.alice, cast.charlie, Role.ADMIN)
        at = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{page}"}
        menu = alice.get("/workspaces/menu?here=main", headers=at).text
        assert f'href="{leads_to}"' in menu

    def test_or_its_inbox_where_one_may_not_see_that(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie, Role.REVIEWER)
        at = {"HX-Request": "true", "HX-Current-URL": "http://localhost/w/main/admin/teams"}
        menu = alice.get("/workspaces/menu?here=main", headers=at).text
        assert 'href="/w/main/admin/teams" aria-current="true"' in menu
        assert 'href="/w/elsewhere/inbox"' in menu

    def test_a_link_into_the_other_leads_there_after_the_sign_in(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        with app.app_context():
            goal = f"/w/elsewhere/requests/{ask_in(cast.charlie, ENDPOINT).request_id}"
        stranger = app.test_client()
        sign_in = stranger.get(goal).location
        typed = {"email": cast.alice.email, "password": PASSWORD}
        assert stranger.post(sign_in, data=typed).location == goal
        assert stranger.get(goal).status_code == 200

    def test_the_menu_has_each_with_what_waits_there(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        with app.app_context():
            ask_in(cast.charlie, ENDPOINT)
        home = alice.get("/w/main/inbox").text
        assert 'hx-get="/workspaces/menu?here=main"' in home
        menu = alice.get("/workspaces/menu?here=main").text
        (here,) = re.findall(r'href="([^"]+)" aria-current="true"', menu)
        assert here == "/w/main/inbox"
        assert re.search(r'href="/w/elsewhere/inbox".*?nav-count">1<', menu, re.DOTALL)
        assert re.search(r"Elsewhere.*?1 waiting", alice.get("/workspaces").text, re.DOTALL)

    def test_the_workspaces_of_others_are_in_no_menu(
        self, alice: FlaskClient, charlie: FlaskClient
    ) -> None:
        for page in ("/workspaces", "/workspaces/menu?here=elsewhere"):
            assert "Elsewhere" not in alice.get(page).text
            assert "Main" not in charlie.get(page.replace("elsewhere", "main")).text

    def test_what_waits_is_not_counted_where_a_second_factor_is_missing(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        with app.app_context():
            ask_in(cast.charlie, ENDPOINT)
            with writing():
                place = db.session.get_one(Workspace, cast.charlie.workspace_id)
                place.requires_second_factor = True
        menu = alice.get("/workspaces/menu").text
        assert ("Elsewhere" in menu, "nav-count" in menu) == (True, False)

    def test_a_link_into_another_workspace_just_works_and_stays_there(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        with app.app_context():
            request_id = ask_in(cast.charlie, ENDPOINT).request_id
        assert alice.get("/w/main/inbox").status_code == 200
        page = alice.get(f"/w/elsewhere/requests/{request_id}").text
        assert set(BRAND.findall(page)) == {"/w/elsewhere/"}
        assert not re.search(r'href="/w/main/', page)
        # the same id below another workspace is not there
        assert alice.get(f"/w/main/requests/{request_id}").status_code == 404

    def test_the_way_home_leads_to_where_one_was_last(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        assert alice.get("/").location == "/w/main/inbox"
        alice.get("/w/elsewhere/inbox")
        assert alice.get("/").location == "/w/elsewhere/inbox"
        assert 'href="/w/elsewhere/sessions"' in alice.get("/account").text
        # what a page that lies open asks for by itself is no visit
        alice.get("/w/main/live", headers={"Sec-Fetch-Mode": "cors"})
        assert alice.get("/").location == "/w/elsewhere/inbox"

    def test_a_place_that_is_ones_own_no_more_is_forgotten(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        alice.get("/w/elsewhere/inbox")
        alice.post("/workspaces/elsewhere/leave")
        assert alice.get("/").location == "/w/main/inbox"

    def test_views_and_keys_of_one_are_not_in_the_other(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie, Role.ADMIN)
        alice.post("/w/main/inbox/views", data={"name": "Urgent", "query": "order=priority"})
        assert "Urgent" in alice.get("/w/main/inbox").text
        assert "Urgent" not in alice.get("/w/elsewhere/inbox").text
        prefix = cast.alice.api_key[:10]
        assert prefix in alice.get("/w/main/admin/api-keys").text
        assert prefix not in alice.get("/w/elsewhere/admin/api-keys").text


class TestLeaving:
    def test_a_member_leaves_with_their_keys(
        self, app: Flask, cast: Cast, bob: FlaskClient
    ) -> None:
        be_member(app, cast.bob, cast.charlie)
        answer = bob.post("/workspaces/main/leave")
        assert (answer.status_code, answer.location) == (303, "/workspaces")
        assert "You have left Main." in bob.get("/workspaces").text
        assert bob.get("/w/main/inbox").status_code == 404
        assert bob.get("/w/elsewhere/inbox").status_code == 200
        assert app.test_client().get("/api/v1/agents", headers=cast.bob.headers).status_code == 401
        with app.app_context(), reading():
            query = select(ApiKey.revoked_at).where(ApiKey.user_id == cast.bob.id)
            assert all(db.session.scalars(query))
            left = select(AuditEntry).where(AuditEntry.action == AuditAction.MEMBER_LEFT)
            assert [each.user_id for each in db.session.scalars(left)] == [cast.bob.id]

    def test_the_last_admin_stays(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        assert alice.post("/workspaces/main/leave").status_code == 303
        assert "needs an admin" in alice.get("/workspaces").text
        assert memberships(app, cast.alice.id) == {"main": Role.ADMIN}

    def test_nobody_leaves_where_they_are_not(self, cast: Cast, charlie: FlaskClient) -> None:
        assert charlie.post("/workspaces/main/leave").status_code == 404

    def test_who_leaves_their_only_workspace_is_signed_out(
        self, cast: Cast, bob: FlaskClient
    ) -> None:
        bob.post("/workspaces/main/leave")
        assert bob.get("/workspaces").location == "/sign-in?next=/workspaces"


class TestRenaming:
    def test_a_name_that_looks_like_that_of_another_of_ones_own_is_refused(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        be_member(app, cast.alice, cast.charlie)
        answer = alice.post("/w/main/admin/workspace", data={"name": "E1sewhere"})
        assert (answer.status_code, "called Elsewhere already" in answer.text) == (422, True)
        assert names(app)["main"] == "Main"
        assert alice.post("/w/main/admin/workspace", data={"name": "main"}).status_code == 303
