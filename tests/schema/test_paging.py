"""Many fields and rows are drawn in pages; all of them have their part in the answer."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.schema.form import AnswerForm
from tests.schema.secret_cases import Vault

FormData = MultiDict[str, str]
Untouched = Callable[[AnswerForm], FormData]
TEXT: Any = {"type": "string", "maxLength": 30}
WIDE: Any = {"properties": {f"p{n}": {**TEXT, "default": f"d{n}"} for n in range(1_000)}}
LONG: Any = {"properties": {"l": {"type": "array", "items": TEXT}, "note": TEXT}}
ROWS: Any = {"l": [f"row {n}" for n in range(250)]}


class Reviewer:
    """Somebody who fills in a form and goes from page to page."""

    def __init__(self, untouched: Untouched, schema: Any, proposed: Any = None) -> None:
        self.untouched, self.schema, self.proposed = untouched, schema, proposed
        self.vault = Vault()
        self.form = AnswerForm.blank(schema, proposed)
        self.sent = untouched(self.form)

    def press(self, button: str, value: str) -> None:
        sent = MultiDict([*self.sent.items(multi=True), (button, value)])
        form = self._submitted(sent).changed_by(sent)
        assert form is not None
        self.form, self.sent = form, self.untouched(form)

    def send(self) -> Any:
        self.form = self._submitted(self.sent)
        submission = self.form.read()
        self.sent = self.untouched(self.form)
        return submission.value

    def _submitted(self, sent: FormData) -> AnswerForm:
        return AnswerForm.submitted(self.schema, sent, self.proposed, self.vault)


def texts(sent: FormData) -> list[str]:
    return [name for name in sent if name.count("-") == 2 and name[-1].isdecimal()]


@pytest.mark.parametrize(
    ("schema", "proposed"), [(WIDE, None), (LONG, ROWS), (LONG, {**ROWS, "note": "n"})]
)
def test_untouched_everything_comes_back(schema: Any, proposed: Any, untouched: Untouched) -> None:
    reviewer = Reviewer(untouched, schema, proposed)
    assert len(reviewer.sent) < 1_000
    assert reviewer.send() == (proposed or {f"p{n}": f"d{n}" for n in range(1_000)})


def test_a_list_is_drawn_a_hundred_rows_at_a_time(
    draw: Callable[[AnswerForm], str], untouched: Untouched
) -> None:
    reviewer = Reviewer(untouched, LONG, ROWS)
    assert len(texts(reviewer.sent)) == 100
    assert "Rows 1\u2013100 of 250" in draw(reviewer.form)
    reviewer.press("_page", "answer-0:2")
    assert "Rows 201\u2013250 of 250" in draw(reviewer.form)
    assert len(texts(reviewer.sent)) == 50


def test_what_was_typed_on_other_pages_is_kept(untouched: Untouched) -> None:
    reviewer = Reviewer(untouched, LONG, ROWS)
    reviewer.sent["answer-0-3"] = "changed"
    reviewer.press("_page", "answer-0:1")
    assert "changed" not in str(reviewer.sent)
    reviewer.sent["answer-0-103"] = "too"
    reviewer.press("_page", "answer-0:2")
    answer = reviewer.send()
    assert answer["l"] == [{3: "changed", 103: "too"}.get(n, f"row {n}") for n in range(250)]
    reviewer.press("_page", "answer-0:0")
    assert reviewer.sent["answer-0-3"] == "changed"
    reviewer.sent["answer-0-3"] = "row 3"
    assert reviewer.send()["l"][3] == "row 3"


def test_a_field_of_a_wide_object_keeps_what_was_typed(untouched: Untouched) -> None:
    reviewer = Reviewer(untouched, WIDE)
    reviewer.sent["answer-5"] = "typed"
    reviewer.press("_page", "answer:9")
    reviewer.sent["answer-999"] = ""
    answer = reviewer.send()
    assert (answer["p5"], answer["p6"]) == ("typed", "d6")
    assert "p999" not in answer


def test_an_error_on_another_page_turns_to_it(untouched: Untouched) -> None:
    reviewer = Reviewer(untouched, LONG, ROWS)
    reviewer.press("_page", "answer-0:2")
    reviewer.sent["answer-0-240"] = "x" * 31
    reviewer.press("_page", "answer-0:0")
    assert reviewer.send() is None
    assert reviewer.sent["answer-0-240"] == "x" * 31
    assert [line.html_id for line in reviewer.form.error_summary] == ["answer-0-240"]


def test_a_new_row_is_on_the_page_that_comes_up(untouched: Untouched) -> None:
    reviewer = Reviewer(untouched, LONG, ROWS)
    reviewer.press("_add", "answer-0")
    assert reviewer.sent["answer-0-250"] == ""
    reviewer.sent["answer-0-250"] = "new"
    reviewer.press("_remove", "answer-0-249")
    assert reviewer.send()["l"] == [*ROWS["l"][:249], "new"]


def test_secrets_on_other_pages_are_not_drawn(
    draw: Callable[[AnswerForm], str], untouched: Untouched
) -> None:
    pin: Any = {"type": "string", "writeOnly": True}
    proposed = {"l": ["s3cret"] * 150}
    reviewer = Reviewer(untouched, {"properties": {"l": {"type": "array", "items": pin}}}, proposed)
    reviewer.press("_page", "answer-0:1")
    assert "s3cret" not in draw(reviewer.form)
    assert reviewer.send() == proposed


def test_pages_hold_so_many_fields_that_a_browser_can_draw_them(untouched: Untouched) -> None:
    row: Any = {"properties": {f"x{n}": TEXT for n in range(50)}}
    schema: Any = {"properties": {"l": {"type": "array", "items": row}}}
    form = AnswerForm.blank(schema, {"l": [{}] * 90})
    assert form.root.children[0].pages[0] == (0, 15)


def test_pages_made_up_by_a_browser_do_no_harm(untouched: Untouched) -> None:
    for page in ("-1", "99", "x", "9" * 99, ""):
        reviewer = Reviewer(untouched, LONG, ROWS)
        reviewer.press("_page", f"answer-0:{page}")
        assert reviewer.send() == ROWS
