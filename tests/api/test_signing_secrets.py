"""Signing secrets of agents and functions: who reads them, and how they are replaced."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from tests.api.conftest import (
    Api,
    Apis,
    assert_problem,
    key_with,
    make_agent,
    make_function,
)
from tests.conftest import Cast
from tests.runtime.conftest import own_token
from tests.support.executions import submit_one

HTTP = {"kind": "http", "url": "http://127.0.0.1:9/run"}
NOUNS = ("agents", "functions")


def made_in(api: Api, noun: str) -> tuple[str, Any]:
    """Make one, and return its address and what was answered."""
    if noun == "agents":
        agent = make_agent(api)
        return f"/agents/{agent['id']}", agent
    return "/functions/images/resize", make_function(api, target=HTTP)


@pytest.mark.parametrize("noun", NOUNS)
class TestReading:
    def test_who_may_write_it_reads_it(self, alice: Api, app: Flask, noun: str) -> None:
        address, made = made_in(alice, noun)
        secret = made["signing_secret"]
        assert secret.startswith("whsec_")
        writer = key_with(alice, app, f"{noun}:all")
        assert writer.read(address)["signing_secret"] == secret
        assert writer.read(f"/{noun}")["items"][0]["signing_secret"] == secret

    def test_others_do_not(self, alice: Api, apis: Apis, app: Flask, noun: str) -> None:
        address, _ = made_in(alice, noun)
        for reader in (apis.bob, key_with(alice, app, f"{noun}:read")):
            assert reader.read(address)["signing_secret"] is None
            assert reader.read(f"/{noun}")["items"][0]["signing_secret"] is None

    def test_an_executions_own_token_does_not(
        self, alice: Api, app: Flask, cast: Cast, noun: str
    ) -> None:
        address, made = made_in(alice, noun)
        function = make_function(alice, "other", target=HTTP)
        with app.app_context():
            token = own_token(app, submit_one(cast.alice, UUID(function["id"])))
        for answer in (token.get(address), token.post(f"{address}/rotate-signing-secret", {})):
            assert made["signing_secret"] not in answer.text
            assert "whsec_" not in answer.text
        assert alice.read(address)["signing_secret"] == made["signing_secret"]

    def test_it_may_be_sent_back(self, alice: Api, noun: str) -> None:
        address, made = made_in(alice, noun)
        changed = alice.patch(address, {**made, "signing_secret": "whsec_bWluZQ=="})
        assert changed.status_code == 200, changed.text
        assert alice.read(address)["signing_secret"] == made["signing_secret"]

    def test_no_two_are_equal(self, alice: Api, noun: str) -> None:
        _, made = made_in(alice, noun)
        others = [make_agent(alice), make_function(alice, "other", target=HTTP)]
        secrets = {each["signing_secret"] for each in (made, *others)}
        assert len(secrets) == 3


@pytest.mark.parametrize("noun", NOUNS)
class TestReplacing:
    def test_makes_another_and_says_until_when_both_sign(self, alice: Api, noun: str) -> None:
        address, made = made_in(alice, noun)
        answer = alice.post(f"{address}/rotate-signing-secret", {})
        rotated: Any = answer.json
        assert answer.status_code == 200, answer.text
        assert rotated["signing_secret"] not in {None, made["signing_secret"]}
        assert rotated["signing_overlap_ends_at"] > made["created_at"]
        assert alice.read(address)["signing_secret"] == rotated["signing_secret"]
        ended: Any = alice.post(f"{address}/end-signing-overlap", {}).json
        assert ended["signing_overlap_ends_at"] is None
        assert ended["signing_secret"] == rotated["signing_secret"]

    def test_a_reader_may_not(self, alice: Api, apis: Apis, app: Flask, noun: str) -> None:
        address, made = made_in(alice, noun)
        for action in ("rotate-signing-secret", "end-signing-overlap"):
            for reader in (apis.bob, key_with(alice, app, f"{noun}:read")):
                assert reader.post(f"{address}/{action}", {}).status_code == 403
            assert_problem(apis.charlie.post(f"{address}/{action}", {}), 404, "not_found")
        assert alice.read(address)["signing_secret"] == made["signing_secret"]

    def test_a_root_that_cannot_be_decrypted_is_made_anew(
        self, alice: Api, app: Flask, cast: Cast, noun: str
    ) -> None:
        address, _ = made_in(alice, noun)
        with app.app_context(), writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            workspace.sealed_signing_root = "00000000.lost"
        assert alice.read(address)["signing_secret"] is None
        rotated: Any = alice.post(f"{address}/rotate-signing-secret", {}).json
        assert rotated["signing_secret"].startswith("whsec_")
        assert rotated["signing_overlap_ends_at"] is None


def test_a_python_function_has_none(alice: Api) -> None:
    function = make_function(alice)
    assert function["signing_secret"] is None
    refused = alice.post("/functions/images/resize/rotate-signing-secret", {})
    assert_problem(refused, 409, "conflict")
