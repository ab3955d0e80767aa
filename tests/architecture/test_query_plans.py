"""No list takes the longer the more there is in its table, whatever it is filtered by."""

import re
from collections.abc import Iterable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint, select

from opensink_web import clock
from opensink_web.factory import ROUTES
from opensink_web.models import (
    Activity,
    Agent,
    ApiKey,
    Base,
    Delivery,
    JobRun,
    NotificationRule,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.absence import NewAbsence, add_absence
from opensink_web.operations.accounts.role import create_role
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.decisions.bulk_result import keep_results
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.notifications.channel import add_channel, send_test
from opensink_web.operations.requests import sieve
from opensink_web.operations.requests.ending import Ending
from opensink_web.operations.requests.listing import ListOrder, ListView
from opensink_web.operations.requests.options import RequestOptions
from opensink_web.operations.requests.policy_change import PolicyFields, create_policy
from opensink_web.operations.requests.policy_step import PolicyStep
from opensink_web.operations.requests.preview import create_preview
from opensink_web.web.access import services
from tests.api.conftest import Api
from tests.architecture.query_plans import Finding, api_addresses, findings, visited
from tests.conftest import Cast
from tests.support.chats import chat_input, make_agent, submit_some
from tests.support.escalations import make_chain, plan_for
from tests.support.executions import make_function, principal_of, submit_many
from tests.support.jobs import begin_now, make_job
from tests.support.pause_scenarios import paused_in
from tests.support.scenarios import ENDPOINT, answer, ask_in, index_all
from tests.support.sinks import put, sink_of
from tests.support.standing_cases import granted_on
from tests.support.statements import statements, writes_in
from tests.web.conftest import browser_of

KEYS = (PrimaryKeyConstraint, UniqueConstraint)


@pytest.fixture
def places(app: Flask, cast: Cast) -> dict[str, str]:
    """One of everything, by the names that stand for it in addresses."""
    alice = cast.alice
    with app.app_context():
        waiting = ask_in(alice, ENDPOINT)
        answer(alice, waiting)
        sink_id = sink_of(alice, is_public=True)
        (item_id,) = put(alice, sink_id, "A trade")
        batch = submit_many(alice, make_function(alice), 2)
        paused = paused_in(alice)
        chat = submit_some(alice, make_agent(alice), [chat_input()])
        chain_id = make_chain(alice, plan_for())
        approval_id = granted_on(alice, waiting.request_id)
        with writing():
            by = principal_of(alice)
            role_id = create_role(
                by, name="Billing", description="", permissions=["sinas.agents.read:all"]
            ).id
            team_id = create_team(by.workspace, name="Finance", description="").id
            away = NewAbsence(clock.now(), clock.now() + timedelta(days=1), None)
            absence_id = add_absence(by.workspace, alice.id, away).id
            fields = PolicyFields("Large", (PolicyStep("Finance"),), {})
            policy_id = create_policy(by.workspace, fields, by=by.user).id
            preview_id = create_preview(by.workspace, {}, None).id
            result = RowResult(waiting.request_id, None)
            bulk_id = keep_results(by.workspace, [result], by=by.user).id
            tools = services().channel_tools
            channel_id = add_channel(by, "ntfy", "", {"topic": "t"}, tools).id
            message_id = send_test(by, channel_id)
            db.session.flush()
            rule_id = db.session.scalars(select(NotificationRule.id)).one()
        job_id = make_job(alice)
        begin_now(alice, job_id)
        index_all()
        with reading():
            ids = {
                "agent_id": waiting.agent_id,
                "configuration_id": db.session.get_one(Agent, waiting.agent_id).config_id,
                "session_id": waiting.session_id,
                "request_id": paused.request_id,
                "execution_id": batch.execution_ids[0],
                "batch_id": batch.id,
                "chat_id": chat.chat_ids[0],
                "role_id": role_id,
                "team_id": team_id,
                "absence_id": absence_id,
                "policy_id": policy_id,
                "chain_id": chain_id,
                "user_id": alice.id,
                "preview_id": preview_id,
                "approval_id": approval_id,
                "bulk_id": bulk_id,
                "channel_id": channel_id,
                "message_id": message_id,
                "rule_id": rule_id,
                "job_id": job_id,
                "run_id": db.session.scalars(select(JobRun.id)).one(),
                "sink_id": sink_id,
                "item_id": item_id,
                "delivery_id": db.session.scalars(select(Delivery.id)).one(),
                "activity_id": db.session.scalars(select(Activity.id).limit(1)).one(),
                "key_id": db.session.scalars(
                    select(ApiKey.id).where(ApiKey.user_id == alice.id)
                ).one(),
            }
    return {
        **{name: str(value) for name, value in ids.items()},
        "workspace_slug": alice.workspace_slug,
        "namespace": "tests",
        "name": "work",
        "slug": "clerk",
        "kind": "ntfy",
        "verdict": "decline",
    }


def told(found: Iterable[Finding]) -> list[str]:
    return [f"{each.problem}: {each.statement}" for each in found]


@pytest.mark.usefixtures("on_each_database")
def test_no_list_of_the_api_scans_a_table_that_grows(
    app: Flask, places: dict[str, str], alice: Api
) -> None:
    with statements(app) as said:
        asked = {each: alice.at(each, "GET").status_code for each in api_addresses(ROUTES, places)}
    assert {each: status for each, status in asked.items() if status != 200} == {}
    assert len(asked) > 60
    assert writes_in(said) == []
    with app.app_context():
        assert told(findings(said)) == []


@pytest.mark.usefixtures("on_each_database")
def test_no_page_scans_a_table_that_grows(app: Flask, cast: Cast, places: dict[str, str]) -> None:
    client = browser_of(app, cast.alice)
    client.get(f"/w/{places['workspace_slug']}/requests/{places['request_id']}")  # is noted once
    with statements(app) as said:
        found = list(visited(app, client, places))
    assert len(found) > 180
    assert writes_in(said) == []
    with app.app_context():
        assert told(findings(said)) == []


OWN = (ListView.MINE, ListView.UNASSIGNED)
SIFTED = ("q=buy", "q=buy&tag=vat", "tag=vat", "search=buy", "")
STEPS = {"FIRST_STEPS": 1, "MORE_STEPS": 1, "STEPS_PER_ROW": 0}


@pytest.mark.usefixtures("on_each_database")
@pytest.mark.parametrize("few_max", [1000, 0])
def test_no_search_scans_a_table_that_grows(
    app: Flask,
    cast: Cast,
    places: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    few_max: int,
) -> None:
    """Neither where few have the words, nor where they are looked up although many have them."""
    for name, value in {**STEPS, "FEW_MAX": few_max}.items():
        monkeypatch.setattr(sieve, name, value)
    with app.app_context():
        for _ in range(3):
            ask_in(cast.alice, ENDPOINT, RequestOptions(tags=("vat",)))
        index_all()
    client, of = browser_of(app, cast.alice), f"/w/{places['workspace_slug']}"
    lists = ["inbox", "inbox?view=decided", "sessions", "deliveries", "inbox?group=key"]
    lists += [f"inbox?order={order}" for order in ListOrder]
    lists += [f"inbox?view={view}&{more}" for view in OWN for more in ("order=due", "group=key")]
    lists += ["inbox?asks=me", "inbox?asks=me&order=due", "inbox?asks=me&group=key"]
    lists += ["inbox?view=decided&asks=me", "inbox?view=mine&asks=me"]
    lists += [f"requests/{places['request_id']}", f"inbox?agent={places['agent_id']}"]
    with statements(app) as said:
        for each in lists:
            for query in SIFTED:
                address = f"{of}/{each}{'&' if '?' in each else '?'}{query}"
                assert client.get(address).status_code == 200, address
    with app.app_context():
        assert told(findings(said)) == []


@pytest.mark.usefixtures("on_each_database")
def test_what_was_decided_is_found_by_when_how_and_by_whom(
    app: Flask, cast: Cast, places: dict[str, str], alice: Api
) -> None:
    client = browser_of(app, cast.alice)
    narrower = [f"agent={places['agent_id']}", "key=x", f"user={cast.bob.id}"]
    narrower += [f"outcome={each}" for each in Ending]
    with statements(app) as said:
        for each in (*narrower, f"outcome=declined&user={cast.bob.id}"):
            decided = f"inbox?view=decided&from=2026-01-01&to=2026-12-31&{each}"
            assert client.get(f"/w/{places['workspace_slug']}/{decided}").status_code == 200, each
        in_days = "decided_from=2026-01-01T00:00:00Z&decided_to=2026-12-31T00:00:00Z"
        narrower = [f"decided_by={cast.bob.id}", "status=declined", "key=x", "reference=r", "tag=t"]
        # of one session or execution there is little, all of which may be sorted
        narrower += [f"agent_id={places['agent_id']}"]
        narrower += [f"outcome={each}" for each in Ending]
        for each in (*narrower, f"outcome=declined&decided_by={cast.bob.id}"):
            listed = f"/agent-session-input-requests?{in_days}&{each}"
            assert alice.get(listed).status_code == 200, each
    with app.app_context():
        assert told(findings(said)) == []


def test_no_page_with_an_id_is_left_out(app: Flask, places: dict[str, str]) -> None:
    rules = [each for each in app.url_map.iter_rules() if each.rule.startswith("/w/")]
    read = [each for each in rules if "GET" in (each.methods or set())]
    assert [each.rule for each in read if not set(each.arguments) <= set(places)] == []
    of_api = [each for each in ROUTES if each.reads_only]
    assert [each.address for each in of_api if not set(each.id_names) <= set(places)] == []


def test_what_refers_to_a_row_is_found_by_an_index() -> None:
    """Else deleting the row scans every table that could refer to it."""
    missing = [
        f"{table.name}.{key.column_keys[0]}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_key_constraints
        if key.column_keys[0] not in _indexed_first(table)
    ]
    assert missing == []


def _indexed_first(table: Table) -> set[str]:
    keys = [each for each in table.constraints if isinstance(each, KEYS)]
    columns = [*(each.columns for each in keys), *(each.columns for each in table.indexes)]
    return {next(iter(each)).name for each in columns if len(each)}


def test_a_list_loads_nothing_large_that_it_does_not_show(
    app: Flask, cast: Cast, places: dict[str, str], alice: Api
) -> None:
    browser = browser_of(app, cast.alice)
    page = f"/w/{places['workspace_slug']}"
    with statements(app) as said:
        assert alice.get("/deliveries").status_code == 200
        for list_of in ("deliveries", "executions", f"batches/{places['batch_id']}"):
            assert browser.get(f"{page}/{list_of}").status_code == 200
        assert browser.get(f"{page}/sessions/{places['session_id']}").status_code == 200
    large = re.compile(r"\b(input_data|output_data|request_body|response_body)\b")
    assert [each.text for each in said if large.search(each.text)] == []
