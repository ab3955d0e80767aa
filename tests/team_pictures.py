"""What the pictures of a team at work show: votes, steps of a rule, comments, bounds, escalation.

`python -m tests.admin_pictures` takes them with its own.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from playwright.sync_api import Page
from sqlalchemy import select

from opensink_web.json_value import JSONObject
from opensink_web.models import NotificationScope, Team, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.notifications.plan import PlannedStep, Who
from opensink_web.operations.requests.assignment import Assignee
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_change import PolicyFields, create_policy
from opensink_web.operations.requests.policy_step import PolicyStep
from opensink_web.settings import Settings
from tests.conftest import Person
from tests.support.audit import chain_all
from tests.support.escalations import make_chain, plan_for
from tests.support.holding import hold_response
from tests.support.notifications import add_mail
from tests.support.standing_cases import Question, affirm, asked_by, new_agent

Take = Callable[[Page, str], None]
WIDTH, HEIGHT, TALL = 1240, 640, 1000
_LARGE: JSONObject = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number", "minimum": 10_000}},
}


def _invoice(supplier: str, amount: int, **options: Any) -> Question:
    properties: JSONObject = {
        "amount": {"type": "number", "title": "Amount in EUR", "const": amount},
        "approved": {"type": "boolean", "title": "Pay it?"},
    }
    schema: JSONObject = {
        "type": "object",
        "required": ["amount", "approved"],
        "properties": properties,
    }
    return Question(
        schema,
        title=f"Pay {supplier}?",
        message=f"**{supplier}**, due on Friday. The order and the delivery note agree.",
        options=RequestOptions(reference=f"INV-{4700 + amount % 97}", **options),
    )


def _say(person: Person, request_id: UUID, message: str, **more: Any) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        add_comment(workspace, request_id, message, by=by, **more)


def furnish(alice: Person, bob: Person, settings: Settings) -> dict[str, UUID]:
    """Have a team at work, within an app context; return the requests that are shown."""
    agent_id = new_agent(alice, "Accounts payable")
    asked_by(alice, agent_id, _invoice("Lund Paper", 240, tags=("office",)))
    voted = asked_by(alice, agent_id, _invoice("Orsted Energy", 8_400, required_responses=2))
    hold_response(bob, voted, {"amount": 8_400, "approved": True}, 0)
    talked = asked_by(alice, agent_id, _invoice("Baker & Sons", 1_900, priority=60))
    _say(bob, talked, "Why is it twice as much as in October?")
    _say(alice, talked, "Two deliveries: the one of October came late.", is_by_asker=True)
    _say(bob, talked, "Fine for me. @alice@example.com, you know them: pay?")
    again = asked_by(alice, agent_id, _invoice("Riverside Rent", 3_100))
    affirm(alice, again)
    with writing():
        workspace = db.session.get_one(Workspace, alice.workspace_id)
        finance = db.session.scalars(select(Team.id).where(Team.name == "Finance")).one()
        steps = (
            PolicyStep("Finance", (Assignee(team_id=finance),)),
            PolicyStep("A second person"),
        )
        fields = PolicyFields("Large payments", steps, _LARGE, key="pay")
        create_policy(workspace, fields, by=db.session.get_one(User, alice.id))
    stepped = asked_by(alice, agent_id, _invoice("Atlas Machines", 48_000))
    make_chain(
        alice,
        plan_for(PlannedStep(60, Who.ASSIGNEES), PlannedStep(240, Who.ADMINS)),
        "Payments",
        agent_id=agent_id,
    )
    add_mail(alice, settings, scope=NotificationScope.MENTIONS)
    chain_all()
    with reading():
        return {"voted": voted, "talked": talked, "again": again, "stepped": stepped}


def take_all(page: Page, shown: dict[str, UUID], take: Take) -> None:
    """Take the pictures, as an admin sees it."""
    page.goto("/w/main/inbox")
    page.get_by_text("You were asked").wait_for()
    take(page, "team-inbox")
    for name in ("voted", "stepped", "talked"):
        page.goto(f"/w/main/requests/{shown[name]}")
        page.set_viewport_size({"width": WIDTH, "height": TALL if name == "talked" else HEIGHT})
        take(page, f"team-{name}")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(f"/w/main/requests/{shown['again']}/allow-again")
    page.get_by_role("heading", level=1).wait_for()
    take(page, "team-again")
    for address, name in (
        ("/w/main/admin/rules", "team-rules"),
        ("/w/main/notifications", "team-notifications"),
        ("/w/main/admin/escalation", "team-escalation"),
        ("/w/main/admin/audit", "team-audit"),
    ):
        page.goto(address)
        take(page, name)
