"""Making agents: on PostgreSQL, where several write at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from tests.conftest import Cast
from tests.support.scenarios import POLICY

pytestmark = pytest.mark.server


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def test_agents_of_one_name_made_at_once_all_get_a_slug(app: Flask, cast: Cast) -> None:
    def make(_number: int) -> str:
        with app.app_context(), writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            return create_agent(workspace, POLICY, name="Trader").slug

    with ThreadPoolExecutor(8) as threads:
        slugs = list(threads.map(make, range(16)))
    assert sorted(slugs) == sorted(["trader", *(f"trader-{number}" for number in range(2, 17))])
