"""How templates write values."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from opensink_web.json_value import JSONValue
from opensink_web.web.rendering import filters

ROOT = Path(__file__).parents[3]
MOMENT = datetime(2026, 3, 9, 14, 5, 59, 999_000, UTC)


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__, static_folder=str(ROOT / "static"))
    filters.register(app)
    return app


def test_iso_is_rfc_3339_with_z() -> None:
    assert filters.iso(MOMENT) == "2026-03-09T14:05:59Z"


def test_a_sentence_is_taken_apart_at_its_moments() -> None:
    at = datetime(2026, 3, 9, 14, 5, 59, tzinfo=UTC)

    assert filters.with_moments("Answered on 2026-03-09 14:05:59 UTC.") == ["Answered on ", at, "."]
    assert filters.with_moments("Answered.") == ["Answered."]
    assert filters.with_moments("") == [""]


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    moment = datetime(2026, 3, 9, 1, 0, tzinfo=timezone(timedelta(hours=2)))

    assert filters.iso(moment) == "2026-03-08T23:00:00Z"
    assert filters.utc_text(moment) == "8 Mar 2026, 23:00 UTC"


def test_a_moment_without_a_zone_is_in_utc() -> None:
    assert filters.iso(MOMENT.replace(tzinfo=None)) == "2026-03-09T14:05:59Z"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (1200, "1.2 s"),
        (59_960, "1 min 0 s"),
        (185_000, "3 min 5 s"),
        (3_599_900, "1 h 0 min"),
        (90_000_000, "25 h 0 min"),
    ],
)
def test_duration_takes_the_units_people_would(milliseconds: float, text: str) -> None:
    assert filters.duration(milliseconds) == text


def test_number_sets_thousands_apart() -> None:
    assert filters.number(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("email", "text"),
    [("ada.lovelace@x.example", "AL"), ("bob@x.example", "B"), ("a-b.c@x.example", "AB")],
)
def test_initials_stand_for_a_person(email: str, text: str) -> None:
    assert filters.initials(email) == text


def test_json_is_escaped_by_the_template(app: Flask) -> None:
    with app.test_request_context():
        html = render_template_string("{{ value | json_pretty }}", value={"a": "</pre>é"})

    assert html == "{\n  &#34;a&#34;: &#34;&lt;/pre&gt;é&#34;\n}"


def test_a_page_has_room_for_so_much_json(app: Flask) -> None:
    value: JSONValue = ["x" * 1000] * 100
    with app.test_request_context():
        shown = [filters.json_shown(value) for _ in range(10)]

    assert all(one.is_cut for one in shown)
    assert len(shown[0].text) == filters.JSON_LENGTH
    assert shown[-1].text == ""
    assert sum(len(one.text) for one in shown) == filters.JSON_LENGTH_OF_PAGE


def test_json_that_fits_is_shown_whole(app: Flask) -> None:
    with app.test_request_context():
        assert filters.json_shown({"a": 1}) == filters.ShownJson('{\n  "a": 1\n}', is_cut=False)


def test_an_entry_shows_the_beginning_of_a_long_text() -> None:
    assert filters.beginning("short") == "short"
    assert filters.beginning("x" * 7000).endswith("x… (2,000 more characters)")
