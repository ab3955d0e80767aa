"""JSON from outside: how much of it is taken."""

import pytest

from opensink_web import json_value
from opensink_web.errors import InvalidInput
from opensink_web.json_value import MAX_VALUES, JSONValue, parse

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    [
        "[" + "0," * MAX_VALUES + "0]",
        "[" + "[]," * (MAX_VALUES // 2) + "0]",
        '{"a": [' + '{"b": ","},' * (MAX_VALUES // 2) + "0]}",
        '["' + '\\"' * 1000 + '",' + "0," * MAX_VALUES + "0]",
    ],
)
def test_more_values_than_anybody_needs_are_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidInput, match="more than 2,000,000 values"):
        parse(text)


def test_what_stands_in_a_text_is_no_value() -> None:
    signs = ',[{\\"' * MAX_VALUES
    assert parse(f'["{signs}"]') == [signs.replace("\\", "")]
    with pytest.raises(InvalidInput, match="not valid JSON"):
        parse(f'["{signs}')


def test_the_beginning_of_a_value_is_what_dump_begins_with() -> None:
    value: JSONValue = {"a": [1, 2.5, None, "é"], "b": {}}

    assert json_value.beginning(value, 1000) == (json_value.dump(value, indent=2), False)
    assert json_value.beginning(value, 10) == (json_value.dump(value, indent=2)[:10], True)
