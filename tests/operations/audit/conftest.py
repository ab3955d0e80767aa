"""What tests of the audit begin with."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.support.audit_pruning import grow_old


@pytest.fixture
def aged_id(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[UUID]:
    """A workspace of whose audit the first part is 40 days old, and signed."""
    with app.app_context():
        grow_old(cast.alice.workspace_id, monkeypatch)
        yield cast.alice.workspace_id
