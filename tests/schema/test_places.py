"""On which line of a text a part of a schema stands."""

import pytest

from opensink_web import json_value
from opensink_web.schema.places import line_of

pytestmark = pytest.mark.unit

TEXT = """
{ "a": {
    "x/y": [1, "]}", {"deep": null}, [
      {"b~": 5,
       "c": -1.5e3}
    ]],
    "{\\"": {}
  },
  "last": true
}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 2),
        ("/a", 2),
        ("/a/x~1y", 3),
        ("/a/x~1y/2/deep", 3),
        ("/a/x~1y/3/0/b~0", 4),
        ("/a/x~1y/3/0/c", 5),
        ('/a/{"', 7),
        ("/last", 9),
        ("/last/below", 9),
        ("/nowhere", 2),
        ("/a/x~1y/3/7", 3),
    ],
)
def test_a_part_is_found_or_what_is_around_it(pointer: str, line: int) -> None:
    json_value.parse(TEXT)
    assert line_of(TEXT, pointer) == line


def test_empty_objects_and_lists_have_nothing_in_them() -> None:
    assert [line_of(text, "/a/0") for text in ("{}", "\n[ ]", '\n\n"text"')] == [1, 2, 3]
