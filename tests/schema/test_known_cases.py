"""Schemas that a form once got wrong, each looked at as a person would."""

import re

import pytest

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.form import AnswerForm, Submission
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import validate
from tests.schema.cases import corpus
from tests.schema.page import Element, Page, drawn
from tests.schema.person import Person
from tests.schema.secret_cases import Vault
from tests.schema.sight import blocks_in, controls_of, label_of, suffix_of

KNOWN = {case.name: case.schema for case in corpus() if case.origin == "known"}


class Visit:
    """A form that is open in a browser."""

    def __init__(self, schema: JSONValue, proposed: JSONObject | None = None) -> None:
        self.schema, self.proposed, self.vault = schema, proposed, Vault()
        self.form = AnswerForm.blank(schema, proposed)
        self.page = Page(drawn(self.form))

    def block(self, label: str) -> Element:
        """Return the field of this label."""
        return next(each for each in every_block(self.page.root) if label_of(each) == label)

    def box(self, label: str) -> Element:
        """Return what is typed into, or the first of what is ticked, in the field of this label."""
        controls = controls_of(self.block(label))
        return next(each for each in controls if not suffix_of(each["name"]))

    def type(self, label: str, text: str) -> None:
        """Type into a field in place of what stands there."""
        box = self.box(label)
        box.attributes["value"] = text
        box.parts = [text]

    def choose(self, label: str, option: str) -> None:
        """Take one of the radio buttons."""
        labels = {each["for"]: each.text for each in self.block(label).every("label")}
        for each in controls_of(self.block(label)):
            each.attributes.pop("checked", None)
            if labels.get(each["id"]) == option:
                each.attributes["checked"] = ""

    def options(self, label: str) -> list[str]:
        """Return the words of the choices."""
        return [
            each.text
            for each in self.block(label).every("label", "option")
            if not each.has_class("answer-requirement")
        ]

    def press(self, name: str, value: str) -> None:
        """Press a button that draws the form again."""
        sent = self.page.sent
        sent.add(name, value)
        form = AnswerForm.submitted(self.schema, sent, self.proposed, self.vault).changed_by(sent)
        assert form is not None
        self.page = Page(drawn(form))

    def send(self) -> Submission:
        """Send the form; it is drawn again with the errors."""
        self.form = AnswerForm.submitted(self.schema, self.page.sent, self.proposed, self.vault)
        submission = self.form.read()
        self.page = Page(drawn(self.form))
        return submission


def every_block(element: Element) -> list[Element]:
    inner = blocks_in(element)
    return [*inner, *(below for each in inner for below in every_block(each))]


def places(submission: Submission) -> set[str]:
    return {error.path for error in submission.errors}


def test_no_answer_can_be_given_to_what_has_null_for_a_default() -> None:
    visit = Visit(KNOWN["default-null"])
    assert visit.send().value == {}

    visit.choose("Urgent?", "Yes")
    visit.type("Copies", "0")
    assert places(visit.send()) == {"/copies"}

    visit.choose("Urgent?", "No answer")
    visit.type("Copies", "")
    assert visit.send().value == {}


def test_an_emptied_text_is_left_out_where_the_empty_text_is_no_answer() -> None:
    visit = Visit(KNOWN["default-empty-text"])
    assert visit.send().value in ({}, {"free": ""})

    for label in ("Cc", "Po number", "Ticket", "Free"):
        visit.type(label, "no such thing")
    visit.send()
    for label in ("Cc", "Po number", "Ticket", "Free"):
        visit.type(label, "")
    assert visit.send().value in ({}, {"free": ""})
    assert Person(KNOWN["default-empty-text"]).answer({}) == {}


def test_null_is_offered_only_where_both_the_type_and_the_enum_have_it() -> None:
    visit = Visit(KNOWN["nullable-enum-without-null"])

    assert "None" not in visit.options("Severity")
    assert visit.options("Team").count("None") == 1
    assert "required" in visit.block("Severity").text
    (error,) = (each for each in visit.send().errors if each.path == "/severity")
    assert "required" in error.message


def test_nobody_consents_by_not_touching_the_form() -> None:
    visit = Visit(KNOWN["const-true-consent"])
    boxes = [visit.box(label) for label in CONSENTS]
    assert [box["type"] for box in boxes] == ["checkbox"] * 2
    assert not any("checked" in box.attributes for box in boxes)

    assert places(visit.send()) == {"/compared", "/understood"}

    assert {line.label for line in visit.form.error_summary} == set(CONSENTS)


CONSENTS = ("I have compared the amount with the invoice", "I know that this cannot be undone")


def test_a_required_text_is_not_sent_blank_unnoticed() -> None:
    visit = Visit(KNOWN["required-text-left-blank"])
    assert places(visit.send()) == {"/justification"}

    visit.type("Why?", "ok")

    assert visit.send().value == {"justification": "ok", "suffix": ""}


def test_a_blank_row_is_no_entry() -> None:
    visit = Visit(KNOWN["blank-list-rows"])
    assert any(place.startswith("/recipients") for place in places(visit.send()))

    visit = Visit(KNOWN["blank-list-rows"])
    visit.press("_add", "answer-0")
    visit.type("Entry 1", "a")
    assert places(visit.send()) == {"/recipients/1"}

    visit = Visit({"properties": {"amounts": KNOWN["blank-list-rows"]["properties"]["amounts"]}})  # type: ignore[index, call-overload]
    visit.press("_add", "answer-0")
    assert places(visit.send()) == {"/amounts/0"}


def test_an_emptied_optional_list_is_left_out_where_an_empty_one_does_not_fit() -> None:
    visit = Visit(KNOWN["optional-list-minitems"])
    visit.press("_remove", "answer-0-0")
    visit.press("_remove", "answer-2-0")
    visit.press("_add", "answer-1")
    visit.press("_remove", "answer-1-0")

    assert visit.send().value in ({}, {"sizes": None})


def test_the_nearest_default_wins_and_an_outer_empty_one_silences_none() -> None:
    assert Visit(KNOWN["default-of-parent-and-child"]).send().value == {
        "shipping": {"carrier": "post", "insured": True},
        "billing": {"carrier": "air", "insured": True},
    }


@pytest.mark.parametrize(
    "schema",
    [
        KNOWN["nothing-to-fill-in"],
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"type": "object"},
        {"type": "object", "title": "Go on?", "description": "Nothing else."},
        {},
        True,
    ],
)
def test_where_nothing_is_asked_nothing_is_typed(schema: JSONValue) -> None:
    visit = Visit(schema)

    assert not [each for each in visit.page.root.every("textarea", "input") if each["name"]]
    assert visit.page.root.text
    assert visit.send().value == {}


def test_one_of_two_shapes_is_chosen() -> None:
    schema = KNOWN["one-of-objects"]
    for answer in (
        {"action": "refund", "amount": 10.5},
        {"action": "reject", "reason": "is double"},
    ):
        assert Person(schema).answer(answer) == answer  # type: ignore[arg-type]
        assert Visit(schema, answer).send().value == answer  # type: ignore[arg-type]

    visit = Visit(schema, {"action": "refund", "amount": 5})
    visit.type("Amount", "0")
    assert places(visit.send()) == {"/amount"}


@pytest.mark.parametrize("also_outside", [False, True])
def test_a_reason_is_asked_for_when_rejected(also_outside: bool) -> None:
    schema: JSONValue = KNOWN["reason-if-rejected"]
    if also_outside:
        both = {"decision": {"enum": ["approve", "reject"]}, "reason": {"type": "string"}}
        schema = {**schema, "properties": both}  # type: ignore[dict-item]
    for answer in ({"decision": "approve"}, {"decision": "reject", "reason": "too late"}):
        assert Person(schema).answer(answer) == answer  # type: ignore[arg-type]

    visit = Visit(schema)
    visit.choose("Decision", "reject")
    assert places(visit.send()) == {"/reason"}
    assert [line.label for line in visit.form.error_summary] == ["Reason"]
    assert label_of(visit.block("Reason")) == "Reason"


def test_choices_are_shown_by_their_titles_and_sent_by_their_values() -> None:
    visit = Visit(KNOWN["enum-names"])

    for title in ("Frankfurt", "Oregon", "Inner", "Outer", "Small", "Large"):
        assert title in visit.page.root.text or title in drawn(with_row(visit))
    answer: JSONObject = {"region": "r-2", "zone": "z-2", "sizes": ["s", "l"]}
    assert Person(KNOWN["enum-names"]).answer(answer) == answer


def with_row(visit: Visit) -> AnswerForm:
    sent = visit.page.sent
    sent.add("_add", "answer-2")
    form = AnswerForm.blank(visit.schema).changed_by(sent)
    assert form is not None
    return form


def test_lengths_are_counted_as_people_count_letters() -> None:
    visit = Visit(KNOWN["length-of-emoji"])
    for box in visit.page.root.every("input", "textarea"):
        assert not box["maxlength"]

    for text, is_taken in [("👍🎉🚀", True), ("🚀🚀", True), ("🚀", False), ("👍🎉🚀✅", False)]:
        visit.type("Reaction", text)
        assert (visit.send().value == {"reaction": text}) is is_taken


@pytest.mark.parametrize("key", ["note", "code", "sign"])
def test_a_pattern_means_what_it_says_or_is_refused_with_the_true_reason(key: str) -> None:
    pattern = {"note": r"^[^\ud800-\udfff]*$", "code": r"^[^[\]]+$", "sign": "^[a-z&&b~~-]+$"}
    fits = {"note": "grün ✓", "code": "A-1", "sign": "a&~b"}[key]
    schema: JSONObject = {"properties": {key: {"type": "string", "pattern": pattern[key]}}}

    try:
        check_schema({"type": "object", **schema})
    except InvalidSchema as error:
        (told,) = error.errors
        assert told.path == f"/properties/{key}/pattern"
        assert "look" not in told.message
        assert told.message != "This is not a valid regular expression."
    else:
        assert not validate(schema, {key: fits})
        assert key == "note" or validate(schema, {key: "A[1]"})


def test_a_pattern_that_looks_ahead_at_its_start_is_taken() -> None:
    pattern = "^(?=.*[0-9])(?=.*[a-z]).{8,}$"
    schema: JSONObject = {"properties": {"passphrase": {"type": "string", "pattern": pattern}}}
    check_schema({"type": "object", **schema})
    visit = Visit(schema)
    for text in ("abcdefgh", "a1"):
        visit.type("Passphrase", text)
        [error] = visit.send().errors
        assert error.path == "/passphrase"
        assert error.message == f"This must match the pattern {pattern}"

    visit.type("Passphrase", "abcdefg1")
    assert visit.send().value == {"passphrase": "abcdefg1"}


def test_an_address_with_an_umlaut_is_refused_for_its_letters() -> None:
    visit = Visit(KNOWN["uri-with-umlaut"])
    visit.type("Link", "https://example.org/café")
    (error,) = visit.send().errors
    assert "%C3%A9" in error.message

    visit.type("Link", "HTTPS://Example.ORG")
    assert visit.send().value == {"link": "HTTPS://Example.ORG"}


@pytest.mark.parametrize(
    ("label", "text", "value"),
    [
        ("Whole", "9007199254740993.0", 9007199254740993),
        ("Whole", "9007199254740993", 9007199254740993),
        ("Whole", "1e3", 1000),
        ("Rate", "12345678901234567.89", None),
        ("Rate", "0.1", 0.1),
    ],
)
def test_every_digit_is_kept_or_refused_in_words(
    label: str, text: str, value: float | None
) -> None:
    visit = Visit(KNOWN["digits-of-numbers"])
    visit.type(label, text)

    submission = visit.send()

    key = label.lower()
    if submission.value is None:
        assert places(submission) == {f"/{key}"}
        assert value is None
    else:
        assert submission.value == {"account": 7205759403792794021, key: value}
        assert re.fullmatch(r"[0-9.]+", repr(submission.value[key]))
