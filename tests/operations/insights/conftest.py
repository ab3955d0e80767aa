"""A history that insights are read of."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.insight_rows import History

NOW = datetime(2026, 3, 31, 13, 20, 30, 123456, UTC)
"""The clocks went forward in Berlin on the 29th."""


@pytest.fixture
def history(moment: Moment, app: Flask, cast: Cast) -> Any:
    moment.now = NOW
    with app.app_context():
        made = History(cast, 7, NOW)
        made.add(150)
        yield made
