"""How much a list asks of the database does not grow with its rows: the same at 2 and at 20."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import Role, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.role import create_role, set_roles
from opensink_web.operations.accounts.user import create_user
from opensink_web.outbound.outcome import Failure, Output
from tests.conftest import Cast
from tests.support.executions import (
    claim_some,
    execution,
    finish_all,
    make_function,
    principal_of,
    submit_many,
    submit_one,
)
from tests.support.pause_scenarios import answer, approval_in, paused_in
from tests.support.scenarios import ENDPOINT, admin_of, ask_in
from tests.support.scenarios import answer as answer_agent
from tests.support.statements import statements

FEW, MANY = 2, 20


def ask(cast: Cast, _number: int) -> None:
    """Have an agent of its own ask twice, of which one is answered and the agent called."""
    ask_in(cast.alice, ENDPOINT)
    answer_agent(cast.bob, ask_in(cast.alice, ENDPOINT), approved=False)
    approval_in(cast.alice)


def decide(cast: Cast, _number: int) -> None:
    """Have a function's question answered, and the function done with it."""
    paused = paused_in(cast.alice)
    answer(cast.bob, paused, {"approved": True})
    finish_all(claim_some(execution(paused.execution_id).group_id), Output({"done": True}))


def define(cast: Cast, number: int) -> None:
    make_function(cast.alice, "https://example.com/", name=f"work-{number}")


def execute(cast: Cast, number: int) -> None:
    """Have a function fail, alone and in a batch."""
    function_id = make_function(cast.alice, name=f"work-{number}")
    submit_one(cast.alice, function_id)
    submit_many(cast.alice, function_id, 2)
    finish_all(claim_some(function_id, most=2), Failure("no"))


def make_key(cast: Cast, number: int) -> None:
    with writing():
        by = principal_of(cast.alice)
        create_key(by.workspace, by.user, name=f"key {number}", scopes=("all:all",))


def join(cast: Cast, number: int) -> None:
    """Have somebody join who has a role of the workspace's own."""
    with writing():
        by = admin_of(cast.alice.workspace_id)
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        user = create_user(workspace, f"member{number}@example.com", None, role=Role.VIEWER)
        role = create_role(
            by, name=f"Role {number}", description="", permissions=["sinas.agents.read:all"]
        )
        db.session.flush()
        set_roles(by, user.id, {role.id})


@pytest.mark.parametrize(
    ("path", "add"),
    [
        ("/inbox", ask),
        ("/inbox?view=decided", ask),
        ("/inbox?view=decided", decide),
        ("/sessions", ask),
        ("/deliveries", ask),
        ("/functions", define),
        ("/executions", execute),
        ("/executions", decide),
        ("/batches", execute),
        ("/admin/agents", ask),
        ("/admin/api-keys", make_key),
        ("/admin/members", join),
        ("/admin/roles", join),
    ],
)
def test_asks_the_same_of_the_database_however_many_rows_it_has(
    app: Flask, cast: Cast, alice: FlaskClient, path: str, add: Callable[[Cast, int], None]
) -> None:
    counts, sizes, made = [], [], 0
    for rows in (FEW, MANY):
        with app.app_context():
            while made < rows:
                add(cast, made)
                made += 1
        alice.get(f"/w/main{path}")  # what is kept in memory is kept by now
        with statements(app) as said:
            page = alice.get(f"/w/main{path}")
        assert page.status_code == 200
        counts.append(len(said))
        sizes.append(page.text.count("<tr>") + page.text.count("inbox-row"))
    assert sizes[1] >= sizes[0] + MANY - FEW, "the rows are there"
    assert counts[0] == counts[1]
