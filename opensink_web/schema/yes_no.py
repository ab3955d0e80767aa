"""Schemas that ask for one yes or no and nothing else, so that one button can give the answer.

Constants and what is read-only may stand beside the question: a person has nothing to do with them.
"""

from dataclasses import dataclass

from opensink_web.schema.tree.node import FieldNode, Kind


@dataclass(frozen=True, slots=True)
class YesNo:
    """The one question: the `name` of its control, and what a browser sends for each answer.

    `no` is None where only assent is an answer. The words are the schema's own where it has any.
    """

    name: str
    title: str
    yes: str
    no: str | None
    yes_words: str
    no_words: str


def yes_no_of(node: FieldNode, name: str = "answer") -> YesNo | None:
    """Return the question of a schema's tree, None where there is anything else to fill in."""
    questions = _questions(node, name)
    return questions[0] if questions is not None and len(questions) == 1 else None


def _questions(node: FieldNode, name: str) -> list[YesNo] | None:
    """Return the questions in a group that has nothing else to fill in, None where it has."""
    is_plain = node.kind is Kind.GROUP and not node.is_recursive and not node.offers_extras
    if not is_plain or node.shape is None or node.shape.is_variable or node.nullable:
        return None
    fields = node.shape.at({})
    questions: list[YesNo] = []
    for child, number in zip(fields.children, fields.numbers, strict=True):
        if child.kind is Kind.FIXED:
            continue
        child_name = f"{name}-{number}"
        if child.kind is Kind.GROUP and child.required:
            inner = _questions(child, child_name)
        else:
            question = _question(child, child_name)
            inner = None if question is None else [question]
        if inner is None or len(questions) + len(inner) > 1:
            return None
        questions += inner
    return questions


def _question(node: FieldNode, name: str) -> YesNo | None:
    if node.secret:
        return None
    if node.kind is Kind.CONSENT:
        return YesNo(name, node.title, "1", None, "Confirm", "") if node.required else None
    if node.kind is not Kind.CHOICE:
        return None
    numbers = {
        option.value: number
        for number, option in enumerate(node.options)
        if isinstance(option.value, bool)
    }
    if len(node.options) != 2 or len(numbers) != 2:
        return None
    yes, no = numbers[True], numbers[False]
    return YesNo(
        name, node.title, str(yes), str(no), node.options[yes].label, node.options[no].label
    )
