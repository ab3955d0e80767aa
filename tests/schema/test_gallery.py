"""The list of what a schema can ask for: sound, drawn with controls, and those that it names."""

from opensink_web.schema.form import AnswerForm
from opensink_web.schema.gallery import Construct, constructs
from opensink_web.schema.limits import check_schema
from opensink_web.schema.lint import warnings_about
from opensink_web.schema.overview import overview
from opensink_web.schema.validation import validate
from tests.schema.person import Person
from tests.support.cases import for_each

CONTROLS = {
    "a rule that is checked": "number",
    "box to tick": "consent",
    "boxes to tick": "checklist",
    "fact": "fact",
    "group": "group",
    "list": "list",
    "one box, kind shown": "scalar",
    "one-line text": "text",
    "text box": "text",
    "text with a picker": "text",
    "radio buttons": "choice",
    "choice of kind": "union",
    "rows of name and value": "map",
    "select": "choice",
}
"""Which control each of these words means; others say more than that."""


def test_every_schema_is_one_that_may_be_asked_with() -> None:
    for_each(list(constructs().values()), lambda each: check_schema(each.schema))


def test_every_example_is_an_answer() -> None:
    def check(construct: Construct) -> None:
        assert validate(construct.schema, construct.example) == ()

    for_each(list(constructs().values()), check)


def test_a_person_gives_every_example_by_the_controls_that_they_see() -> None:
    def check(construct: Construct) -> None:
        assert Person(construct.schema).answer(construct.example) == construct.example

    for_each([each for each in constructs().values() if not each.is_large], check)


def test_nothing_looks_like_a_mistake() -> None:
    warned = {each.name for each in constructs().values() if warnings_about(each.schema)}
    assert warned == {"named-choice"}  # a keyword of older generators


def test_nobody_has_to_type_json() -> None:
    def check(construct: Construct) -> None:
        assert all(field.is_native for field in overview(AnswerForm.blank(construct.schema)))

    for_each(list(constructs().values()), check)


def test_each_is_drawn_with_the_control_that_it_names() -> None:
    def check(construct: Construct) -> None:
        named = {CONTROLS[words] for words in CONTROLS if construct.control.startswith(words)}
        drawn = {str(field.control) for field in overview(AnswerForm.blank(construct.schema))}
        assert named <= drawn

    for_each(list(constructs().values()), check)
