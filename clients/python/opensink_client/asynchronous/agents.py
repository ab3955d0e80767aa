"""Made of agents.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from typing import Any

from ..resources import Activity, Agent, AgentSession
from .threads import Threaded


class AsyncAgents(Threaded):
    """What an agent says of itself and of its runs."""

    async def create_agent(self, name: str, **settings: Any) -> Agent:
        """Make an agent; `settings` are the API's other fields, such as execution_endpoint."""
        return await self._call(self._client.create_agent, name, **settings)

    async def update_agent(self, agent_id: str, **changes: Any) -> Agent:
        return await self._call(self._client.update_agent, agent_id, **changes)

    async def start_session(self, agent_id: str, **settings: Any) -> AgentSession:
        """Begin a run; `settings` are state, metadata and status."""
        return await self._call(self._client.start_session, agent_id, **settings)

    async def get_session(self, session_id: str) -> AgentSession:
        return await self._call(self._client.get_session, session_id)

    async def update_session(self, session_id: str, **changes: Any) -> AgentSession:
        """Change status, state, metadata or error_message."""
        return await self._call(self._client.update_session, session_id, **changes)

    async def log_activity(self, session: AgentSession, message: str, **details: Any) -> Activity:
        """Say what happens; `details` are the API's other fields, such as payload and links."""
        return await self._call(self._client.log_activity, session, message, **details)

    def list_activities(
        self, session: AgentSession | None = None, **filters: Any
    ) -> AsyncIterator[Activity]:
        """Yield what happened, in a session or in all, newest first.

        Filters are agent_id, type, source and recorded_by.
        """
        return self._each(self._client.list_activities(session, **filters))

    async def get_agent(self, agent_id: str) -> Agent:
        """Read an agent."""
        return await self._call(self._client.get_agent, agent_id)

    def list_agents(self, **filters: Any) -> AsyncIterator[Agent]:
        """Yield agents, newest first; the filter is endpoint_health."""
        return self._each(self._client.list_agents(**filters))

    async def delete_agent(self, agent_id: str) -> None:
        """Delete an agent, and with it its sessions and requests."""
        await self._call(self._client.delete_agent, agent_id)

    async def rotate_agent_signing_secret(self, agent_id: str) -> Agent:
        """Make a new secret; calls are signed with both until the overlap ends."""
        return await self._call(self._client.rotate_agent_signing_secret, agent_id)

    async def end_agent_signing_overlap(self, agent_id: str) -> Agent:
        """Sign calls with the new secret alone from now on."""
        return await self._call(self._client.end_agent_signing_overlap, agent_id)

    def list_sessions(self, **filters: Any) -> AsyncIterator[AgentSession]:
        """Yield sessions, newest first; filters are agent_id and status."""
        return self._each(self._client.list_sessions(**filters))

    async def delete_session(self, session_id: str) -> None:
        """Delete a session, and with it its requests and activities."""
        await self._call(self._client.delete_session, session_id)

    async def get_activity(self, activity_id: str) -> Activity:
        """Read an activity."""
        return await self._call(self._client.get_activity, activity_id)
