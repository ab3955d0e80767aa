"""Draws forms with the real templates and reads them back the way a browser would send them."""

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from opensink_web.schema.form import AnswerForm
from tests.schema.page import Page, drawn


@pytest.fixture(scope="session")
def draw() -> Callable[[AnswerForm], str]:
    """Return a function that draws a form as HTML."""
    return drawn


@pytest.fixture(scope="session")
def browse() -> Callable[[AnswerForm], Page]:
    """Return a function that draws a form and looks at it as a browser does."""
    return lambda form: Page(drawn(form))


@pytest.fixture(scope="session")
def untouched(
    browse: Callable[[AnswerForm], Page],
) -> Callable[[AnswerForm], MultiDict[str, str]]:
    """Return a function that says what a form sends when nobody touches it."""
    return lambda form: browse(form).sent
