"""Hold the promises of a form against the corpus, and say where they are not kept.

`python -m tests.schema.measure [WORD …]` prints the table and every failure, of the cases with one
of the words in their name.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.schema.validation import validate
from tests.schema.cases import MARKERS, UNTOLD, Case, corpus
from tests.schema.page import Page, decided, drawn
from tests.schema.person import Person
from tests.schema.secret_cases import Vault
from tests.schema.sight import Stuck

MOST_TYPED = 60
LONGEST_TYPED = 20_000
"""Values of more parts, and answers to longer schemas, would take seconds to type."""


class Promise(StrEnum):
    """What a form keeps, for any schema."""

    TAKEN = "schema taken"
    DRAWN = "drawn"
    START = "start sent"
    ROUND_TRIP = "round trip"
    ACCEPTED = "valid taken"
    REFUSED = "invalid refused"
    PLACED = "error placed"
    SECRET = "secrets kept"
    NATIVE = "native fields"
    TYPED = "typed"


Row: TypeAlias = tuple[str, list[tuple[int, ...]]]


@dataclass
class Tally:
    """How often each promise was kept, by origin, and where it was not."""

    kept: Counter[tuple[str, Promise]] = field(default_factory=Counter)
    asked: Counter[tuple[str, Promise]] = field(default_factory=Counter)
    failures: list[tuple[Promise, str]] = field(default_factory=list)

    def note(self, case: Case, promise: Promise, is_kept: bool, words: str = "") -> None:
        """Count once that a promise was kept, or not, which `words` say."""
        self.asked[case.origin, promise] += 1
        self.kept[case.origin, promise] += is_kept
        if not is_kept:
            self.failures.append((promise, f"{promise}: {case!r}: {words:.400}"))

    def broken(self, promise: Promise) -> int:
        """Return how often a promise was not kept."""
        return sum(each is promise for each, _ in self.failures)

    def rows(self) -> list[Row]:
        """Return an origin a row: how often each promise was kept, and asked for."""
        return [
            (origin, [(self.kept[origin, each], self.asked[origin, each]) for each in Promise])
            for origin in dict.fromkeys(origin for origin, _ in self.asked)
        ]


def table_of(rows: Sequence[Row]) -> str:
    """Write rows below each other, and their sum."""
    columns = zip(*(cells for _, cells in rows), strict=True)
    total = [tuple(map(sum, zip(*column, strict=True))) for column in columns]
    lines = [["", *Promise]]
    for origin, cells in [*rows, ("all", total)]:
        lines.append([origin, *(f"{kept}/{asked}" if asked else "-" for kept, asked in cells)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
        for line in lines
    )


def measured(cases: Iterable[Case]) -> Tally:
    """Hold every promise against each of the cases."""
    tally = Tally()
    for case in cases:
        _measure(case, tally)
    return tally


def _measure(case: Case, tally: Tally) -> None:
    try:
        check_schema(case.schema)
    except InvalidSchema as error:
        tally.note(case, Promise.TAKEN, False, str(error))
        return
    tally.note(case, Promise.TAKEN, True)
    for check in (_start, _answers, _refusals):
        try:
            check(case, tally)
        except Exception as error:
            tally.note(case, Promise.DRAWN, False, f"{check.__name__} raised {error!r}")


def _start(case: Case, tally: Tally) -> None:
    """Draw the blank form, and send it untouched."""
    form = AnswerForm.blank(case.schema)
    html = drawn(form)
    page = Page(html)
    tally.note(case, Promise.DRAWN, len(page.root.text) > 0, "a blank page")
    submitted = AnswerForm.submitted(case.schema, page.sent, None, Vault())
    answer = submitted.read().value
    _keeps_secrets(case, tally, html, drawn(submitted))
    _count_native(case, tally, form)
    if answer is not None and validate(case.schema, answer):
        tally.note(case, Promise.REFUSED, False, f"the start {dump(answer)}")
    if case.untouched != UNTOLD:
        words = f"{dump(answer)}, not {dump(case.untouched)}"
        tally.note(case, Promise.START, dump(answer) == dump(case.untouched), words)


def _answers(case: Case, tally: Tally) -> None:
    """Draw each valid answer as what is proposed, and send it untouched."""
    for value in case.answers:
        errors = validate(case.schema, value)
        tally.note(case, Promise.ACCEPTED, not errors, f"{dump(value)}: {errors[:1]}")
        form = AnswerForm.blank(case.schema, value)
        html = drawn(form)
        submitted = AnswerForm.submitted(case.schema, Page(html).sent, value, Vault())
        read = submitted.read()
        words = f"{dump(value)} came back as {dump(read.value)} {read.errors[:2]}"
        tally.note(case, Promise.ROUND_TRIP, dump(read.value) == dump(value), words)
        if case.has_secrets:
            _keeps_secrets(case, tally, html, drawn(submitted), decided(case.schema, value))
        _count_native(case, tally, form)
        if dump(value).count(",") < MOST_TYPED and len(dump(case.schema)) < LONGEST_TYPED:
            _type(case, tally, value)


def _type(case: Case, tally: Tally, value: JSONObject) -> None:
    """Have somebody type the answer into the blank form."""
    person, words = Person(case.schema), ""
    try:
        person.answer(value)
    except Stuck as error:
        words = f"{dump(value)}: {error}"
    tally.note(case, Promise.TYPED, not words, words)
    _keeps_secrets(case, tally, *person.pages)


def _refusals(case: Case, tally: Tally) -> None:
    """Check each invalid answer, and send it as if it had been proposed."""
    for invalid in case.invalid:
        errors = validate(case.schema, invalid.value)
        tally.note(case, Promise.REFUSED, bool(errors), dump(invalid.value))
        if errors and invalid.at is not None:
            places = [error.path for error in errors]
            is_placed = any((place + "/").startswith(invalid.at + "/") for place in places)
            words = f"{dump(invalid.value)}: {places}, not {invalid.at}"
            tally.note(case, Promise.PLACED, is_placed, words)
        if isinstance(invalid.value, dict):
            _send_invalid(case, tally, invalid.value)


def _send_invalid(case: Case, tally: Tally, value: JSONObject) -> None:
    html = drawn(AnswerForm.blank(case.schema, value))
    submitted = AnswerForm.submitted(case.schema, Page(html).sent, value, Vault())
    read = submitted.read()
    stored = read.value is not None and bool(validate(case.schema, read.value))
    tally.note(case, Promise.REFUSED, not stored, f"{dump(value)} stored {dump(read.value)}")
    if not stored:
        _keeps_secrets(case, tally, html, drawn(submitted))


def _keeps_secrets(case: Case, tally: Tally, *pages: str) -> None:
    """Look for secrets in whole pages: text, attributes, hidden inputs."""
    if case.has_secrets:
        shown = [html[max(at - 60, 0) : at + 20] for html in pages for at in _places(html)]
        tally.note(case, Promise.SECRET, not shown, f"drawn: {shown[:1]}")


def _places(html: str) -> Iterator[int]:
    return (found.start() for found in re.finditer("|".join(MARKERS), html))


def _count_native(case: Case, tally: Tally, form: AnswerForm) -> None:
    """Count the fields that are typed as JSON though the schema says what they are."""
    for leaf in form.root.active():
        if not _holds_others(leaf) and not says_anything(leaf.node.schema):
            words = f"JSON at {leaf.pointer!r}"
            tally.note(case, Promise.NATIVE, leaf.control != "json", words)


def _holds_others(one: AnswerField) -> bool:
    return len(list(zip(one.active(), range(2), strict=False))) > 1


ANNOTATIONS = {"title", "description", "default", "examples", "$schema", "deprecated", "writeOnly"}


def says_anything(schema: JSONValue) -> bool:
    """Return True if a schema rules nothing out."""
    return schema is True or (isinstance(schema, dict) and not schema.keys() - ANNOTATIONS)


def main(words: list[str], write: Callable[[str], object] = print) -> None:
    """Print the table and the failures of the cases that have one of the words."""
    tally = measured(
        case for case in corpus() if not words or any(word in repr(case) for word in words)
    )
    for _, failure in tally.failures:
        write(failure)
    write(table_of(tally.rows()))


if __name__ == "__main__":
    main(sys.argv[1:])
