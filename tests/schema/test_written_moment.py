"""A date or a moment as people write it: read exactly, or refused with the right way to do it."""

import re

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONValue
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.written_moment import moment_of, refusal_of_date, zone_of


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-01-31 14:30", "Europe/Berlin", "2026-01-31T14:30:00+01:00"),
        ("2026-07-31 14:30", "Europe/Berlin", "2026-07-31T14:30:00+02:00"),
        ("2026-01-31T14:30:15.250", "Asia/Kolkata", "2026-01-31T14:30:15.250+05:30"),
        ("2026-01-31, 14:30", "America/St_Johns", "2026-01-31T14:30:00-03:30"),
        ("2026-01-31 14:30", "UTC", "2026-01-31T14:30:00+00:00"),
        ("2026-03-29 03:00", "Europe/Berlin", "2026-03-29T03:00:00+02:00"),
        ("2026-01-31 14:30Z", "", "2026-01-31T14:30:00Z"),
        ("2026-01-31 14:30 +0100", "", "2026-01-31T14:30:00+01:00"),
        ("2026-01-31t14:30:15.5z", "", "2026-01-31T14:30:15.5Z"),
    ],
)
def test_a_moment_is_read(text: str, zone: str, moment: str) -> None:
    assert moment_of(text, zone_of(zone)) == moment


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("2026-01-31 14:30", "", "Add the offset of your time zone, such as 2026-01-31T14:30:00"),
        ("2026-01-31", "Europe/Berlin", "Add the time, such as 2026-01-31 14:30."),
        ("2026-03-29 02:30", "Europe/Berlin", "There is no 02:30 on 2026-03-29 in Europe/Berlin"),
        (
            "2026-10-25 02:30",
            "Europe/Berlin",
            "Write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00.",
        ),
        ("2026-04-31 14:30", "UTC", "There is no day 31 in April 2026, which has 30 days."),
        ("31.1.2026 14:30", "UTC", "Write the date as year-month-day: 2026-01-31."),
        ("2026-01-31 25:00", "UTC", "There is no time 25:00:00."),
        ("1850-01-01 00:00", "Europe/Berlin", "Add the offset of your time zone at that time"),
        ("0001-01-01 00:00", "Europe/Berlin", "Add the offset of your time zone at that time"),
        ("9999-12-31 23:59", "Europe/Berlin", "Add the offset of your time zone at that time"),
        ("tomorrow", "UTC", "Write a date and a time"),
    ],
)
def test_or_refused_in_words(text: str, zone: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        moment_of(text, zone_of(zone))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-04-31", "There is no day 31 in April 2026, which has 30 days."),
        ("30.2.2028", "There is no day 30 in February 2028, which has 29 days."),
        ("31.1.2026", "Write the date as year-month-day: 2026-01-31."),
        ("2026-1-5", "Write the date as year-month-day: 2026-01-05."),
        ("31/1/2026", "Write the date as year-month-day: 2026-01-31."),
        ("3/4/2026", "Write the date as year-month-day, such as 2026-01-31."),
        ("2026-13-01", "There is no month 13."),
        ("0000-01-01", "Write the date as year-month-day, such as 2026-01-31."),
        ("2026-02", "Write the date as year-month-day, such as 2026-01-31."),
        ("31 April", "Write the date as year-month-day, such as 2026-01-31."),
    ],
)
def test_what_is_no_date_is_refused_with_the_right_way(text: str, words: str) -> None:
    assert refusal_of_date(text).startswith(words)


@pytest.mark.parametrize(
    "name", ["", "Europe", "../etc/passwd", "/etc/localtime", "No/Where", "x" * 99]
)
def test_what_is_no_zone_is_none(name: str) -> None:
    assert zone_of(name) is None


def sent(schema: JSONValue, typed: str, zone: str = "") -> AnswerForm:
    pairs = {"answer-0": typed, "answer-0-zone": zone}
    return AnswerForm.submitted({"properties": {"a": schema}}, MultiDict(pairs))


def test_what_was_proposed_keeps_its_offset_its_seconds_and_their_fractions() -> None:
    for text in ("2026-01-31T14:30:15.250+05:30", "2026-01-31t14:30:00z", "2016-12-31T23:59:60Z"):
        schema: JSONValue = {"type": "string", "format": "date-time", "default": text}
        assert sent(schema, text, "Europe/Berlin").read().value == {"a": text}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("date", " 2026-01-31 ", "2026-01-31"),
        ("time", "14:30:00+01:00", "14:30:00+01:00"),
        ("date-time", "2026-01-31 14:30", "2026-01-31T14:30:00+01:00"),
        ("color", "Rebecca Purple", "Rebecca Purple"),
    ],
)
def test_a_field_reads_it(name: str, typed: str, value: str) -> None:
    form = sent({"type": "string", "format": name}, typed, "Europe/Berlin")
    assert form.read().value == {"a": value}


@pytest.mark.parametrize(
    ("name", "typed"), [("date", "31 April"), ("time", "14:30"), ("date-time", "2026-01-31 14:30")]
)
def test_a_field_refuses_it_and_keeps_what_was_typed(name: str, typed: str) -> None:
    form = sent({"type": "string", "format": name}, typed)
    (error,) = form.read().errors
    assert error.path == "/a"
    assert form.root.children[0].text == typed
