"""What tests of deciding on requests share."""

import pytest
from flask import Flask

from tests.support.bulk_cases import Inside


@pytest.fixture
def inside(app: Flask) -> Inside:
    return Inside(app)
