"""/agent-configurations: what stands in the place of a secret, sent back by who cannot read it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web.models import AgentConfiguration, db
from opensink_web.models.transaction import writing
from tests.api.conftest import Api, key_with, make_agent, wrong_paths
from tests.api.test_agent_configurations import SCHEMA, VALUE, active, post

ACCOUNTS = {
    "properties": {
        "accounts": {
            "items": {"properties": {"key": {"type": "string", "writeOnly": True}, "of": {}}}
        }
    }
}
NOTHING_KEPT = "There is no stored value to keep here."
IS_REDIRECTED = "An address beside this secret is another one now, so the secret is needed anew."
IS_DEPENDENT = (
    "What this secret has to be depends on something that is not as it was, so it is needed anew."
)
IS_LOST = "A secret carries over only where the schema says the same of it. Send it anew."


@pytest.fixture
def agent(alice: Api) -> Any:
    return make_agent(alice)


class TestAMark:
    """What stands in the place of a secret, sent back by who may write and not read it."""

    @pytest.fixture
    def editor(self, app: Flask, alice: Api) -> Api:
        return key_with(alice, app, "agent_configurations:all")

    @pytest.fixture
    def stored(self, alice: Api, agent: Any) -> Any:
        return post(alice, agent, schema=SCHEMA, value={**VALUE, "token": "s3cret"})

    def refused(self, api: Api, agent: Any, **fields: Any) -> list[str]:
        response: Any = api.post("/agent-configurations", {"agent_id": agent["id"], **fields})
        assert "s3cret" not in response.text
        sentences = (NOTHING_KEPT, IS_LOST, IS_REDIRECTED, IS_DEPENDENT)
        assert response.json["error"] in sentences
        return wrong_paths(response)

    def test_stands_for_no_other_entry_of_a_list(self, alice: Api, agent: Any, editor: Api) -> None:
        live, paper = {"of": "live", "key": "LIVE"}, {"of": "paper", "key": "PAPER"}
        post(alice, agent, schema=ACCOUNTS, value={"accounts": [live, paper]})
        first, second = active(editor, agent)["value"]["accounts"]

        assert self.refused(editor, agent, value={"accounts": [second]}) == [
            "/value/accounts/0/key"
        ]
        post(editor, agent, value={"accounts": [first, {**second, "key": "new"}]})
        assert active(alice, agent)["value"] == {"accounts": [live, {**paper, "key": "new"}]}

    @pytest.mark.usefixtures("stored")
    def test_is_no_secret_itself(self, agent: Any, editor: Api) -> None:
        value = {**VALUE, "token": "••••••"}
        bold = {"variant": "bold", "schema": SCHEMA, "value": value}
        assert self.refused(editor, agent, **bold) == ["/value/token"]
        open_one = {**SCHEMA, "properties": {"token": {"type": "string"}}}
        assert self.refused(editor, agent, schema=open_one, value=value) == ["/value/token"]
        added = {**value, "more": ["••••••"]}
        assert self.refused(editor, agent, value=added) == ["/value/more/0"]

    def test_is_nothing_that_a_schema_proposes(self, alice: Api, agent: Any, editor: Api) -> None:
        token = {"type": "string", "writeOnly": True, "default": "s3cret", "enum": ["s3cret"]}
        post(alice, agent, schema={"properties": {"token": token}}, value={})
        schema = active(editor, agent)["schema"]

        assert self.refused(editor, agent, schema={**schema, "title": "Mine"}, value={}) == [
            "/schema/properties/token/default",
            "/schema/properties/token/enum/0",
        ]
        assert post(editor, agent, schema=schema, value={})["schema_version"] == 2

    @pytest.mark.usefixtures("stored")
    def test_and_what_carries_over_is_held_against_no_other_schema(
        self, alice: Api, agent: Any, editor: Api
    ) -> None:
        value = {**VALUE, "token": "••••••"}
        for pattern in ("^s3", "^other"):
            token = {**SCHEMA["properties"]["token"], "pattern": pattern}
            schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "token": token}}
            assert self.refused(editor, agent, schema=schema, value=value) == ["/value/token"]
            assert self.refused(editor, agent, schema=schema) == ["/value/token"]
        more = {**SCHEMA, "properties": {**SCHEMA["properties"], "more": {"type": "string"}}}
        post(editor, agent, schema=more)
        assert active(alice, agent)["value"]["token"] == "s3cret"

    def test_stands_for_nothing_beside_another_address(self, agent: Any, editor: Api) -> None:
        value = {**VALUE, "token": "s3cret", "base_url": "https://shop.example.com"}
        sent = {**value, "token": "••••••"}
        post(editor, agent, schema=SCHEMA, value=value)
        elsewhere = {**sent, "base_url": "https://elsewhere.example.com"}
        assert self.refused(editor, agent, value=elsewhere) == ["/value/token"]
        assert post(editor, agent, value={**sent, "limit": 7})["value"]["token"] == "••••••"
        assert post(editor, agent, value={**elsewhere, "token": "new"})["version"] == 4

    def test_stands_for_nothing_where_what_is_sent_decides_what_it_has_to_be(
        self, agent: Any, editor: Api
    ) -> None:
        """A schema that somebody has planted, to learn a secret by what is refused."""
        probes = [
            {
                "if": {"properties": {"limit": {"const": number}}},
                "then": {"properties": {"token": {"pattern": pattern}}},
            }
            for number, pattern in enumerate(["^s", "^t"])
        ]
        schema = {**SCHEMA, "allOf": probes}
        post(editor, agent, schema=schema, value={**VALUE, "token": "s3cret"})
        for number in (0, 1):
            value = {**VALUE, "limit": number, "token": "••••••"}
            assert self.refused(editor, agent, value=value) == ["/value/token"]
        post(editor, agent, value={**VALUE, "token": "••••••"})

    def test_is_not_guessed_by_what_a_schema_proposes(self, alice: Api, app: Flask) -> None:
        editor = key_with(alice, app, "agent_configurations:all")
        answers = []
        for guess in ("s3cret", "other"):
            agent = make_agent(alice)
            token = {"type": "string", "writeOnly": True, "enum": ["s3cret", "x"]}
            post(alice, agent, schema={"properties": {"token": token}}, value={"token": "x"})
            guessed = {"properties": {"token": {**token, "enum": [guess, "x"]}}}
            marked = {"agent_id": agent["id"], "schema": guessed, "value": {"token": "••••••"}}
            answers += [
                wrong_paths(editor.post("/agent-configurations", marked)),
                wrong_paths(editor.post("/agent-configurations", {**marked, "value": None})),
                post(editor, agent, schema=guessed, value={})["schema_version"],
            ]
        assert answers == [["/value/token"], ["/value/token"], 3] * 2

    @pytest.mark.usefixtures("stored")
    def test_stands_for_nothing_in_what_cannot_be_read(
        self, app: Flask, agent: Any, editor: Api
    ) -> None:
        with app.app_context(), writing():
            db.session.execute(update(AgentConfiguration).values(sealed_value="unreadable"))
        value = {**VALUE, "token": "••••••"}
        assert self.refused(editor, agent, schema=SCHEMA, value=value) == ["/value/token"]
