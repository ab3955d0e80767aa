"""/functions: make, read, replace, change, delete."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import (
    Execution,
    ExecutionKind,
    ExecutionStatus,
    Function,
    db,
)
from opensink_web.models.transaction import reading, writing
from tests.api.conftest import (
    PYTHON,
    Api,
    Apis,
    assert_problem,
    key_with,
    made,
    make_function,
    wrong_paths,
)
from tests.conftest import Cast, Person

HTTP = {
    "kind": "http",
    "url": "http://127.0.0.1:9/run?size=9&token=secret",
    "method": "PUT",
    "headers": {"Authorization": "Bearer secret", "X-Custom-Header": "value"},
    "body": {"source": "opensink", "password": "secret"},
}
WHOLE = {
    "namespace": "images",
    "name": "resize",
    "description": "Makes images smaller.",
    "input_schema": {"type": "object", "required": ["url"], "properties": {"url": {}}},
    "output_schema": {"type": "array", "items": {"type": "string"}},
    "timeout_seconds": 86_400,
    "requires_approval": True,
    "is_active": False,
    "target": HTTP,
}
PATH = "/functions/images/resize"
NEVER = {"id": "", "created_at": "", "updated_at": ""}


class TestMaking:
    def test_fills_in_the_defaults(self, alice: Api, cast: Cast) -> None:
        function = make_function(alice)

        assert function | NEVER == {
            **NEVER,
            "workspace_id": str(cast.alice.workspace_id),
            "namespace": "images",
            "name": "resize",
            "description": None,
            "input_schema": {"type": "object"},
            "output_schema": None,
            "timeout_seconds": 30,
            "requires_approval": False,
            "required_responses": 1,
            "quorum": None,
            "forbid_requester": False,
            "is_active": True,
            "target": PYTHON,
            "target_error": None,
            "signing_secret": None,
            "signing_overlap_ends_at": None,
            "created_by": {"id": str(cast.alice.id), "email": cast.alice.email},
        }

    def test_keeps_a_whole_one_and_the_order_of_its_schema(self, alice: Api) -> None:
        function = made(alice.post("/functions", WHOLE))

        assert {name: function[name] for name in WHOLE} == WHOLE
        assert list(function["input_schema"]) == ["type", "required", "properties"]

    def test_fills_in_the_endpoints_defaults(self, alice: Api) -> None:
        target = make_function(alice, target={"kind": "http", "url": "http://127.0.0.1:9/"})[
            "target"
        ]

        assert target == {
            "kind": "http",
            "url": "http://127.0.0.1:9/",
            "method": "POST",
            "headers": {},
            "body": None,
        }

    def test_refuses_a_name_that_is_taken(self, alice: Api, apis: Apis) -> None:
        make_function(alice)

        body = {"namespace": "images", "name": "resize", "target": PYTHON}
        assert_problem(alice.post("/functions", body), 409, "conflict")
        assert make_function(alice, namespace="other")["name"] == "resize"
        assert make_function(apis.charlie)["name"] == "resize"

    @pytest.mark.parametrize("field", ["namespace", "name"])
    @pytest.mark.parametrize("text", ["", "9a", "-a", "a/b", "a b", "é", "a\n", "a" * 256])
    def test_refuses_what_cannot_stand_in_an_address(
        self, alice: Api, field: str, text: str
    ) -> None:
        body = {"namespace": "images", "name": "resize", "target": PYTHON, field: text}
        assert wrong_paths(alice.post("/functions", body)) == [f"/{field}"]

    @pytest.mark.parametrize("name", ["_", "A-9_z", "a" * 255])
    def test_takes_every_name_that_can(self, alice: Api, name: str) -> None:
        make_function(alice, name)
        assert alice.read(f"/functions/images/{name}")["name"] == name

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"timeout_seconds": 0}, "/timeout_seconds"),
            ({"timeout_seconds": 86_401}, "/timeout_seconds"),
            ({"timeout_seconds": 1.5}, "/timeout_seconds"),
            ({"timeout_seconds": None}, "/timeout_seconds"),
            ({"is_active": 1}, "/is_active"),
            ({"requires_approval": "true"}, "/requires_approval"),
            ({"description": 1}, "/description"),
            ({"input_schema": None}, "/input_schema"),
            ({"input_schema": True}, "/input_schema"),
            ({"input_schema": {"type": "string"}}, "/input_schema"),
            (
                {"input_schema": {"properties": {"a": {"type": "txt"}}}},
                "/input_schema/properties/a/type",
            ),
            ({"output_schema": {"$ref": "https://x.example"}}, "/output_schema/$ref"),
            ({"output_schema": []}, "/output_schema"),
            ({"target": None}, "/target"),
            ({"target": {}}, "/target/kind"),
            ({"target": {"kind": "shell"}}, "/target/kind"),
            ({"target": {"kind": "python"}}, "/target/entry_point"),
            ({"target": {"kind": "python", "entry_point": ""}}, "/target/entry_point"),
            ({"target": {"kind": "python", "entry_point": "a b"}}, "/target/entry_point"),
            ({"target": {"kind": "python", "entry_point": "os:system"}}, "/target/entry_point"),
            ({"target": PYTHON | {"url": "x"}}, "/target/url"),
            ({"target": {"kind": "http"}}, "/target/url"),
            ({"target": HTTP | {"url": "ftp://example.com"}}, "/target/url"),
            ({"target": HTTP | {"url": "http://169.254.169.254/"}}, "/target/url"),
            ({"target": HTTP | {"method": "PATCH"}}, "/target/method"),
            ({"target": HTTP | {"headers": {"webhook-id": "x"}}}, "/target/headers/webhook-id"),
            ({"target": HTTP | {"headers": {"http": 1}}}, "/target/headers/http"),
            ({"target": HTTP | {"timeout_seconds": 5}}, "/target/timeout_seconds"),
        ],
    )
    def test_refuses_what_cannot_be_used(
        self, alice: Api, changes: dict[str, Any], path: str
    ) -> None:
        answer = alice.post("/functions", WHOLE | changes)
        code = "invalid_schema" if path.split("/")[1].endswith("_schema") else "invalid_request"
        if next(iter(changes.values())) in (None, True, []):  # no object at all
            code = "invalid_request"
        assert wrong_paths(answer, code) == [path]

    def test_says_all_that_is_wrong_at_once(self, alice: Api) -> None:
        wrong = {"name": "9", "input_schema": {"type": 1}, "target": HTTP | {"url": "http://[/"}}
        assert wrong_paths(alice.post("/functions", WHOLE | wrong)) == [
            "/name",
            "/target/url",
            "/input_schema/type",
        ]

    def test_an_output_may_be_of_any_type(self, alice: Api) -> None:
        function = make_function(alice, output_schema={"type": "number"})
        assert function["output_schema"] == {"type": "number"}

    def test_stores_no_credential_in_plain_text(self, app: Flask, alice: Api) -> None:
        made(alice.post("/functions", WHOLE))
        with app.app_context(), reading():
            (stored,) = db.session.scalars(select(Function.sealed_target))
        assert "secret" not in stored
        assert "127.0.0.1" not in stored


class TestReading:
    def test_answers_one_and_all(self, alice: Api) -> None:
        function = made(alice.post("/functions", WHOLE))

        assert alice.read(PATH) == function
        assert alice.read("/functions") == {"items": [function], "trail": None}

    def test_hides_credentials_from_those_who_may_not_change_them(
        self, app: Flask, alice: Api, apis: Apis
    ) -> None:
        made(alice.post("/functions", WHOLE))

        for api in (apis.bob, key_with(alice, app, "functions:read")):
            one = api.read(PATH)
            assert one == api.read("/functions")["items"][0]
            assert one["target"] == {
                "kind": "http",
                "url": "http://127.0.0.1:9/run?size=••••&token=••••",
                "method": "PUT",
                "headers": {"Authorization": "••••", "X-Custom-Header": "value"},
                "body": {"source": "opensink", "password": "••••"},
            }

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["c", "b", "a"]),
            ("namespace=mail", ["c"]),
            ("kind=http", ["b"]),
            ("is_active=false", ["c"]),
            ("is_active=true&kind=python", ["a"]),
            ("search=IMAGES/", ["b", "a"]),
            ("search=letters", ["c"]),
            ("search=%25", []),
            ("search=_", []),
            ("$limit=1", ["c"]),
        ],
    )
    def test_lists_what_is_asked_for(self, alice: Api, query: str, found: list[str]) -> None:
        make_function(alice, "a")
        make_function(alice, "b", target=HTTP)
        make_function(alice, "c", namespace="mail", is_active=False, description="Sends Letters.")

        assert [each["name"] for each in alice.read(f"/functions?{query}")["items"]] == found

    def test_another_workspace_sees_nothing(self, alice: Api, apis: Apis) -> None:
        make_function(alice)

        assert_problem(apis.charlie.get(PATH), 404, "not_found")
        assert apis.charlie.read("/functions") == {"items": [], "trail": None}

    @pytest.mark.parametrize("path", ["images/none", "none/resize", "images/9", "Images/resize"])
    def test_there_is_no_other(self, alice: Api, path: str) -> None:
        make_function(alice)
        assert_problem(alice.get(f"/functions/{path}"), 404, "not_found")

    def test_a_target_that_cannot_be_decrypted_says_so(self, app: Flask, alice: Api) -> None:
        make_function(alice, target=HTTP)
        lose_target(app)
        shown = alice.read(PATH)
        assert shown["target"] is None
        assert "a key that this server does not have" in shown["target_error"]


class TestReplacing:
    def test_what_is_left_out_is_as_it_is_by_default(self, alice: Api) -> None:
        before = made(alice.post("/functions", WHOLE))
        alice.delete(PATH)
        plain = make_function(alice)
        alice.delete(PATH)
        made(alice.post("/functions", WHOLE))

        after: Any = alice.put(PATH, {"target": PYTHON}).json
        assert after | NEVER == plain | NEVER
        assert after["created_at"] > before["created_at"]

    def test_what_was_read_can_be_sent_back(self, alice: Api) -> None:
        shown = made(alice.post("/functions", WHOLE))
        again: Any = alice.put(PATH, shown).json
        assert again == {**shown, "updated_at": again["updated_at"]}

    def test_a_masked_header_keeps_its_value(self, alice: Api) -> None:
        made(alice.post("/functions", WHOLE))
        masked = {**HTTP, "headers": {"authorization": "••••"}}
        changed: Any = alice.put(PATH, {"target": masked}).json
        assert changed["target"]["headers"] == {"authorization": "Bearer secret"}

    def test_renames(self, alice: Api) -> None:
        made(alice.post("/functions", WHOLE))
        body = {"namespace": "video", "name": "cut", "target": PYTHON}
        assert alice.put(PATH, body).status_code == 200
        assert_problem(alice.get(PATH), 404, "not_found")
        assert alice.read("/functions/video/cut")["target"] == PYTHON

    def test_makes_none_that_was_not_there(self, alice: Api) -> None:
        assert_problem(alice.put(PATH, {"target": PYTHON}), 404, "not_found")

    def test_needs_a_target(self, alice: Api) -> None:
        made(alice.post("/functions", WHOLE))
        assert wrong_paths(alice.put(PATH, {"description": "x"})) == ["/target"]


class TestChanging:
    @pytest.mark.parametrize("field", [name for name in WHOLE if "name" not in name])
    def test_changes_only_the_field_given(self, alice: Api, field: str) -> None:
        before = make_function(alice)
        after: Any = alice.patch(PATH, {field: WHOLE[field]}).json
        changed = {field: WHOLE[field], "updated_at": after["updated_at"]}
        if field == "target":  # where somebody else is called now
            changed["signing_secret"] = after["signing_secret"]
        assert after == before | changed

    def test_null_removes_description_and_output_schema(self, alice: Api) -> None:
        made(alice.post("/functions", WHOLE))
        changed: Any = alice.patch(PATH, {"description": None, "output_schema": None}).json
        assert (changed["description"], changed["output_schema"]) == (None, None)

    @pytest.mark.parametrize(
        "field", sorted(WHOLE.keys() - {"description", "output_schema", "target"})
    )
    def test_null_removes_nothing_else(self, alice: Api, field: str) -> None:
        shown = made(alice.post("/functions", WHOLE))
        assert wrong_paths(alice.patch(PATH, {field: None})) == [f"/{field}"]
        assert alice.read(PATH) == shown

    def test_a_target_that_cannot_be_decrypted_stays_when_it_is_sent_back_as_it_was_read(
        self, app: Flask, alice: Api
    ) -> None:
        make_function(alice, target=HTTP)
        lose_target(app)
        shown = alice.read(PATH)
        changed: Any = alice.patch(PATH, shown | {"is_active": False}).json
        assert (changed["is_active"], changed["target_error"]) == (False, shown["target_error"])
        mended: Any = alice.patch(PATH, {"target": HTTP}).json
        assert (mended["target"], mended["target_error"]) == (HTTP, None)

    def test_refuses_a_name_that_is_taken(self, alice: Api) -> None:
        make_function(alice, "one")
        make_function(alice)
        assert_problem(alice.patch(PATH, {"name": "one"}), 409, "conflict")

    def test_one_wrong_field_changes_nothing(self, alice: Api) -> None:
        shown = make_function(alice)
        body = {"is_active": False, "target": HTTP, "input_schema": {"type": "string"}}
        assert wrong_paths(alice.patch(PATH, body), "invalid_schema") == ["/input_schema"]
        assert alice.read(PATH) == shown

    def test_nothing_given_changes_nothing(self, alice: Api) -> None:
        assert make_function(alice) == alice.patch(PATH, {}).json

    def test_another_workspace_changes_nothing(self, alice: Api, apis: Apis) -> None:
        make_function(alice)
        assert_problem(apis.charlie.patch(PATH, {"is_active": False}), 404, "not_found")


class TestDeleting:
    def test_deletes_it_once(self, alice: Api) -> None:
        make_function(alice)
        response = alice.delete(PATH)

        assert (response.status_code, response.data) == (204, b"")
        assert_problem(alice.delete(PATH), 404, "not_found")

    @pytest.mark.parametrize("status", ExecutionStatus)
    def test_an_unfinished_execution_keeps_it_and_a_finished_one_outlives_it(
        self, app: Flask, alice: Api, cast: Cast, status: ExecutionStatus
    ) -> None:
        function_id = UUID(make_function(alice)["id"])
        execute(app, cast.alice, function_id, status)
        if not status.has_ended:
            problem = assert_problem(alice.delete(PATH), 409, "conflict")
            assert "inactive" in problem["error"]
            return
        assert alice.delete(PATH).status_code == 204
        with app.app_context(), reading():
            execution = db.session.scalars(select(Execution)).one()
            assert execution.target_name == "resize"
            assert db.session.get(Function, execution.function_id) is None

    def test_another_workspace_deletes_nothing(self, alice: Api, apis: Apis) -> None:
        make_function(alice)
        assert_problem(apis.charlie.delete(PATH), 404, "not_found")
        assert alice.get(PATH).status_code == 200


def lose_target(app: Flask) -> None:
    """Leave the function with a target whose key is gone."""
    with app.app_context(), writing():
        db.session.scalars(select(Function)).one().sealed_target = "00000000.lost"


def execute(app: Flask, person: Person, function_id: UUID, status: ExecutionStatus) -> None:
    with app.app_context(), writing():
        execution = Execution(
            workspace_id=person.workspace_id,
            user_id=person.id,
            kind=ExecutionKind.FUNCTION,
            function_id=function_id,
            target_namespace="images",
            target_name="resize",
            trigger_type="api",
            trigger_id="runtime-api",
            status=status,
            input_data={},
            timeout_seconds=30,
            group_id=function_id,
            next_at=clock.now(),
        )
        db.session.add(execution)
