"""The pages of sinks: their list, a feed, an item, and the page that everybody may read."""

import re
import time
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import AuditAction, AuditEntry, Sink, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast
from tests.support.sinks import put, sink_of

NEW = {"name": "News", "color": "blue"}


@pytest.fixture
def sinks(cast: Cast) -> str:
    return f"/w/{cast.alice.workspace_slug}/sinks"


@pytest.fixture
def sink_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return sink_of(cast.alice, name="Trades", description="What was bought.")


def test_one_is_made_changed_and_deleted(app: Flask, alice: FlaskClient, sinks: str) -> None:
    assert "No sinks yet" in alice.get(sinks).text
    made = alice.post(f"{sinks}/new", data=NEW)
    assert made.status_code == 303
    edit = made.headers["Location"]
    changed = {**NEW, "name": "Latest", "is_public": "y", "public_slug": "the-latest"}
    assert alice.post(edit, data=changed).status_code == 303
    page = alice.get(sinks).text
    assert "Latest" in page
    assert "/sinks/the-latest" in page
    assert "it is empty" in alice.get(edit).text
    assert alice.post(edit.replace("/edit", "/delete")).status_code == 303
    assert "No sinks yet" in alice.get(sinks).text
    assert alice.get(edit).status_code == 404


def test_what_is_wrong_is_said_and_what_was_typed_stays(alice: FlaskClient, sinks: str) -> None:
    for wrong in ({"name": " "}, {"public_slug": "Not This"}, {"color": "black"}):
        answer = alice.post(f"{sinks}/new", data={**NEW, "description": "Typed.", **wrong})
        assert answer.status_code == 422
        assert "Typed." in answer.text
    assert "No sinks yet" in alice.get(sinks).text


def test_a_feed_is_searched_filtered_and_read_on(
    app: Flask, cast: Cast, alice: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    feed = f"{sinks}/{sink_id}"
    assert "Nothing in here yet" in alice.get(feed).text
    with app.app_context():
        other = sink_of(cast.alice, name="Other")
        put(cast.alice, other, "Elsewhere", type="note")
        put(cast.alice, sink_id, *(f"Trade number {number}." for number in range(45)), type="trade")
    everything = f"/w/{cast.alice.workspace_slug}/sink-items"
    assert "Elsewhere" in alice.get(f"{everything}?type=note").text
    assert "Trade number" not in alice.get(f"{everything}?search=elsewhere").text
    assert "No items match" in alice.get(f"{feed}?search=elsewhere").text
    assert "Trade number 7." in alice.get(f"{feed}?search=number+7").text
    assert "No items match" in alice.get(f"{feed}?from=2090-01-01").text
    assert "No items match" in alice.get(f"{feed}?to=2020-01-01").text
    assert "Trade number 44." in alice.get(f"{feed}?from=2020-01-01&to=2090-01-01").text
    assert alice.get(f"{feed}?from=soon").status_code == 400
    seen: list[str] = []
    address, headers = f"{feed}?type=trade", dict[str, str]()
    while address:
        page = alice.get(address, headers=headers).text
        assert ("<html" in page) is (not headers)
        seen += re.findall(r"Trade number (\d+)\.", page)
        more = re.search(r'href="([^"]*trail[^"]*)" rel="next"', page)
        address = more[1].replace("&amp;", "&") if more else ""
        headers = {"HX-Request": "true", "HX-Target": "feed-more"}
    assert seen == [str(number) for number in reversed(range(45))]


def test_an_item_is_shown_whole_and_deleted(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    said: dict[str, Any] = {
        "body": "Below the **limit**. <script>alert(1)</script>" + "x" * 2000 + " the end",
        "url": "https://example.com/trade",
        "fields": {"price": 9.5, "whole": 1.0, "large": 2**53 + 1, "of": [1, "a", None]},
        "resources": [{"type": "link", "label": "<b>Chart", "url": "https://example.com/chart"}],
    }
    with app.app_context():
        (item_id,) = put(cast.alice, sink_id, "<i>Bought", **said)
    assert "Show all of it" in alice.get(f"{sinks}/{sink_id}").text
    address = f"/w/{cast.alice.workspace_slug}/sink-items/{item_id}"
    page = bob.get(address).text
    for shown in (
        "<strong>limit</strong>",
        "the end",
        "9.5",
        "1.0",
        "9007199254740993",
        "1, a, none",
    ):
        assert shown in re.sub(r"</?a\b[^>]*>", "", page)
    assert "&lt;i&gt;Bought" in page
    assert "&lt;b&gt;Chart" in page
    assert "<script>alert" not in page
    place = re.search(r'href="([^"]*trail=[^"]*)"', page)
    assert place is not None
    assert f'id="{item_id}"' in alice.get(place[1]).text
    assert bob.post(f"{address}/delete").status_code == 403
    assert alice.post(f"{address}/delete").status_code == 303
    assert alice.get(address).status_code == 404


def test_the_secret_is_shown_to_who_asks_and_the_call_works(
    app: Flask, alice: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    there = f"{sinks}/{sink_id}"
    with app.app_context(), reading():
        secret = db.session.get_one(Sink, sink_id).secret
    assert secret not in alice.get(f"{there}/edit").text
    assert secret in alice.post(f"{there}/secret").text
    replaced = alice.post(f"{there}/rotate-secret").text
    assert secret not in replaced
    new = re.search(r"oss_[\w-]+", replaced)
    assert new is not None
    sent = app.test_client().post(
        f"/api/v1/sinks/{sink_id}/items",
        json={"title": "Hello from a script"},
        headers={"X-OpenSink-Secret": new[0]},
    )
    assert sent.status_code == 201
    assert "Hello from a script" in alice.get(there).text
    with app.app_context(), reading():
        actions = {each.action for each in db.session.query(AuditEntry)}
        assert {AuditAction.SINK_SECRET_SHOWN, AuditAction.SINK_SECRET_ROTATED} <= actions


def test_who_reads_changes_nothing_and_others_see_nothing(
    bob: FlaskClient, charlie: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    there = f"{sinks}/{sink_id}"
    assert "Trades" in bob.get(sinks).text
    assert bob.get(there).status_code == 200
    assert "/edit" not in bob.get(there).text
    for address in ("new", f"{sink_id}/edit"):
        assert bob.get(f"{sinks}/{address}").status_code == 403
    for what in ("secret", "rotate-secret", "delete"):
        assert bob.post(f"{there}/{what}").status_code == 403
        assert charlie.post(f"{there}/{what}").status_code == 404
    assert charlie.get(there).status_code == charlie.get(sinks).status_code == 404


def test_everybody_reads_a_public_sink_and_nothing_else(app: Flask, cast: Cast) -> None:
    with app.app_context():
        shown = sink_of(cast.alice, name="Shown", is_public=True, public_slug="shown-here")
        put(cast.alice, shown, *(f"Item {number}." for number in range(25)))
        put(cast.alice, shown, "<b>Hostile", body="<img src=x onerror=alert(1)> [x](javascript:1)")
        hidden = sink_of(cast.alice, name="Hidden", public_slug="hidden-here")
        put(cast.alice, hidden, "A hidden thing")
        sink_of(cast.alice, name="Indexed", is_public=True, is_indexed=True, public_slug="indexed")
    anybody = app.test_client()
    page = anybody.get("/sinks/shown-here")
    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "X-Robots-Tag" not in anybody.get("/sinks/indexed").headers
    for word in ("&lt;b&gt;Hostile", "Item 24."):
        assert word in page.text
    for word in ("/w/", cast.alice.email, str(shown), "Hidden", 'href="javascript:'):
        assert word not in page.text, word
    assert "onerror=alert(1)>" not in page.text
    more = re.search(r'href="([^"]*trail[^"]*)"', page.text)
    assert more is not None
    assert "Item 0." in anybody.get(more[1]).text
    assert "There is more" not in page.text
    nothing = [anybody.get(f"/sinks/{each}") for each in ("hidden-here", "nobody-has", "x%00")]
    assert {each.status_code for each in nothing} == {404}
    assert len({re.sub("hidden-here|nobody-has", "", each.text) for each in nothing[:2]}) == 1


_HIDDEN_TEXT = "a\u200b" * 150_000
_LARGE: list[dict[str, Any]] = [
    {"body": _HIDDEN_TEXT},
    {"fields": {"name": _HIDDEN_TEXT}},
    {"fields": {"name": [_HIDDEN_TEXT] * 2}},
    {"fields": {"name": ["\u200b", 1] * 50_000}},
    {"fields": {_HIDDEN_TEXT: "value"}},
    {"fields": {f"{number}\u200b": "\u200b" for number in range(50_000)}},
    {"resources": [{"type": "link", "label": "\u200b", "url": "https://a.example"}] * 10_000},
]


@pytest.mark.parametrize("said", _LARGE, ids=lambda said: next(iter(said)))
def test_no_item_keeps_the_server_busy_for_long(
    app: Flask, cast: Cast, alice: FlaskClient, said: dict[str, Any]
) -> None:
    with app.app_context():
        shown = sink_of(cast.alice, name="Shown", is_public=True, public_slug="shown-here")
        (item_id, *_) = put(cast.alice, shown, *["Large"] * 5, **said)
    slug = cast.alice.workspace_slug
    pages = {
        "/sinks/shown-here": app.test_client(),
        f"/w/{slug}/sinks/{shown}": alice,
        f"/w/{slug}/sink-items/{item_id}": alice,
    }
    for address, client in pages.items():
        started = time.process_time()
        page = client.get(address).text
        assert time.process_time() - started < 3
        assert len(page) < 700_000
        more = "Show all of it" if "/sinks/" in address and slug in address else "There is more of"
        assert more in page or "characters are not shown" in page


def test_what_is_cut_on_a_public_page_says_so(app: Flask, cast: Cast) -> None:
    with app.app_context():
        shown = sink_of(cast.alice, name="Shown", is_public=True, public_slug="shown-here")
        put(cast.alice, shown, "Long", body="x" * 2000, fields={"a": "b" * 299})
        put(cast.alice, shown, "Short", body="x" * 1500, fields={"a": "b" * 300})
    page = app.test_client().get("/sinks/shown-here").text
    assert page.count("There is more of this than is shown here.") == 1
    assert "x" * 1501 not in page
    assert "/w/" not in page


def test_a_description_is_not_too_long(alice: FlaskClient, sinks: str) -> None:
    assert alice.post(f"{sinks}/new", data=NEW | {"description": "x" * 2001}).status_code == 422
    assert alice.post(f"{sinks}/new", data=NEW | {"description": "x" * 2000}).status_code == 303


def news_of(page: str) -> str:
    asked = re.search(r'id="feed-news"[^>]*hx-get="([^"]+)"', page)
    assert asked is not None
    return asked[1].replace("&amp;", "&")


NEWS = {"HX-Request": "true", "HX-Target": "feed-news"}


def test_an_open_feed_says_how_many_are_new_and_shows_them(
    app: Flask, cast: Cast, alice: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    with app.app_context():
        put(cast.alice, sink_id, *(f"Trade {number}." for number in range(30)), type="trade")
    feed = f"{sinks}/{sink_id}?type=trade"
    asked = news_of(alice.get(feed).text)
    assert alice.get(asked, headers=NEWS).status_code == 204
    with app.app_context():
        put(cast.alice, sink_id, "Note.", type="note")
        put(cast.alice, sink_id, "First new.", "Second new.", type="trade")
    said = alice.get(asked, headers=NEWS).text
    assert "2 new" in said
    assert "Second new." not in said
    assert alice.get(news_of(said), headers=NEWS).status_code == 204, "it says so already"
    take = re.search(r'class="live-pill"[^>]*hx-get="([^"]+)"', said)
    assert take is not None
    taken = alice.get(take[1].replace("&amp;", "&"), headers=NEWS).text
    assert re.findall(r"\w+ new\.", taken) == ["Second new.", "First new."]
    assert "autofocus" in taken
    assert alice.get(news_of(taken), headers=NEWS).status_code == 204
    with app.app_context():
        put(cast.alice, sink_id, *["Flood."] * 21, type="trade")
    flood = alice.get(news_of(taken), headers=NEWS).text
    assert "20+ new" in flood
    assert "&amp;take=1" not in flood, "they are more than are put above the others"
    assert alice.get(f"{feed}&after=x", headers=NEWS).status_code == 400
    last = "_____________________w"  # the cursor of the greatest id there can be
    assert alice.get(f"{feed}&after={last}", headers=NEWS).status_code == 204
    assert alice.get(f"{feed}&top={last}&through={last}").status_code == 200


def test_a_feed_that_went_on_is_the_same_when_one_comes_back(
    app: Flask, cast: Cast, alice: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    with app.app_context():
        put(cast.alice, sink_id, *(f"Trade {number}." for number in range(130)))
    address = f"{sinks}/{sink_id}"
    more = alice.get(address).text
    for shown in (40, 60, 80, 100):
        asked = re.search(r'hx-get="([^"]*shown=[^"]*)"', more)
        assert asked is not None, shown
        answer = alice.get(
            asked[1].replace("&amp;", "&"),
            headers={"HX-Request": "true", "HX-Target": "feed-more"},
        )
        more, address = answer.text, answer.headers["HX-Replace-Url"]
    assert "shown=" not in more, "from here on it is pages"
    assert 'rel="next"' in more
    with app.app_context():
        put(cast.alice, sink_id, "Newer.")
    back = alice.get(address).text
    titles = [str(number) for number in reversed(range(30, 130))]
    assert re.findall(r"Trade (\d+)\.</a>", back) == titles
    assert 'rel="next"' in back
    assert "1 new" in back
    assert alice.get(news_of(back), headers=NEWS).status_code == 204, "it says so already"


def test_a_value_of_a_field_leads_to_what_else_has_it(
    app: Flask, cast: Cast, alice: FlaskClient, sinks: str, sink_id: UUID
) -> None:
    with app.app_context():
        put(cast.alice, sink_id, "Has it.", "Too.", fields={"a & b": ["x=1", True], "n": 9.5})
        put(cast.alice, sink_id, "Has not.", fields={"a & b": ["x"], "n": 95})
        put(cast.alice, sink_id, "Long.", fields={"a & b": "y" * 100})
    feed = f"{sinks}/{sink_id}"
    for value in ("x=1", "yes", "9.5"):
        link = re.search(
            rf'<a class="sink-value"[^>]*href="([^"]+)"[^>]*>{value}</a>',
            alice.get(feed).text,
        )
        assert link is not None, value
        page = alice.get(link[1].replace("&amp;", "&")).text
        assert "Has it." in page
        assert "Too." in page
        assert "Has not." not in page
        without = re.search(r'class="chip-off" href="([^"]+)"', page)
        assert without is not None
        assert without[1] == feed
    assert "y" * 100 + "</a>" not in alice.get(feed).text
    assert "No items match" in alice.get(f"{feed}?field=n&value=9").text
