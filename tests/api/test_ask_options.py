"""POST /agent-session-input-requests: what may be said besides the question."""

from typing import Any

import pytest

from tests.api.conftest import (
    APPROVAL,
    Api,
    Apis,
    ask,
    made,
    make_agent,
    question,
    start_session,
    wrong_paths,
)

PATH = "/agent-session-input-requests"
LATER = "2090-01-01T00:00:00Z"
LINK = {"text": "The order", "href": "https://shop.example/orders/7", "type": "link"}
SCAN = {"text": "The receipt", "href": "http://shop.example/7.pdf", "type": "attachment"}
OPTIONS: dict[str, Any] = {
    "priority": 100,
    "tags": ["refund", "vip"],
    "reference": "ORDER-7",
    "context": [LINK, SCAN],
    "allow_decline": False,
    "expires_at": LATER,
    "on_expire": "default",
    "default_response": {"approved": False},
    "forbid_requester": True,
    "required_responses": 20,
    "quorum": "majority",
}

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def session(alice: Api) -> Any:
    return start_session(alice, make_agent(alice)["id"])


def test_all_of_it_is_answered(alice: Api, session: Any) -> None:
    request = made(alice.post(PATH, question(session, **OPTIONS)))
    assert request.items() >= OPTIONS.items()
    assert alice.read(f"{PATH}/{request['id']}") == request
    assert alice.read(PATH)["items"] == [request]


def test_tags_count_once_and_stand_in_order(alice: Api, session: Any) -> None:
    request = made(alice.post(PATH, question(session, tags=["b", "a", "b"])))
    assert request["tags"] == ["a", "b"]


def test_a_context_is_a_link_unless_said(alice: Api, session: Any) -> None:
    link = {"text": LINK["text"], "href": LINK["href"]}
    assert made(alice.post(PATH, question(session, context=[link])))["context"] == [LINK]


def test_a_moment_is_taken_with_its_zone(alice: Api, session: Any) -> None:
    request = made(alice.post(PATH, question(session, expires_at="2090-01-01T02:00:00+02:00")))
    assert request["expires_at"] == LATER


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"priority": 101}, "/priority"),
        ({"priority": -1}, "/priority"),
        ({"priority": "high"}, "/priority"),
        ({"tags": ["x"] * 21}, "/tags"),
        ({"tags": ["x", ""]}, "/tags/1"),
        ({"tags": ["x" * 65]}, "/tags/0"),
        ({"tags": ["a\nb"]}, "/tags/0"),
        ({"tags": [" "]}, "/tags/0"),
        ({"reference": "x" * 256}, "/reference"),
        ({"reference": "a\tb"}, "/reference"),
        ({"context": [LINK] * 21}, "/context"),
        ({"context": [{**LINK, "href": "javascript:alert(1)"}]}, "/context/0/href"),
        ({"context": [{**LINK, "href": "/inbox"}]}, "/context/0/href"),
        ({"context": [{**LINK, "href": "https://x.example/" + "x" * 2048}]}, "/context/0/href"),
        *(
            ({"context": [LINK, {**LINK, "href": href}]}, "/context/1/href")
            for href in (
                *(
                    "http://a b",
                    "http://a b/c",
                    "https://x.example/\u202e/",
                    "https://\xad",
                ),
                *(
                    "https://x.example\u3000",
                    "https://x.ex\u200bample/",
                    "https://x.example/\u2028",
                ),
                *("https://x.example/\U000e0041", "https://x.example/\u00a0", "https://\u2066x/"),
            )
        ),
        ({"context": [{**LINK, "text": "The \u202eredro"}]}, "/context/0/text"),
        ({"tags": ["vip", "vi\u200bp"]}, "/tags/1"),
        ({"reference": "ORDER-\u20667"}, "/reference"),
        ({"context": [{**LINK, "type": "image"}]}, "/context/0/type"),
        ({"context": [{"href": LINK["href"]}]}, "/context/0/text"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2090-01-01T00:00:00"}, "/expires_at"),
        ({"on_expire": "decline"}, "/on_expire"),
        ({"expires_at": LATER, "on_expire": "explode"}, "/on_expire"),
        ({"expires_at": LATER, "on_expire": "default"}, "/default_response"),
        ({"expires_at": LATER, "default_response": {"approved": True}}, "/default_response"),
        ({"forbid_requester": "yes"}, "/forbid_requester"),
    ],
)
def test_points_at_what_is_wrong(
    alice: Api, session: Any, fields: dict[str, Any], path: str
) -> None:
    assert wrong_paths(alice.post(PATH, question(session, **fields))) == [path]


def test_names_what_nobody_sees(alice: Api, session: Any) -> None:
    answer = alice.post(PATH, question(session, tags=["a\u202eb"]))
    assert '"This has characters that nobody sees, such as U+202E."' in answer.text


@pytest.mark.parametrize(
    "href", ["https://bücher.example/größe?q=日本語", "HTTP://x.example:8/%20#a(b)", "https://x/🍕"]
)
def test_any_address_that_is_seen_is_taken(alice: Api, session: Any, href: str) -> None:
    options = {
        "context": [{**LINK, "href": href}],
        "tags": ["größe", "\u0645\u06cc\u200c\u062e", "👩\u200d🚀"],
    }
    assert made(alice.post(PATH, question(session, **options)))["context"][0]["href"] == href


def test_a_default_that_does_not_fit_is_refused_field_by_field(alice: Api, session: Any) -> None:
    wrong = {"expires_at": LATER, "on_expire": "default", "default_response": {"limit": 0}}
    response = alice.post(PATH, question(session, **wrong))
    assert sorted(wrong_paths(response, "invalid_response")) == [
        "/default_response/approved",
        "/default_response/limit",
    ]
    assert alice.read(PATH)["items"] == []


def test_a_secret_in_the_default_is_the_agents_alone(apis: Apis, session: Any) -> None:
    pin = {"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}}}
    options = {"expires_at": LATER, "on_expire": "default", "default_response": {"pin": "1234"}}
    request = made(apis.alice.post(PATH, question(session, schema=pin, **options)))
    assert request["default_response"] == {"pin": "1234"}
    assert apis.bob.read(f"{PATH}/{request['id']}")["default_response"] == {"pin": "••••••"}


def test_lists_by_tag_and_by_reference(alice: Api, apis: Apis) -> None:
    first = ask(alice, tags=["vip", "refund"], reference="ORDER-7")
    second = ask(alice, tags=["refund"], schema=APPROVAL)
    for query, found in {
        "tag=refund": [second, first],
        "tag=vip": [first],
        "tag=nobodys": [],
        "tag=refund&status=pending": [second, first],
        "tag=refund&status=resolved": [],
        "reference=ORDER-7": [first],
        "reference=ORDER": [],
    }.items():
        assert alice.read(f"{PATH}?{query}")["items"] == found, query
        assert apis.charlie.read(f"{PATH}?{query}")["items"] == []


def test_a_list_by_tag_goes_on(alice: Api, session: Any) -> None:
    asked = [made(alice.post(PATH, question(session, tags=["a", "b"])))["id"] for _ in range(5)]
    found, address = [], f"{PATH}?tag=a&$limit=2"
    page = alice.read(address)
    while True:
        found += [item["id"] for item in page["items"]]
        if page["trail"] is None:
            break
        page = alice.read(f"{address}&$trail={page['trail']}")
    assert found == asked[::-1]


def test_what_was_asked_is_answered_as_it_is_read(alice: Api, session: Any) -> None:
    everything = {
        "tags": ["vip", "refund", "vip"],
        "context": [LINK],
        "priority": 7,
        "reference": "ORDER-7",
        "expires_at": "2090-01-01T02:00:00.5+02:00",
        "on_expire": "default",
        "default_response": {"approved": True, "limit": 1e2},
    }
    for options in ({}, everything):
        request = made(alice.post(PATH, question(session, **options)))
        assert alice.read(f"{PATH}/{request['id']}") == request
