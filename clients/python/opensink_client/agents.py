"""The client's calls about agents, their sessions, and what happens in them."""

from collections.abc import Iterator
from typing import Any

from .resources import Activity, Agent, AgentSession, read
from .transport import Transport, part


class Agents:
    """What an agent says of itself and of its runs."""

    _http: Transport

    def create_agent(self, name: str, **settings: Any) -> Agent:
        """Make an agent; `settings` are the API's other fields, such as execution_endpoint."""
        return read(Agent, self._http.api("POST", "/agents", {"name": name, **settings}))

    def update_agent(self, agent_id: str, **changes: Any) -> Agent:
        return read(Agent, self._http.api("PATCH", f"/agents/{part(agent_id)}", changes))

    def start_session(self, agent_id: str, **settings: Any) -> AgentSession:
        """Begin a run; `settings` are state, metadata and status."""
        body = {"agent_id": agent_id, **settings}
        return read(AgentSession, self._http.api("POST", "/agent-sessions", body))

    def get_session(self, session_id: str) -> AgentSession:
        return read(AgentSession, self._http.api("GET", f"/agent-sessions/{part(session_id)}"))

    def update_session(self, session_id: str, **changes: Any) -> AgentSession:
        """Change status, state, metadata or error_message."""
        return read(
            AgentSession, self._http.api("PATCH", f"/agent-sessions/{part(session_id)}", changes)
        )

    def log_activity(self, session: AgentSession, message: str, **details: Any) -> Activity:
        """Say what happens; `details` are the API's other fields, such as payload and links."""
        body = {"type": "message", "source": "agent", "message": message, **details}
        body |= {"session_id": session.id, "agent_id": session.agent_id}
        return read(Activity, self._http.api("POST", "/agent-session-activities", body))

    def list_activities(
        self, session: AgentSession | None = None, **filters: Any
    ) -> Iterator[Activity]:
        """Yield what happened, in a session or in all, newest first.

        Filters are agent_id, type, source and recorded_by.
        """
        query = {**filters, "session_id": session.id} if session else filters
        for item in self._http.each("/agent-session-activities", query):
            yield read(Activity, item)

    def get_agent(self, agent_id: str) -> Agent:
        """Read an agent."""
        return read(Agent, self._http.api("GET", f"/agents/{part(agent_id)}"))

    def list_agents(self, **filters: Any) -> Iterator[Agent]:
        """Yield agents, newest first; the filter is endpoint_health."""
        for item in self._http.each("/agents", filters):
            yield read(Agent, item)

    def delete_agent(self, agent_id: str) -> None:
        """Delete an agent, and with it its sessions and requests."""
        self._http.api("DELETE", f"/agents/{part(agent_id)}")

    def rotate_agent_signing_secret(self, agent_id: str) -> Agent:
        """Make a new secret; calls are signed with both until the overlap ends."""
        return read(
            Agent, self._http.api("POST", f"/agents/{part(agent_id)}/rotate-signing-secret")
        )

    def end_agent_signing_overlap(self, agent_id: str) -> Agent:
        """Sign calls with the new secret alone from now on."""
        return read(Agent, self._http.api("POST", f"/agents/{part(agent_id)}/end-signing-overlap"))

    def list_sessions(self, **filters: Any) -> Iterator[AgentSession]:
        """Yield sessions, newest first; filters are agent_id and status."""
        for item in self._http.each("/agent-sessions", filters):
            yield read(AgentSession, item)

    def delete_session(self, session_id: str) -> None:
        """Delete a session, and with it its requests and activities."""
        self._http.api("DELETE", f"/agent-sessions/{part(session_id)}")

    def get_activity(self, activity_id: str) -> Activity:
        """Read an activity."""
        return read(
            Activity, self._http.api("GET", f"/agent-session-activities/{part(activity_id)}")
        )
