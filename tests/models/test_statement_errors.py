"""What the database refuses is told without the values it was given: errors are logged."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opensink_web.models import db
from opensink_web.models.transaction import reading


@pytest.mark.usefixtures("on_each_database")
def test_an_error_does_not_repeat_what_a_statement_was_given(app: Flask) -> None:
    with app.app_context(), reading(), pytest.raises(DBAPIError) as refused:
        db.session.execute(text("SELECT * FROM nowhere WHERE a = :value"), {"value": "s3cr3t"})

    assert "nowhere" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)
