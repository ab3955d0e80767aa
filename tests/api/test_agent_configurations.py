"""/agent-configurations: versions, variants, what is active, and what nobody may do to them."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import AgentConfiguration, AuditAction, AuditEntry, db
from opensink_web.models.transaction import reading
from opensink_web.operations.audit.queries import details_of
from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    assert_problem,
    key_with,
    made,
    make_agent,
    wrong_paths,
)
from tests.conftest import Cast

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "model": {"enum": ["small", "large"]},
        "limit": {"type": "number", "maximum": 10},
        "token": {"type": "string", "writeOnly": True},
    },
    "required": ["model"],
}
VALUE = {"model": "small", "limit": 1.5}


@pytest.fixture
def agent(alice: Api) -> Any:
    return make_agent(alice)


def post(api: Api, agent: Any, **fields: Any) -> Any:
    return made(api.post("/agent-configurations", {"agent_id": agent["id"], **fields}))


def active(api: Api, agent: Any) -> Any:
    return api.read(f"/agent-configurations/agent/{agent['id']}")


class TestTheFirst:
    def test_is_empty_and_active(self, alice: Api, agent: Any) -> None:
        first = active(alice, agent)

        assert first["id"] == agent["config_id"]
        assert first["created_at"] == first["updated_at"]
        assert {**first, "created_at": "", "updated_at": ""} == {
            "id": agent["config_id"],
            "agent_id": agent["id"],
            "variant": "default",
            "version": 1,
            "variant_version": 1,
            "schema_version": 1,
            "schema": {},
            "value": {},
            "created_at": "",
            "updated_at": "",
        }
        assert agent["created_at"] == agent["updated_at"]


class TestMakingAVersion:
    def test_carries_over_what_is_left_out(self, alice: Api, agent: Any) -> None:
        second = post(alice, agent, schema=SCHEMA, value=VALUE)
        third = post(alice, agent, value={"model": "large"})
        fourth = post(alice, agent, schema={"required": ["model"]}, schema_version=7)
        fifth = post(alice, agent)

        versions = [second, third, fourth, fifth]
        assert [each["version"] for each in versions] == [2, 3, 4, 5]
        assert [each["schema_version"] for each in versions] == [2, 2, 7, 7]
        assert (third["schema"], fourth["value"]) == (SCHEMA, {"model": "large"})
        assert (fifth["schema"], fifth["value"]) == (fourth["schema"], fourth["value"])
        assert active(alice, agent) == fifth

    def test_counts_across_variants_and_in_each(self, alice: Api, agent: Any) -> None:
        post(alice, agent, variant="bold", schema=SCHEMA, value=VALUE)
        post(alice, agent)
        newest = post(alice, agent, variant="bold")

        assert (newest["version"], newest["variant_version"]) == (4, 2)
        assert newest["schema"] == SCHEMA
        assert active(alice, agent)["variant"] == "default"

    def test_keeps_the_value_to_the_letter(self, alice: Api, agent: Any) -> None:
        value = {"b": 1.0, "a": 12345678901234567890, "": [None, {}, [], "é"], "e": 1e3}
        assert list(post(alice, agent, value=value)["value"].items()) == list(value.items())

    def test_refuses_a_value_that_does_not_fit(self, alice: Api, agent: Any) -> None:
        body = {"agent_id": agent["id"], "schema": SCHEMA, "value": {"model": "x", "limit": 11}}
        response = alice.post("/agent-configurations", body)

        assert wrong_paths(response) == ["/value/model", "/value/limit"]
        assert active(alice, agent)["id"] == agent["config_id"]

    def test_refuses_a_schema_that_the_value_of_before_does_not_fit(
        self, alice: Api, agent: Any
    ) -> None:
        body = {"agent_id": agent["id"], "schema": SCHEMA}
        problem = assert_problem(alice.post("/agent-configurations", body), 400, "invalid_request")
        assert problem["error"] == "The value that carries over does not fit the schema."

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"schema": {"properties": {"a": {"type": "texts"}}}}, "/schema/properties/a/type"),
            ({"schema": {"$ref": "https://example.com/"}}, "/schema/$ref"),
            ({"schema": {"type": "array"}}, "/schema"),
            ({"variant": "a\u202eb"}, "/variant"),
            ({"variant": " "}, "/variant"),
            ({"schema_version": 0}, "/schema_version"),
            ({"value": []}, "/value"),
        ],
    )
    def test_refuses_what_cannot_be_used(
        self, alice: Api, agent: Any, fields: dict[str, Any], path: str
    ) -> None:
        body = {"agent_id": agent["id"], **fields}
        code = "invalid_schema" if "schema" in fields else "invalid_request"
        assert wrong_paths(alice.post("/agent-configurations", body), code) == [path]

    def test_a_repeated_post_makes_one(self, alice: Api, agent: Any) -> None:
        body, key = {"agent_id": agent["id"]}, {"Idempotency-Key": "once"}
        first = alice.post("/agent-configurations", body, key)
        assert alice.post("/agent-configurations", body, key).data == first.data
        assert active(alice, agent)["version"] == 2


class TestActivating:
    def test_an_older_one_is_the_rollback(self, alice: Api, agent: Any) -> None:
        second = post(alice, agent, value={"a": 1})
        post(alice, agent, value={"a": 2})
        activated = alice.post(f"/agent-configurations/{second['id']}/activate", {})

        assert (activated.status_code, activated.json) == (200, second)
        assert active(alice, agent) == second
        assert alice.read(f"/agents/{agent['id']}")["config_id"] == second["id"]
        # the next one carries over from the newest, not from the active one
        assert post(alice, agent)["value"] == {"a": 2}

    def test_another_variant_is_activated_by_the_agent_too(self, alice: Api, agent: Any) -> None:
        bold = post(alice, agent, variant="bold")
        changed = alice.patch(f"/agents/{agent['id']}", {"config_id": bold["id"]})

        assert changed.status_code == 200
        assert alice.read(f"/agents/{agent['id']}")["config_id"] == bold["id"]
        assert active(alice, agent) == bold
        assert post(alice, agent)["id"] != active(alice, agent)["id"], "bold is active now"

    def test_refuses_what_is_not_the_agents_own(self, apis: Apis, agent: Any) -> None:
        others = make_agent(apis.alice)["config_id"]
        theirs = make_agent(apis.charlie)["config_id"]
        for each in (others, theirs, NOWHERE):
            response = apis.alice.patch(f"/agents/{agent['id']}", {"config_id": each, "name": "x"})
            assert wrong_paths(response) == ["/config_id"]
        assert apis.alice.read(f"/agents/{agent['id']}")["name"] == "Trader"


class TestReading:
    def test_lists_newest_first_by_page(self, alice: Api, agent: Any) -> None:
        ids = [post(alice, agent, variant=each)["id"] for each in ("bold", "default", "bold")]
        make_agent(alice)
        of_agent = f"/agent-configurations?agent_id={agent['id']}"
        page = alice.read(of_agent + "&$limit=2")
        rest = alice.read(of_agent + f"&$limit=2&$trail={page['trail']}")

        listed = [each["id"] for each in page["items"] + rest["items"]]
        assert listed == [*reversed(ids), agent["config_id"]]
        assert rest["trail"] is None
        of_variant = alice.read(of_agent + "&variant=bold")["items"]
        assert [each["id"] for each in of_variant] == [ids[2], ids[0]]

    def test_lists_the_newest_of_each_variant(self, alice: Api, agent: Any) -> None:
        post(alice, agent, variant="bold")
        newest = [post(alice, agent, variant=each)["id"] for each in ("bold", "default")]
        other = make_agent(alice)["config_id"]
        variants = alice.read(f"/agent-configurations/variants?agent_id={agent['id']}")

        assert [each["id"] for each in variants["items"]] == newest[::-1]
        assert variants["trail"] is None
        everywhere = alice.read("/agent-configurations/variants")["items"]
        assert [each["id"] for each in everywhere] == [other, *newest[::-1]]

    def test_one(self, alice: Api, agent: Any) -> None:
        made_one = post(alice, agent)
        assert alice.read(f"/agent-configurations/{made_one['id']}") == made_one


def test_a_version_is_neither_changed_nor_deleted(alice: Api, agent: Any) -> None:
    place = f"/agent-configurations/{agent['config_id']}"
    assert_problem(alice.patch(place, {"value": {}}), 405, "method_not_allowed")
    assert_problem(alice.delete(place), 405, "method_not_allowed")


def test_nobody_elsewhere_finds_any(apis: Apis, agent: Any) -> None:
    one, of_agent = f"/agent-configurations/{agent['config_id']}", f"agent/{agent['id']}"
    for get in (one, f"/agent-configurations/{of_agent}"):
        assert_problem(apis.charlie.get(get), 404, "not_found")
    assert_problem(apis.charlie.post(one + "/activate", {}), 404, "not_found")
    body = {"agent_id": agent["id"]}
    assert_problem(apis.charlie.post("/agent-configurations", body), 404, "not_found")
    assert apis.charlie.read(f"/agent-configurations?agent_id={agent['id']}")["items"] == []
    assert apis.charlie.read("/agent-configurations/variants")["items"] == []


def test_a_reviewer_reads_and_does_not_write(apis: Apis, agent: Any) -> None:
    assert active(apis.bob, agent)["id"] == agent["config_id"]
    for place in ("", f"/{agent['config_id']}/activate"):
        response = apis.bob.post("/agent-configurations" + place, {"agent_id": agent["id"]})
        assert_problem(response, 403, "permission_missing")


def test_a_key_needs_the_scope(app: Flask, alice: Api, agent: Any) -> None:
    with_agents = key_with(alice, app, "agents:all")
    assert_problem(with_agents.get("/agent-configurations"), 403, "permission_missing")
    reading_one = key_with(alice, app, "agent_configurations:read")
    assert active(reading_one, agent)["version"] == 1
    refused = reading_one.post("/agent-configurations", {"agent_id": agent["id"]})
    assert_problem(refused, 403, "permission_missing")


def test_a_secret_is_shown_to_programs_that_run_sessions_alone(
    app: Flask, alice: Api, agent: Any
) -> None:
    secret = {**VALUE, "token": "s3cret"}
    schema = {**SCHEMA, "examples": [{"token": "s3cret"}]}
    assert post(alice, agent, schema=schema, value=secret)["value"] == secret
    editor = key_with(alice, app, "agent_configurations:all")
    shown = active(editor, agent)
    assert shown["value"]["token"] == "••••••"
    assert "s3cret" not in str(shown)

    kept = post(editor, agent, schema=shown["schema"], value={**shown["value"], "limit": 2})
    assert kept["schema_version"] == shown["schema_version"]
    assert active(alice, agent)["value"] == {**secret, "limit": 2}
    assert active(alice, agent)["schema"] == schema


def test_the_audit_tells_who_made_and_activated_which(
    app: Flask, cast: Cast, alice: Api, agent: Any
) -> None:
    post(alice, agent, schema=SCHEMA, value=VALUE)
    post(alice, agent, value={**VALUE, "token": "s3cret", "limit": 2})
    alice.post(f"/agent-configurations/{agent['config_id']}/activate", {})
    with app.app_context(), reading():
        about = select(AuditEntry).where(AuditEntry.subject_id == UUID(agent["id"]))
        entries = db.session.scalars(about.order_by(AuditEntry.id)).all()
        assert {each.user_id for each in entries} == {cast.alice.id}
        said = [(each.action, details_of(each).values) for each in entries[1:]]
        kept = db.session.scalars(select(AgentConfiguration).order_by(AgentConfiguration.id))
        assert [each.made_by_id for each in kept] == [cast.alice.id] * 3
    created, activated = AuditAction.CONFIGURATION_CREATED, AuditAction.CONFIGURATION_ACTIVATED
    assert [action for action, _ in said] == [created, activated, created, activated, activated]
    assert said[2][1] == {
        "variant": "default",
        "version": 3,
        "variant_version": 3,
        "schema_version": 2,
        "schema": "as before",
        "changed": ["/limit", "/token"],
    }
    assert said[4][1] == {"changes": {"active": ["default, version 3", "default, version 1"]}}
