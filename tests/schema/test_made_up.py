"""What a form promises, for schemas and answers that Hypothesis makes up.

`--examples N` has it look longer: the suite has time for four.
"""

import random

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from opensink_web.json_value import JSONObject, dump
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import validate
from tests.schema.made_up import cases
from tests.schema.page import Page, drawn
from tests.schema.secret_cases import MARKER, Vault

CASES_PER_EXAMPLE = 60


def comes_back_untouched(schema: JSONObject, answer: JSONObject) -> None:
    """What is proposed is stored as it was, and no secret of it is drawn on the way."""
    html = drawn(AnswerForm.blank(schema, answer))
    submitted = AnswerForm.submitted(schema, Page(html).sent, answer, Vault())
    assert dump(submitted.read().value) == dump(answer)
    assert MARKER not in html + drawn(submitted)


def is_never_stored_when_it_does_not_fit(schema: JSONObject, answer: JSONObject) -> None:
    """The start and what is put in anyhow are stored only where they fit, and drawn again."""
    pick = random.Random(dump(answer))
    for proposed in (None, answer, broken(answer, pick)):
        sent = Page(drawn(AnswerForm.blank(schema, proposed))).sent
        for name in pick.sample(sorted(sent), min(len(sent), 2)):
            sent.setlist(name, [pick.choice(["", "0", "1", "no such", "1,5", "-", "\r\n"])])
        form = AnswerForm.submitted(schema, sent, proposed, Vault())
        read = form.read()
        assert (read.value is None) == bool(read.errors)
        assert read.value is None or not validate(schema, read.value)
        assert MARKER not in drawn(form)


def broken(answer: JSONObject, pick: random.Random) -> JSONObject:
    """Return the answer with another value at one of its keys."""
    keys = sorted(answer)
    return {**answer, pick.choice(keys): pick.choice([None, [], {}, "x", 0.5])} if keys else answer


@pytest.mark.corpus
def test_every_schema_that_is_made_up_keeps_the_promises(request: pytest.FixtureRequest) -> None:
    examples = request.config.getoption("--examples") * CASES_PER_EXAMPLE

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(cases())
    def run(case: tuple[JSONObject, JSONObject]) -> None:
        schema, answer = case
        check_schema(schema)
        assume(not validate(schema, answer))
        # a check that fails stands in the traceback by its name; to make cases up takes the longest
        comes_back_untouched(schema, answer)
        is_never_stored_when_it_does_not_fit(schema, answer)

    run()
