"""Schemas of real-world shape: none of them breaks the form, and what it proposes comes back.

corpus.json holds, a line each, a schema, what its form answers when nobody touches it (null where
that is not valid), and where it then has errors.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import dump
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from tests.support.cases import for_each

FormData = MultiDict[str, str]
CORPUS: dict[str, Any] = json.loads(Path(__file__).with_name("corpus.json").read_text())


def test_the_corpus_is_broad() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", CORPUS)
def test_passes_the_limits(name: str) -> None:
    check_schema(CORPUS[name]["schema"])


@pytest.mark.parametrize("name", CORPUS)
def test_untouched_answers_exactly_what_is_proposed(
    name: str, untouched: Callable[[AnswerForm], FormData]
) -> None:
    schema = CORPUS[name]["schema"]
    submission = AnswerForm.submitted(schema, untouched(AnswerForm.blank(schema))).read()
    assert [error.path for error in submission.errors] == CORPUS[name]["errors"]
    assert dump(submission.value) == dump(CORPUS[name]["untouched"])


@pytest.mark.parametrize("name", CORPUS)
def test_drawing_what_was_sent_sends_the_same_again(
    name: str, untouched: Callable[[AnswerForm], FormData]
) -> None:
    schema = CORPUS[name]["schema"]
    once = untouched(AnswerForm.blank(schema))
    again = untouched(AnswerForm.submitted(schema, once))
    assert list(again.items(multi=True)) == list(once.items(multi=True))


@pytest.mark.parametrize("name", CORPUS)
def test_an_empty_post_is_read_and_every_error_has_its_place(
    name: str, browse: Callable[[AnswerForm], Any]
) -> None:
    form = AnswerForm.submitted(CORPUS[name]["schema"], MultiDict())
    submission = form.read()
    assert (submission.value is None) == bool(submission.errors)
    assert len(form.error_summary) == len(submission.errors)
    ids = browse(form).ids
    assert len(ids) == len(set(ids))
    assert {line.html_id for line in form.error_summary} <= set(ids)


@pytest.mark.parametrize("name", CORPUS)
def test_nonsense_in_every_control_is_read(
    name: str,
    draw: Callable[[AnswerForm], str],
    untouched: Callable[[AnswerForm], FormData],
) -> None:
    names = untouched(AnswerForm.blank(CORPUS[name]["schema"]))

    def is_read(text: str) -> None:
        form = AnswerForm.submitted(CORPUS[name]["schema"], MultiDict(dict.fromkeys(names, text)))
        submission = form.read()
        assert (submission.value is None) == bool(submission.errors)
        assert draw(form)

    for_each(["{nonsense \u2028", "\0", "9" * 5000, "[" * 5000, "NaN", "1e999"], is_read)
