"""An outage of the database, after which trying again helps, is told from what stays wrong.

Outages themselves: tests/faults/test_database_in_trouble.py.
"""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opensink_web.models import db
from opensink_web.models.transaction import is_outage, reading

COLUMNS = ", ".join(["1"] * 40_000)
"""More than either database returns."""


@pytest.mark.usefixtures("on_each_database")
@pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", f"SELECT {COLUMNS}", "SELEC 1"])
def test_what_is_wrong_with_a_statement_is_none(app: Flask, statement: str) -> None:
    with app.app_context(), reading(), pytest.raises(DBAPIError) as refused:
        db.session.execute(text(statement))
    assert not is_outage(refused.value)
