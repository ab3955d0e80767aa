"""Executions that wait for a person, within an application context."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.support.pause_scenarios import Paused, approval_in, paused_in


@pytest.fixture
def paused(app: Flask, cast: Cast) -> Iterator[Paused]:
    with app.app_context():
        yield paused_in(cast.alice)


@pytest.fixture
def asked_first(app: Flask, cast: Cast) -> Iterator[Paused]:
    with app.app_context():
        yield approval_in(cast.alice)[0]
