"""Functions whose calls several people approve, or somebody else than who calls."""

from typing import Any

import pytest

from tests.api.conftest import Api, Apis, assert_problem, make_function, wrong_paths
from tests.runtime.conftest import ok

PATH = "/agent-session-input-requests"
RULE: dict[str, Any] = {"required_responses": 2, "quorum": "majority", "forbid_requester": True}
pytestmark = pytest.mark.usefixtures("on_each_database")


def only_request(api: Api) -> Any:
    (request,) = api.read(f"{PATH}?status=pending")["items"]
    return request


@pytest.mark.parametrize("is_batch", [False, True])
def test_its_approvals_say_so(apis: Apis, is_batch: bool) -> None:
    function = make_function(apis.alice, requires_approval=True, **RULE)
    assert function.items() >= RULE.items()
    there = "/functions/images/resize/execute"
    body: Any = {"inputs": [{"w": 1}]} if is_batch else {"input": {"w": 1}}
    sent = apis.alice.at(f"{there}/{'batch' if is_batch else 'async'}", "POST", body)
    assert sent.status_code == 202, sent.text
    request = only_request(apis.bob)
    assert request.items() >= RULE.items()
    approve = f"{PATH}/{request['id']}/resolve"
    answer = {"response": {"w": 1}}
    assert_problem(apis.alice.post(approve, answer), 403, "requester_forbidden")
    assert ok(apis.bob.post(approve, answer))["status"] == "pending"


def test_a_change_keeps_the_rest(alice: Api) -> None:
    make_function(alice, requires_approval=True, **RULE)
    changed = ok(alice.patch("/functions/images/resize", {"description": "Smaller."}))
    assert changed.items() >= RULE.items()
    alone = ok(alice.patch("/functions/images/resize", {"required_responses": 1}))
    assert alone["required_responses"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("required_responses", 0), ("required_responses", 21), ("quorum", "all")],
)
def test_points_at_what_is_wrong(alice: Api, name: str, value: Any) -> None:
    make_function(alice)
    assert wrong_paths(alice.patch("/functions/images/resize", {name: value})) == [f"/{name}"]
