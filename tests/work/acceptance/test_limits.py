"""One limit for an agent's endpoint, whatever it is called for; and one trial call if it is ill."""

from datetime import timedelta
from uuid import UUID

import pytest

from opensink_web import clock
from opensink_web.models import Agent, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.deliveries.delivery import deliver_test
from tests.support.chats import chat_input, submit_some
from tests.support.endpoints import Endpoints
from tests.support.real_servers import wait_until
from tests.support.scenarios import make_due
from tests.support.whole_server import WholeServer
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server

CALLS_PER_AGENT = 3
OF_EACH = 12


def give_work(server: WholeServer, agent_id: UUID, answers: int, chats: int) -> None:
    """Have an agent called for answers and for chats."""
    with server.server.session():
        make_due(server.person, agent_id, answers)
        submit_some(server.person, agent_id, [chat_input() for _ in range(chats)])


def test_answers_and_chats_share_an_agents_calls_exactly(
    make_server: MakeServer, endpoints: Endpoints
) -> None:
    with make_server(variables={"CALLS_PER_AGENT": CALLS_PER_AGENT}) as server:
        agent_id = server.make_agent(endpoints.url("slow-0.2", "agent"))
        requests = server.ask(agent_id, 4)
        server.start()
        give_work(server, agent_id, OF_EACH, OF_EACH)
        for request_id in requests:
            server.resolve(request_id)
        wait_until(lambda: len(endpoints.calls("agent")) >= 2 * OF_EACH + 4)
    assert endpoints.most_at_once["agent"] == CALLS_PER_AGENT


def test_an_unhealthy_endpoint_gets_one_call_at_a_time_over_both_and_a_test_at_once(
    make_server: MakeServer, endpoints: Endpoints
) -> None:
    with make_server() as server:
        agent_id = server.make_agent(endpoints.url("fail-0.2", "agent"))

        def is_unhealthy() -> bool:
            with server.server.session(), reading():
                agent = db.session.get_one(Agent, agent_id)
                return agent.endpoint_unhealthy_since is not None

        with server.server.session():
            make_due(server.person, agent_id, 6)
        server.start()
        wait_until(is_unhealthy)
        wait_until(lambda: endpoints.open_now["agent"] == 0)
        endpoints.count_anew("agent")
        before = len(endpoints.calls("agent"))
        give_work(server, agent_id, 8, 8)
        wait_until(lambda: len(endpoints.calls("agent")) >= before + 3)
        assert endpoints.most_at_once["agent"] == 1

        with server.server.session(), writing():
            agent = db.session.get_one(Agent, agent_id)
            agent.endpoint_next_call_at = clock.now() + timedelta(hours=1)
            test_id = str(deliver_test(agent).id)
        wait_until(
            lambda: test_id in {each.headers["webhook-id"] for each in endpoints.calls("agent")}
        )
