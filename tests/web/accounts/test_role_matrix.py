"""A role's permissions as a table: each cell a pattern or two, and nothing is lost beside it."""

import re
from html import unescape
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import CustomRole, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.permission import ROLE_PATTERNS, granted
from opensink_web.operations.accounts.permission_pattern import reach_of, read_pattern
from opensink_web.operations.accounts.role import create_role
from opensink_web.web.accounts.role_matrix import ROWS, matrix_of, permissions_of
from tests.conftest import Cast
from tests.support.scenarios import admin_of

PAGE = "/w/main/admin/roles"
CUSTOM = ["sinas.functions/billing/*.execute:own", "sinas.agents.*:all", "acme.invoices.pay:all"]
MIXED = [
    *("sinas.executions.read:own", CUSTOM[0], "sinas.deliveries.write:all"),
    *("sinas.functions.read:all", "sinas.functions/*/*.read:all", *CUSTOM[1:]),
]


def stored(app: Flask) -> list[str]:
    with app.app_context(), reading():
        return list(db.session.scalars(select(CustomRole.permissions)).one())


def make_role(app: Flask, cast: Cast, permissions: list[str]) -> str:
    with app.app_context(), writing():
        by = admin_of(cast.alice.workspace_id)
        role = create_role(by, name="Helper", description="", permissions=permissions)
        made: UUID = role.id
    return f"{PAGE}/{made}/edit"


def fields_of(html: str) -> dict[str, str]:
    """Return what a browser would send of a role's form."""
    fields = {
        name: (re.search(r'value="(\w+)" selected', options) or ["", ""])[1]
        for name, options in re.findall(
            r'<select[^>]* name="([^"]+)"(.*?)</select>', html, re.DOTALL
        )
    }
    written = re.search(r'name="permissions"[^>]*>(.*?)</textarea>', html, re.DOTALL)
    assert written is not None
    return {"name": "Helper", "permissions": unescape(written[1]).strip(), **fields}


def test_every_cell_is_a_permission_that_is_there() -> None:
    cells = [cell for row in ROWS for cell in row.cells]
    assert len({cell.name for cell in cells}) == len(cells)
    for cell in cells:
        assert all(read_pattern(text) for text in cell.permissions("all"))
        assert bool(cell.permissions("own")) is cell.has_own
        assert cell.permissions("everything") == []


@pytest.mark.parametrize("permissions", [[], MIXED, CUSTOM, ["sinas.*:all"]])
def test_what_is_laid_out_is_put_together_again(permissions: list[str]) -> None:
    matrix = matrix_of(permissions)
    together = [*permissions_of(matrix.reaches, permissions), *matrix.others]
    assert sorted(together) == sorted(permissions)


def test_half_of_a_cell_is_no_cell() -> None:
    matrix = matrix_of(["sinas.functions.read:all"])
    assert not any(matrix.reaches.values())
    assert matrix.others == ("sinas.functions.read:all",)


def test_the_built_in_reviewer_can_be_made_of_it() -> None:
    reviewer = [str(each) for role, held in ROLE_PATTERNS.items() for each in held]
    reaches = matrix_of([text for text in reviewer if text != "sinas.*:all"]).reaches
    assert reaches["may-agent_session_input_requests-write"] == "all"
    assert reaches["may-executions-cancel"] == "own"
    held = granted(permissions_of({"may-functions-execute": "own"}))
    assert reach_of(held, "sinas.functions/billing/charge.execute") == "own"


def test_a_role_is_made_with_the_table_alone(app: Flask, alice: FlaskClient) -> None:
    form = {"name": "Clerk", "may-deliveries-read": "all", "may-executions-read": "own"}
    assert alice.post(f"{PAGE}/new", data=form).status_code == 303
    assert stored(app) == ["sinas.deliveries.read:all", "sinas.executions.read:own"]


def test_one_that_is_saved_as_it_is_stays_as_it_is(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    edit = make_role(app, cast, MIXED)
    html = alice.get(edit).text
    assert all(text in html for text in CUSTOM)
    form = fields_of(html)
    assert form["may-executions-read"] == "own"
    assert form["may-functions-read"] == "all"
    assert form["may-agents-read"] == ""
    assert alice.post(edit, data=form).status_code == 303
    assert sorted(stored(app)) == sorted(MIXED)


def test_a_cell_that_is_emptied_takes_its_permission_away_and_no_other(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    edit = make_role(app, cast, MIXED)
    form = fields_of(alice.get(edit).text) | {"may-functions-read": "", "may-chats-read": "own"}
    assert alice.post(edit, data=form).status_code == 303
    gone = {"sinas.functions.read:all", "sinas.functions/*/*.read:all"}
    assert {*stored(app)} == {*MIXED} - gone | {"sinas.chats.read:own"}


def test_what_was_chosen_is_kept_when_a_line_is_wrong(app: Flask, alice: FlaskClient) -> None:
    form = {"name": "Clerk", "may-deliveries-read": "all", "permissions": "fine\nsinas.*:all"}
    answer = alice.post(f"{PAGE}/new", data=form)
    assert answer.status_code == 422
    assert "Line 1: This must end with" in answer.text
    assert fields_of(answer.text)["may-deliveries-read"] == "all"


def test_a_reach_that_a_cell_does_not_have_is_none(app: Flask, alice: FlaskClient) -> None:
    form = {"name": "Clerk", "may-deliveries-read": "own", "may-workspace-write": "x"}
    assert alice.post(f"{PAGE}/new", data=form).status_code == 422
