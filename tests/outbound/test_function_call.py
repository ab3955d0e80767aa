"""The call that has an endpoint carry a function out, byte for byte, and what its answer means."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

import pytest
from standardwebhooks import Webhook

from opensink_web.functions import Context, Resume
from opensink_web.json_value import JSONObject
from opensink_web.outbound.callback_call import build_callback_call
from opensink_web.outbound.client import Call, Client, Response
from opensink_web.outbound.endpoint_call import USER_AGENT, EndpointSpec
from opensink_web.outbound.execution_call import OUTPUT_MAX_BYTES, Sender, without_token
from opensink_web.outbound.failures import CallError
from opensink_web.outbound.function_call import (
    build_function_call,
    parameter_conflict,
    read_function_answer,
)
from opensink_web.outbound.outcome import Awaits, Failure, Outcome, Output, Pending
from opensink_web.outbound.signing import CallSecrets, new_secret, sign

if TYPE_CHECKING:
    from tests.outbound.conftest import Server

ENDPOINT = EndpointSpec(
    url="https://functions.example/resize",
    method="POST",
    headers=(("X-Custom-Header", "value"),),
    body={"source": "opensink", "input": "configured"},
    timeout_seconds=30,
)
CONTEXT = Context(
    execution_id="execution-1",
    user_id="user-1",
    user_email="alice@example.com",
    trigger_type="api",
    trigger_id="runtime-api",
    chat_id=None,
    access_token="the.access.token",
)
SECRET = "the workspace's secret"
NOW = datetime.now(UTC).replace(microsecond=0)
SIGNING_SECRET = "the function's own secret"
SENDER = Sender(secrets=CallSecrets(SECRET, (SIGNING_SECRET,)), webhook_id="execution-1", now=NOW)
ANSWER = Response(200, "OK", (), b"", False, 1.0, "127.0.0.1", None)


def build(
    endpoint: EndpointSpec = ENDPOINT,
    context: Context = CONTEXT,
    sender: Sender = SENDER,
    **input_data: str,
) -> Call:
    given: JSONObject = {"n": 1, **input_data}
    return build_function_call(endpoint, input_data=given, context=context, sender=sender)


def failure(answer: Response) -> Failure:
    outcome = read_function_answer(build(), answer)
    assert isinstance(outcome, Failure)
    return outcome


class TestTheCall:
    def test_has_exactly_these_headers(self) -> None:
        call = build()
        assert (call.method, call.url, call.timeout_seconds) == ("POST", ENDPOINT.url, 30)
        assert call.headers == (
            ("Content-Type", "application/json"),
            ("User-Agent", USER_AGENT),
            ("Authorization", "Bearer the.access.token"),
            ("X-OpenSink-Execution-Id", "execution-1"),
            ("X-OpenSink-Secret", SECRET),
            ("webhook-id", "execution-1"),
            ("webhook-timestamp", str(int(NOW.timestamp()))),
            (
                "webhook-signature",
                sign(SIGNING_SECRET, "execution-1", int(NOW.timestamp()), call.body or b""),
            ),
            ("X-Custom-Header", "value"),
        )

    def test_has_the_input_and_the_context_over_the_configured_body(self) -> None:
        assert json.loads(build().body or b"") == {
            "source": "opensink",
            "input": {"n": 1},
            "context": {
                "execution_id": "execution-1",
                "user_id": "user-1",
                "user_email": "alice@example.com",
                "trigger_type": "api",
                "trigger_id": "runtime-api",
                "chat_id": None,
                "access_token": "the.access.token",
            },
        }

    def test_has_a_persons_answer_when_it_resumes(self) -> None:
        for edited in (None, [], ["/approved"]):
            resumed = replace(CONTEXT, resume=Resume("request-1", {"approved": True}, edited))
            body = json.loads(build(context=resumed).body or b"")
            assert body["resume"] == {
                "input_request_id": "request-1",
                "response": {"approved": True},
                "edited": edited,
            }

    def test_verifies_as_a_standard_webhook_with_each_secret(self) -> None:
        secrets = (new_secret(), new_secret())
        sender = replace(SENDER, secrets=CallSecrets(SECRET, secrets), now=datetime.now(UTC))
        call = build(sender=sender)
        for secret in secrets:
            Webhook(secret).verify(call.body or b"", dict(call.headers))

    def test_credentials_of_its_own_take_the_place_of_the_token(self) -> None:
        own = replace(ENDPOINT, headers=(("authorization", "Basic abc"),))
        call = build(own)
        named = [value for name, value in call.headers if name.lower() == "authorization"]
        assert named == ["Basic abc"]
        assert b"the.access.token" in (call.body or b"")

    def test_a_get_has_the_input_in_its_address_and_no_body(self) -> None:
        given: JSONObject = {
            "city": "Zürich & Bern",
            "days": 3,
            "exact": True,
            "none": None,
            "tags": ["a", {"b": 1.5}],
        }
        call = build_function_call(
            replace(ENDPOINT, method="GET"), input_data=given, context=CONTEXT, sender=SENDER
        )
        assert call.body is None
        address, _, query = call.url.partition("?")
        assert address == ENDPOINT.url
        assert parse_qsl(query, strict_parsing=True) == [
            ("city", "Zürich & Bern"),
            ("days", "3"),
            ("exact", "true"),
            ("none", "null"),
            ("tags", '["a",{"b":1.5}]'),
        ]
        assert "the.access.token" not in call.url

    @pytest.mark.parametrize(
        "url", ["https://f.example/x?fixed=1", "https://f.example/x?fixed=1#a"]
    )
    def test_a_get_keeps_the_parameters_that_are_configured(self, url: str) -> None:
        call = build(replace(ENDPOINT, method="GET", url=url))
        assert call.url == "https://f.example/x?fixed=1&n=1"

    def test_a_get_of_nothing_has_the_address_that_is_configured(self) -> None:
        endpoint = replace(ENDPOINT, method="GET")
        call = build_function_call(endpoint, input_data={}, context=CONTEXT, sender=SENDER)
        assert call.url == ENDPOINT.url

    def test_a_get_has_a_persons_answer_when_it_resumes(self) -> None:
        resumed = replace(CONTEXT, resume=Resume("request-1", {"approved": True}))
        call = build(replace(ENDPOINT, method="GET"), resumed)
        answer = dict(parse_qsl(call.url.partition("?")[2]))["resume"]
        assert json.loads(answer)["response"] == {"approved": True}

    @pytest.mark.parametrize("name", ["account", "Account", "account[]", "empty", "resume"])
    def test_a_gets_input_passes_for_nobody_elses_parameter(self, name: str) -> None:
        """The owner's are the owner's, and no caller makes up the answer of a person."""
        fixed = replace(ENDPOINT, method="GET", url="https://f.example/x?account=ours&empty=#a")
        conflict = parameter_conflict(fixed, {"n": 1, name: "theirs"})
        assert conflict is not None
        assert name in conflict.message
        assert parameter_conflict(fixed, {"n": 1}) is None
        assert parameter_conflict(replace(fixed, method="POST"), {name: "theirs"}) is None

    def test_the_context_does_not_show_its_token(self) -> None:
        assert "the.access.token" not in repr(CONTEXT)


class TestTheAnswer:
    @pytest.mark.parametrize(
        ("body", "value"),
        [
            (b'{"a": [1, null]}', {"a": [1, None]}),
            (b" 3.5 ", 3.5),
            (b"null", None),
            (b'{"status": "done"}', {"status": "done"}),
        ],
    )
    @pytest.mark.parametrize("status_code", [200, 201, 299])
    def test_a_2xx_with_json_is_the_output(
        self, status_code: int, body: bytes, value: object
    ) -> None:
        answer = replace(ANSWER, status_code=status_code, body=body)
        assert read_function_answer(build(), answer) == Output(value)  # type: ignore[arg-type]  # JSON

    def test_204_is_an_output_of_null(self) -> None:
        assert read_function_answer(build(), replace(ANSWER, status_code=204)) == Output(None)

    def test_202_means_that_it_will_report_by_itself(self) -> None:
        answer = replace(ANSWER, status_code=202, body=b"later")
        assert read_function_answer(build(), answer) == Pending()

    def test_it_may_ask_for_input(self) -> None:
        asked = {"status": "awaiting_input", "prompt": "Sure?", "schema": {"type": "object"}}
        answer = replace(ANSWER, body=json.dumps(asked).encode())
        assert read_function_answer(build(), answer) == Awaits("Sure?", {"type": "object"})

    def test_its_question_may_have_a_deadline(self) -> None:
        options: JSONObject = {"expires_in_seconds": 60}
        asked = {"status": "awaiting_input", "prompt": "Sure?", "schema": {}, "options": options}
        answer = replace(ANSWER, body=json.dumps(asked).encode())
        assert read_function_answer(build(), answer) == Awaits("Sure?", {}, options)

    @pytest.mark.parametrize(
        "missing",
        [
            *({"prompt": " "}, {"prompt": 1}, {"schema": None}, {"schema": "object"}),
            {"options": "urgent"},
        ],
    )
    def test_a_question_without_its_parts_is_a_failure(self, missing: JSONObject) -> None:
        asked = {"status": "awaiting_input", "prompt": "Sure?", "schema": {}, **missing}
        failed = failure(replace(ANSWER, body=json.dumps(asked).encode()))
        assert (failed.code, failed.output) == ("bad_output", asked)

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"", "The endpoint answered 200 with an empty body. Have it answer with a JSON value"),
            (b" \r\n", "The endpoint answered 200 with an empty body."),
            (b"\xef\xbb\xbf", "The endpoint answered 200 with an empty body."),
            (b"<html>", "with a web page or XML instead of JSON. Check that the URL"),
            (b"\xef\xbb\xbf\n<!DOCTYPE html>", "with a web page or XML instead of JSON."),
            (b"<?xml version='1.0'?>", "with a web page or XML instead of JSON."),
            (gzip.compress(b"{}", mtime=0), "is compressed (gzip)"),
            (b"\x28\xb5\x2f\xfd\x04\x00", "is compressed (zstd)"),
            ("{}".encode("utf-16"), "is in UTF-16 or UTF-32. Have it answer in UTF-8."),
            (b"Internal error", "The endpoint answered 200 with text that is not JSON."),
            (b"ok", "The endpoint answered 200 with text that is not JSON."),
            (b'{"a": 1,}', "cannot be taken as JSON. It is not valid from there on: "),
            (b'{"a": NaN}', "cannot be taken as JSON. NaN is not a JSON number."),
            (b'{"a": 1, "a": 2}', "cannot be taken as JSON. The JSON has an object in which"),
            (b'"\xff"', "cannot be taken as JSON. It is not valid UTF-8."),
        ],
    )
    def test_what_is_no_json_is_a_failure_that_says_what_it_is(
        self, body: bytes, told: str
    ) -> None:
        failed = failure(replace(ANSWER, body=body))
        assert failed.code == "bad_output"
        assert told in failed.message
        assert "line 1, column 1" not in failed.message

    def test_what_is_said_to_be_compressed_is_a_failure_that_says_so(self) -> None:
        answer = replace(ANSWER, headers=(("Content-encoding", "br"),), body=b"\x0b\x01\x80{}\x03")
        assert "is compressed (br)" in failure(answer).message

    def test_a_byte_order_mark_is_passed_over(self) -> None:
        answer = replace(ANSWER, body=b'\xef\xbb\xbf{"a": 1}')
        assert read_function_answer(build(), answer) == Output({"a": 1})

    def test_a_redirect_is_a_failure_that_says_where_to(self) -> None:
        location = "https://new.example/resize?token=the.access.token&a=1"
        answer = replace(ANSWER, status_code=308, reason="", headers=(("location", location),))
        assert failure(answer).message == (
            "The endpoint answered 308 and points to https://new.example/resize?token=••••&a=1. "
            "Redirects are not followed: enter the address it moved to."
        )

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"", "."),
            (b"<html>", "."),
            (b"[" * 5000, "."),
            (b'{"error": "No disk"}', ": No disk"),
            (b'{"error": {"message": "No disk"}}', ": No disk"),
            (b'{"detail": "the.access.token, the workspace\'s secret"}', ": ••••, ••••"),
        ],
    )
    def test_another_status_is_a_failure_with_what_it_says_less_secrets(
        self, body: bytes, told: str
    ) -> None:
        failed = failure(replace(ANSWER, status_code=503, reason="Service Unavailable", body=body))
        expected = f"The endpoint answered 503 Service Unavailable{told}"
        assert (failed.message, failed.code) == (expected, "bad_status")

    def test_an_output_has_no_secret_of_the_call_in_it(self) -> None:
        call = build(
            replace(ENDPOINT, headers=(("X-Api-Key", "the endpoint's key"), ("X-Token", "1"))),
            token="what the caller sent",
        )
        headers = {**dict(call.headers), "the.access.token": 1}
        body = json.dumps({"headers": headers, "sent": json.loads(call.body or b""), "n": "1"})

        outcome = read_function_answer(call, replace(ANSWER, body=body.encode()))

        assert isinstance(outcome, Output)
        kept = json.dumps(outcome.value)
        for secret in ("the.access.token", SECRET, "the endpoint's key"):
            assert secret in body
            assert secret not in kept
        assert "what the caller sent" in kept
        assert isinstance(outcome.value, dict)
        assert outcome.value["n"] == "1"

    @pytest.mark.parametrize("method", ["POST", "GET"])
    @pytest.mark.parametrize("status_code", [200, 500])
    def test_neither_has_what_its_address_hides(self, method: str, status_code: int) -> None:
        code = "a-function-key/of=32+characters"
        url = f"https://functions.example/resize?code={quote(code)}"
        call = build(replace(ENDPOINT, method=method, url=url), city="Wellington, New Zealand")
        said = json.dumps({"error": f"{call.url} {code} Wellington, New Zealand"})

        outcome = read_function_answer(
            call, replace(ANSWER, status_code=status_code, body=said.encode())
        )

        kept = outcome.message if isinstance(outcome, Failure) else str(outcome)
        assert "function-key" not in kept
        assert "Wellington, New Zealand" in kept, "the caller may have back what it sent"

    def test_neither_has_a_question(self) -> None:
        said = {"status": "awaiting_input", "prompt": "the.access.token?", "schema": {}}
        outcome = read_function_answer(build(), replace(ANSWER, body=json.dumps(said).encode()))
        assert outcome == Awaits("••••?", {})

    def test_neither_has_the_reason_of_a_failure(self) -> None:
        answer = replace(ANSWER, status_code=500, reason=f"Bad {SECRET}", body=b"")
        assert failure(answer).message == "The endpoint answered 500 Bad ••••."

    @pytest.mark.parametrize(
        ("outcome", "kept"),
        [
            (Output({"a": ["the.access.token"]}), Output({"a": ["••••"]})),
            (Awaits("the.access.token", {}), Awaits("••••", {})),
            (Awaits("", {}, {"tags": ["the.access.token"]}), Awaits("", {}, {"tags": ["••••"]})),
            (Failure("the.access.token", output="b"), Failure("••••", output="b")),
            (Pending(), Pending()),
        ],
    )
    def test_neither_has_what_python_code_came_to(self, outcome: Outcome, kept: Outcome) -> None:
        assert without_token(outcome, "the.access.token") == kept

    def test_a_call_that_failed_is_a_failure_with_its_code(self) -> None:
        error = CallError("timeout", "The endpoint did not answer within 30 s.")
        failed = failure(replace(ANSWER, status_code=None, error=error))
        assert failed == Failure("The endpoint did not answer within 30 s.", "timeout")

    def test_an_output_of_a_mebibyte_is_taken_and_a_longer_one_is_a_failure(
        self, client: Client, answer: "Callable[[bytes], Server]"
    ) -> None:
        for size_bytes, is_taken in ((OUTPUT_MAX_BYTES, True), (OUTPUT_MAX_BYTES + 1, False)):
            text = b'"%s"' % (b"x" * (size_bytes - 2))
            server = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (size_bytes, text))
            call = build(replace(ENDPOINT, url=server.url()))
            outcome = read_function_answer(call, client.send(call))
            assert isinstance(outcome, Output) is is_taken
            if isinstance(outcome, Failure):
                assert outcome.code == "output_too_large"
                assert outcome.message == "The endpoint's answer is longer than 1 MiB."


def test_a_callback_has_ten_seconds_and_the_token_of_its_user() -> None:
    call = build_callback_call("https://app.example/done", {"status": "success"}, "fresh")
    assert call == Call(
        "POST",
        "https://app.example/done",
        (
            ("Content-Type", "application/json"),
            ("User-Agent", USER_AGENT),
            ("Authorization", "Bearer fresh"),
        ),
        b'{"status":"success"}',
        10,
    )
