"""Errors of the database are logged: with their statement, and without what people sent."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opensink_web.models import db


@pytest.mark.usefixtures("on_each_database")
def test_an_error_of_the_database_tells_no_value(app: Flask) -> None:
    with app.app_context(), pytest.raises(DBAPIError) as error:
        db.session.execute(
            text("SELECT * FROM nowhere WHERE a = :it"), {"it": "what somebody sent"}
        )
    assert "nowhere" in str(error.value)
    assert "what somebody sent" not in str(error.value)
