"""What the tests of channels leave behind is closed."""

from collections.abc import Iterator

import pytest

from tests.support.messages import TOOLS


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the connections that a test's calls kept open."""
    yield
    TOOLS.client.close()
