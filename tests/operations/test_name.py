"""Names that people give to things: one rule for all of them."""

# ruff: noqa: RUF001 - the letters are what this is about

from collections.abc import Callable

import pytest
from flask import Flask

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.role import create_role
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.accounts.user import create_user
from opensink_web.operations.accounts.workspace import principal_in, rename_workspace
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.name import check_letters, checked_name, in_one_line
from opensink_web.operations.requests.saved_view import save_view
from tests.conftest import Cast
from tests.support.scenarios import POLICY

SPOOF = "EUR \u202e01"


@pytest.mark.unit
@pytest.mark.parametrize("name", [" Trader ", "משה & Söhne", "👩‍👩‍👧", "10\u00a0000", "a" * 255])
def test_what_can_be_seen_is_a_name(name: str) -> None:
    assert checked_name(name) == name.strip()


@pytest.mark.unit
@pytest.mark.parametrize("name", ["", " ", "a" * 256, "a\nb", "a\tb", "a\x00b", "a\u200bb", SPOOF])
def test_what_cannot_be_seen_is_none(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_name(name)
    assert [error.path for error in refused.value.errors] == ["/name"]


@pytest.mark.unit
@pytest.mark.parametrize(
    "name",
    ["Финансы", "Отдел API", "Οικονομικά", "財務 Team", "مالية", "Zoë & Söhne", "Δt", "IT-отдел"],
)
def test_what_people_choose_by_may_be_of_any_script(name: str) -> None:
    check_letters(name)
    assert in_one_line(f" {name} ") == name


@pytest.mark.unit
@pytest.mark.parametrize("name", ["Finаnce", "Αdmin team", "Pay Ｆinance"])
def test_and_not_of_several_that_pass_for_each_other(name: str) -> None:
    with pytest.raises(InvalidInput, match="look alike"):
        check_letters(name)


def test_nobody_passes_for_somebody_else(app: Flask, cast: Cast) -> None:
    """Roles, teams and addresses, among which people choose; honest ones are free."""
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        by = principal_in(workspace.slug, db.session.get_one(User, cast.alice.id))
        create_team(workspace, name="Main", description="")
        create_team(workspace, name="Касса", description="")
        create_role(by, name="Copy", description="", permissions=["sinas.audit.read:all"])
        create_user(workspace, "юрий@пример.рф", None, role=Role.VIEWER)
        with pytest.raises(InvalidInput, match="look alike"):
            create_team(workspace, name="Мoney", description="")
        for name in ("Мain", "МAIN", "main"):
            with pytest.raises(Conflict, match="the team Main"):
                create_team(workspace, name=name, description="")
        for name in ("сору", "COPY"):
            with pytest.raises(Conflict, match="the role Copy"):
                create_role(by, name=name, description="", permissions=["sinas.audit.read:all"])
        with pytest.raises(Conflict, match="built-in"):
            create_role(by, name="Αdmin", description="", permissions=["sinas.audit.read:all"])
        with pytest.raises(InvalidInput, match="look alike"):
            create_user(workspace, "аlice@example.com", None, role=Role.VIEWER)
        create_user(workspace, "copy@example.com", None, role=Role.VIEWER)
        with pytest.raises(Conflict, match="looks like"):
            create_user(workspace, "сору@example.com", None, role=Role.VIEWER)
        create_user(workspace, "c0py@example.com", None, role=Role.VIEWER)


def test_nothing_has_a_name_that_is_not_seen(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        alice = db.session.get_one(User, cast.alice.id)
        by = principal_in("main", alice)
        makers: list[Callable[[], object]] = [
            lambda: create_agent(workspace, POLICY, name=SPOOF),
            lambda: create_key(workspace, alice, name=SPOOF, scopes=("all:all",)),
            lambda: create_role(by, name=SPOOF, description="", permissions=["agents:read"]),
            lambda: rename_workspace(workspace, SPOOF),
            lambda: save_view(workspace, alice, SPOOF, ""),
        ]
        for make in makers:
            with pytest.raises(InvalidInput, match=r"nobody sees, such as U\+202E"):
                make()
