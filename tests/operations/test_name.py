"""Names that people give to things: one rule for all of them."""

from collections.abc import Callable

import pytest
from flask import Flask

from opensink_web.errors import InvalidInput
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.role import create_role
from opensink_web.operations.accounts.workspace import principal_in, rename_workspace
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.name import checked_name
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
