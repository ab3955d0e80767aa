"""The tree of a schema is made once, and used for many forms by several threads."""

import gc
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any
from weakref import ref

from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, dump
from opensink_web.schema.form import AnswerForm, walk
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.kept import KeptTrees
from opensink_web.schema.tree.node import ABSENT

SCHEMA: Any = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
BRANCHES: Any = {
    "properties": {"kind": {"enum": ["x", "y"]}},
    "oneOf": [
        {
            "properties": {
                "kind": {"const": kind},
                **{f"{kind}{n}": {"type": "array", "items": {"type": "string"}} for n in range(20)},
            }
        }
        for kind in "xy"
    ],
}


def test_equal_schemas_have_one_tree() -> None:
    assert field_tree(SCHEMA) is field_tree(deepcopy(SCHEMA))


def test_the_order_of_the_keys_is_part_of_a_schema() -> None:
    field_tree(SCHEMA)
    other: Any = {"properties": dict(reversed(SCHEMA["properties"].items()))}
    assert [child.key for child in field_tree(other).children] == ["b", "a"]


def test_numbers_that_python_calls_equal_are_told_apart() -> None:
    trees = [field_tree({"properties": {"a": {"default": n}}}) for n in (1, 1.0, True)]
    defaults = [tree.children[0].default for tree in trees]
    assert [dump(each) for each in defaults if each is not ABSENT] == ["1", "1.0", "true"]


def test_nobody_changes_a_tree_through_the_schema_it_was_made_of() -> None:
    schema = deepcopy(SCHEMA)
    tree = field_tree(schema)
    schema["properties"]["c"] = {"type": "string"}
    assert [child.key for child in tree.children] == ["a", "b"]


def test_a_tree_with_secrets_serves_one_form() -> None:
    schema: Any = {"properties": {"a": {"type": "string", "format": "password"}}}
    assert field_tree(schema) is not field_tree(schema)


def test_threads_that_look_into_a_new_tree_at_once_see_the_same() -> None:
    def seen(n: int) -> list[tuple[str, str]]:
        form = AnswerForm.blank(BRANCHES, {"kind": "xy"[n % 2], f"{'xy'[n % 2]}3": ["1", "2"]})
        return [(str(field.name), field.title) for field in walk(form.root)]

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(seen, range(32)))
    assert together == [seen(n) for n in range(32)]


class TestLimit:
    """Each of these trees weighs a little over 2,000; one alone may weigh 2,500."""

    def test_the_tree_that_was_not_used_for_longest_goes(self) -> None:
        trees = KeptTrees(max_weight=10_000)
        for text in "abcd":
            trees.put(text, field_tree(SCHEMA), document_with(nodes=1))
        trees.get("a")
        trees.put("e", field_tree(SCHEMA), document_with(nodes=1))
        assert [text for text in "abcde" if trees.get(text)] == ["a", "c", "d", "e"]

    def test_a_tree_that_has_grown_heavy_goes(self) -> None:
        trees, document = KeptTrees(max_weight=10_000), document_with(nodes=1)
        trees.put("a", field_tree(SCHEMA), document)
        assert trees.get("a")
        document.count_of_made = 2
        assert trees.get("a") is None

    def test_a_tree_is_weighed_with_what_was_made_in_it_since(self) -> None:
        document = Document(SCHEMA)
        before = document.count_of_made
        document.all_of([{"type": "string"}, {"maxLength": 1}])
        assert document.count_of_made > before


def document_with(nodes: int) -> Document:
    document = Document(SCHEMA)
    document.count_of_made = nodes
    return document


def test_a_form_goes_at_once_and_is_not_left_to_the_collector() -> None:
    proposed: JSONObject = {"kind": "x", "x3": ["1", "2"]}
    sent = MultiDict({"_refresh": "answer", "answer-which": "1"})
    gc.disable()
    try:
        changed = AnswerForm.submitted(BRANCHES, sent, proposed).changed_by(sent)
        assert changed is not None
        fields = [ref(field) for field in walk(changed.root)]
        del changed
        assert [each() for each in fields if each() is not None] == []
    finally:
        gc.enable()
