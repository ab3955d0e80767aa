"""Lines of CSV, as spreadsheets open them: no value is taken for a formula."""

import csv
import io
import json
from collections.abc import Iterable

from opensink_web.json_value import JSONValue

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a spreadsheet begins a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


def csv_line(values: Iterable[JSONValue]) -> str:
    """Write a line; null is an empty cell, what is neither text nor a number is written as JSON."""
    line = io.StringIO()
    csv.writer(line).writerow(map(_cell, values))
    return line.getvalue()


def _cell(value: JSONValue) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
