"""The audit's matrix: each verb by each way there is to it, and who, where and what its entry says.

docs/audit.md has the matrix as a table.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.json_value import dump
from opensink_web.models import ActorKind, Deadline, StandingApproval, db
from opensink_web.models import AuditAction as A
from opensink_web.models.transaction import notify_after_commit, reading, writing
from tests.api.conftest import APPROVAL, Api, ask, made, make_agent, question, start_session
from tests.conftest import PASSWORD, Cast
from tests.support.agent_cases import FORM as ENDPOINT_FORM
from tests.support.audit_walk import NOBODY, SYSTEM, By, Entry, Walk
from tests.support.bulk_cases import marks_of
from tests.support.review_cases import YES
from tests.support.standing_cases import order
from tests.web.accounts.test_api_key import FORM as KEY_FORM
from tests.web.accounts.test_role import FORM as ROLE_FORM
from tests.web.requests.test_policy import sent
from tests.web.requests.test_row import button

pytestmark = pytest.mark.server
REQUESTS, INBOX, ADMIN = "/agent-session-input-requests", "/w/main/inbox", "/w/main/admin"
ANSWER = {"response": {"approved": True}}
DIGESTS: dict[str, Any] = {"request_digest": ..., "answer_digest": ...}
ANSWERED: Entry = (A.REQUEST_ANSWERED, DIGESTS)
DECLINED: Entry = (A.REQUEST_DECLINED, {"request_digest": ...})
UNDONE: Entry = (A.DECISION_UNDONE, {})
VOTED: Entry = (A.REQUEST_VOTED, {"outcome": "answered", **DIGESTS})
BEGUN: Entry = (A.DRAFT_BEGUN, {})
REPEATED: Entry = (A.DELIVERY_REPEATED, {})
FAILED: Entry = (A.DELIVERY_FAILED, {})


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "60"}


def test_every_way_to_every_verb_says_who_from_where_and_what_changed(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    walk = Walk(app, cast, work)
    _asked_looked_at_and_held(walk)
    _decided_and_undone(walk)
    _voted(walk)
    _by_itself(walk)
    _delivered(walk)
    _signed_in(walk)
    _keys(walk)
    _roles(walk)
    _endpoints(walk)
    _rules(walk)


def page_of(request_id: str, more: str = "") -> str:
    return f"/w/main/requests/{request_id}{more}"


def in_days(days: int) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


def _asked_looked_at_and_held(walk: Walk) -> None:
    agent, bob = walk.agent, walk.bob
    agent_id = walk.unseen(make_agent(agent))["id"]
    body = question(start_session(agent, agent_id), expires_at=in_days(1))
    asked: Entry = (A.REQUEST_CREATED, {"agent": agent_id, "session": ..., "request_digest": ...})
    request = walk.key("create by API", made(agent.post(REQUESTS, body)), asked)
    other = walk.unseen(ask(agent))
    at, api = page_of(request["id"]), f"{REQUESTS}/{request['id']}"
    viewed: Entry = (A.REQUEST_VIEWED, {})
    walk.reviewer("view by page", bob.get(at), viewed)
    walk.reviewer("view by link", bob.get(page_of(other["id"], "/decide/yes")), viewed)
    walk.key("view by API", agent.get(api))
    claimed: Entry = (A.REQUEST_CLAIMED, {})
    released: Entry = (A.REQUEST_RELEASED, {})
    walk.reviewer("claim by page", bob.post(f"{at}/claim"), claimed)
    walk.reviewer("release by page", bob.post(f"{at}/release"), released)
    walk.reviewer("claim by row", bob.post(f"{at}/row/claim"), claimed)
    walk.reviewer("release by row", bob.post(f"{at}/row/claim"), released)
    data: dict[str, Any] = {"chosen": marks_of(bob, INBOX, [UUID(request["id"])])}
    bulk = f"{INBOX}/bulk/claim"
    walk.reviewer("claim by bulk", bob.post(bulk, data={**data, "hold": "claim"}), claimed)
    walk.reviewer("release by bulk", bob.post(bulk, data={**data, "hold": "release"}), released)
    walk.key("claim by API", agent.post(f"{api}/claim", {}), claimed)
    walk.key("release by API", agent.post(f"{api}/release", {}), released)
    typed = {"fields": [["approved", "true"]]}
    walk.reviewer("draft by page", bob.post(f"{at}/draft", json=typed), BEGUN)
    extended: Entry = (A.REQUEST_EXTENDED, {"changes": ...})
    walk.reviewer("extend by page", bob.post(f"{at}/extend", data={"by": "day"}), extended)
    later = {"expires_at": in_days(3)}
    walk.key("extend by API", agent.post(f"{api}/extend", later), extended)


def _decided_and_undone(walk: Walk) -> None:
    agent, bob = walk.agent, walk.bob
    a, b, c, d, e, f, g, h = [ask(agent)["id"] for _ in range(8)]
    proposing: Any = {**APPROVAL, "properties": {**APPROVAL["properties"]}}  # type: ignore[dict-item]
    proposing["properties"]["limit"] = {"type": "integer", "default": 5}
    edited = walk.unseen(ask(agent, schema=proposing))["id"]
    walk.reviewer("decide by page", bob.post(page_of(a), data=YES), ANSWERED)
    walk.reviewer("undo by page", bob.post(page_of(a, "/undo")), UNDONE)
    changed: Entry = (A.REQUEST_ANSWERED, {**DIGESTS, "edited": ["/limit"]})
    done = bob.post(page_of(edited), data={**YES, "answer-1": "7"})
    walk.reviewer("edit by page", done, BEGUN, changed)
    row = button(bob.get(INBOX).text, UUID(b), "yes")
    walk.reviewer("decide by row", bob.post(row, data={"verdict": "yes"}), ANSWERED)
    walk.reviewer("undo by row", bob.post(page_of(b, "/row/undo")), UNDONE)
    data: dict[str, Any] = {"chosen": marks_of(bob, INBOX, [UUID(c)]), "verdict": "yes"}
    done = walk.reviewer("decide by bulk", bob.post(f"{INBOX}/bulk", data=data), ANSWERED)
    undo = bob.post(done.location.partition("?")[0] + "/undo")
    walk.reviewer("undo by bulk", undo, UNDONE)
    no = {"verdict": "decline", "reason": "No."}
    data = {"chosen": marks_of(bob, INBOX, [UUID(d)]), **no}
    walk.reviewer("decline by bulk", bob.post(f"{INBOX}/bulk", data=data), DECLINED)
    link = page_of(e, "/decide/yes")
    seen = re.search(r'name="_seen"\s+value="(\w+)"', walk.unseen(bob.get(link)).text)
    assert seen is not None
    walk.reviewer("decide by link", bob.post(link, data={"_seen": seen[1]}), ANSWERED)
    walk.key("decide by API", agent.post(f"{REQUESTS}/{f}/resolve", ANSWER), ANSWERED)
    walk.key("decline by API", agent.post(f"{REQUESTS}/{g}/decline", {"reason": "No."}), DECLINED)
    done = bob.post(page_of(h), data={"_decline": "1", "reason": "No."})
    walk.reviewer("decline by page", done, BEGUN, DECLINED)


def _voted(walk: Walk) -> None:
    agent, bob = walk.agent, walk.bob
    asked = walk.unseen(ask(agent, required_responses=2))["id"]
    at, api = page_of(asked), f"{REQUESTS}/{asked}"
    retracted: Entry = (A.REQUEST_VOTE_RETRACTED, {})
    walk.reviewer("vote by page", bob.post(at, data=YES), VOTED)
    walk.reviewer("take back by page", bob.post(f"{at}/undo"), retracted)
    walk.key("vote by API", agent.post(f"{api}/resolve", ANSWER), VOTED)
    walk.key("take back by API", agent.post(f"{api}/retract", {}), retracted)
    walk.unseen(agent.post(f"{api}/resolve", ANSWER))
    votes = ["alice@example.com: answered", "bob@example.com: answered"]
    last: Entry = (A.REQUEST_ANSWERED, {**DIGESTS, "votes": votes})
    walk.reviewer("the last vote by page", bob.post(at, data=YES), VOTED, last)


def _by_itself(walk: Walk) -> None:
    """What nobody does: a deadline, and a standing approval, which somebody granted."""
    agent, alice = walk.agent, walk.alice
    payer = make_agent(agent, "Payer")["id"]

    def pay() -> str:
        body = question(start_session(agent, payer), schema=order())
        return str(made(agent.post(REQUESTS, body))["id"])

    expiring, first, second = ask(agent, expires_at=in_days(1))["id"], pay(), pay()
    for each in (first, second):
        answer = {"response": {"to": "Ada", "amount": 5, "approved": True}}
        walk.unseen(agent.post(f"{REQUESTS}/{each}/resolve", answer))
    bounds = {"request": ..., "uses_max": 1, "expires_at": ..., "condition_digest": ...}
    body = {"request_id": first, "uses_max": 1, "expires_at": in_days(1)}
    granted = made(agent.post("/standing-approvals", body))
    walk.key("grant by API", granted, (A.STANDING_APPROVAL_GRANTED, bounds))
    form = {"uses_max": "2", "days": "1", "condition": dump(granted["condition"]), "note": ""}
    done = alice.post(page_of(second, "/allow-again"), data=form)
    walk.admin("grant by page", done, (A.STANDING_APPROVAL_GRANTED, {**bounds, "uses_max": 2}))
    again = walk.unseen(pay())
    with walk.app.app_context(), writing():
        due = update(Deadline).where(Deadline.request_id == UUID(expiring))
        db.session.execute(due.values(next_at=clock.now()))
        notify_after_commit(Deadline, walk.cast.alice.workspace_id)
    walk.work()
    ended = (A.REQUEST_EXPIRED, {"outcome": "expired"})
    walk.step("expire by itself", SYSTEM, None, ended, about=expiring)
    whose = {"granted_by": "alice@example.com", "request_digest": ..., "seen_digest": ...}
    by_it = (A.REQUEST_ANSWERED, {**whose, "standing_approval": granted["id"]})
    walk.step("decide by standing approval", SYSTEM, None, by_it, about=again)
    use = (A.STANDING_APPROVAL_USED, {**whose, "request": again, "use": 1, "uses_max": 1})
    walk.step("use by itself", SYSTEM, None, use, about=granted["id"])
    with walk.app.app_context(), reading():
        unused = StandingApproval.uses_count == 0
        other = db.session.scalars(select(StandingApproval.id).where(unused)).one()
    revoked: Entry = (A.STANDING_APPROVAL_REVOKED, {})
    done = alice.post(f"{ADMIN}/standing-approvals/{other}/revoke")
    walk.admin("revoke by page", done, revoked)
    done = agent.post(f"/standing-approvals/{granted['id']}/revoke", {})
    walk.key("revoke by API", done, revoked)


def _delivered(walk: Walk) -> None:
    agent, alice = walk.agent, walk.alice
    failing = make_agent(agent, "Failing", execution_endpoint={"url": "http://127.0.0.1:9/"})["id"]
    for _ in range(2):
        asked = made(agent.post(REQUESTS, question(start_session(agent, failing))))
        walk.unseen(agent.post(f"{REQUESTS}/{asked['id']}/resolve", ANSWER))
    calls = agent.read(f"/deliveries?agent_id={failing}")["items"]
    first, second = (each["id"] for each in calls)
    walk.work()
    walk.step("deliver by worker", SYSTEM, None, FAILED, FAILED)
    done = alice.post(f"/w/main/deliveries/{first}/redeliver")
    walk.admin("redeliver by page", done, REPEATED)
    done = agent.post(f"/deliveries/{second}/redeliver", {})
    walk.key("redeliver by API", done, REPEATED)
    walk.work()
    walk.step("deliver by worker", SYSTEM, None, FAILED, FAILED)
    done = alice.post("/w/main/deliveries/redeliver", data={"agent": failing})
    walk.admin("redeliver all by page", done, REPEATED, REPEATED)
    walk.work()
    walk.step("deliver by worker", SYSTEM, None, FAILED, FAILED)
    done = agent.post("/deliveries/redeliver", {"agent_id": failing})
    walk.key("redeliver all by API", done, REPEATED, REPEATED)


def _signed_in(walk: Walk) -> None:
    bob = walk.cast.bob
    browser, arriving = walk.app.test_client(), By(ActorKind.PERSON, bob, is_signed_in=False)
    right = {"email": bob.email, "password": PASSWORD}
    done = browser.post("/sign-in", data={**right, "password": "wrong"})
    assert done.status_code == 422
    walk.step("refused sign-in by page", NOBODY, None, (A.PASSWORD_REFUSED, {}))
    session: Entry = (A.SIGNED_IN, {"session": ...})
    walk.step("sign-in by page", arriving, browser.post("/sign-in", data=right), session)
    walk.reviewer("sign-out by page", browser.post("/sign-out"), (A.SIGNED_OUT, {"session": ...}))
    done = Api(walk.app, {}).at("/auth/login", "POST", right)
    program = (A.SIGNED_IN, {"session": ..., "program": True})
    walk.step("sign-in by program", arriving, done, program)


def _keys(walk: Walk) -> None:
    made_so: Entry = (A.KEY_CREATED, {"key": ..., "prefix": ..., "scopes": ..., "expires_at": ...})
    revoked: Entry = (A.KEY_REVOKED, {"key": "narrow", "prefix": ...})
    agent, alice = walk.agent, walk.alice
    walk.admin("key by page", alice.post(f"{ADMIN}/api-keys/new", data=KEY_FORM), made_so)
    body = {"name": "narrow", "scopes": ["agents:read"]}
    first = walk.key("key by API", made(agent.post("/api-keys", body)), made_so)["id"]
    second = walk.unseen(made(agent.post("/api-keys", body)))["id"]
    walk.admin("revoke by page", alice.post(f"{ADMIN}/api-keys/{first}/revoke"), revoked)
    walk.key("revoke by API", agent.delete(f"/api-keys/{second}"), revoked)


def _roles(walk: Walk) -> None:
    agent, alice, bob = walk.agent, walk.alice, walk.cast.bob
    made_so: Entry = (A.ROLE_CREATED, {"role": ..., "permissions": ...})
    changed: Entry = (A.ROLE_CHANGED, {"changes": ..., "role": ...})
    deleted: Entry = (A.ROLE_DELETED, {"role": ...})
    given, taken = ((each, {"person": str(bob.id)}) for each in (A.ROLE_GIVEN, A.ROLE_TAKEN))
    walk.admin("role by page", alice.post(f"{ADMIN}/roles/new", data=ROLE_FORM), made_so)
    body = {"name": "Other", "permissions": ["acme.invoices.read:all"]}
    role = walk.key("role by API", made(agent.post("/roles", body)), made_so)["id"]
    at, api, theirs = f"{ADMIN}/roles/{role}", f"/roles/{role}", f"{ADMIN}/members/{bob.id}"
    done = alice.post(f"{at}/edit", data={**ROLE_FORM, "name": "Else"})
    walk.admin("change by page", done, changed)
    walk.key("change by API", agent.patch(api, {"name": "Again"}), changed)
    walk.admin("give by page", alice.post(f"{theirs}/roles", data={"roles": [role]}), given)
    walk.admin("take by page", alice.post(f"{theirs}/roles", data={}), taken)
    walk.key("give by API", agent.post(f"{api}/members", {"member": bob.email}), given)
    walk.key("take by API", agent.delete(f"{api}/members/{bob.id}"), taken)
    walk.admin("delete by page", alice.post(f"{at}/delete"), deleted)
    role = walk.unseen(made(agent.post("/roles", body)))["id"]
    walk.key("delete by API", agent.delete(f"/roles/{role}"), deleted)
    for was, now in (("reviewer", "viewer"), ("viewer", "reviewer")):
        other: Entry = (A.MEMBER_ROLE_CHANGED, {"changes": {"role": [was, now]}})
        walk.admin("member's by page", alice.post(f"{theirs}/role", data={"role": now}), other)


def _endpoints(walk: Walk) -> None:
    agent, alice, changed = walk.agent, walk.alice, (A.ENDPOINT_CHANGED, {"changes": ...})
    agent_id = walk.unseen(make_agent(agent, "Endpoints"))["id"]
    at = f"{ADMIN}/agents/{agent_id}/endpoint"
    walk.admin("endpoint by page", alice.post(at, data=ENDPOINT_FORM), changed)
    body = {"execution_endpoint": {"url": "https://agent.example.com/"}}
    walk.key("endpoint by API", agent.patch(f"/agents/{agent_id}", body), changed)
    walk.admin("remove by page", alice.post(f"{at}/remove"), changed)


def _rules(walk: Walk) -> None:
    agent, alice = walk.agent, walk.alice
    form = sent(**{"step-0-assignees": "bob@example.com"})
    body = {"name": "By program", "condition": {}, "steps": [{"name": "Anybody"}]}
    made_so: Entry = (A.RULE_CREATED, {"name": ..., "condition": ..., "steps": ...})
    changed: Entry = (A.RULE_CHANGED, {"changes": ..., "revision": ...})
    deleted: Entry = (A.RULE_DELETED, {"rule": ...})
    walk.admin("rule by page", alice.post(f"{ADMIN}/rules/new", data=form), made_so)
    rule = walk.key("rule by API", made(agent.post("/policies", body)), made_so)["id"]
    at, api = f"{ADMIN}/rules/{rule}", f"/policies/{rule}"
    done = alice.post(f"{at}/edit", data={**form, "name": "Else", "revision": "1"})
    walk.admin("change by page", done, changed)
    walk.key("change by API", agent.patch(api, {"is_active": False}), changed)
    moved: Entry = (A.RULE_MOVED, {"changes": ...})
    walk.admin("move by page", alice.post(f"{at}/move", data={"to": "up"}), moved)
    walk.admin("delete by page", alice.post(f"{at}/delete"), deleted)
    rule = walk.unseen(made(agent.post("/policies", body)))["id"]
    walk.key("delete by API", agent.delete(f"/policies/{rule}"), deleted)
