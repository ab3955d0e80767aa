"""The client's calls of those who ask: questions, their answers, and what is said about them."""

import hashlib
import re
import sys
import threading
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from math import inf
from pathlib import Path
from time import sleep
from typing import Any, overload

from .errors import Conflict, RateLimited, ServerError, Unreachable
from .patience import Patience
from .question import Model, ModelValue, Question, parser_of, schema_of
from .resources import Agent, AgentSession, Ask, Comment, InputRequest, Preview, read, with_moments
from .transport import Transport, part, query_of

REQUESTS = "/agent-session-input-requests"
SLICE = 100


class Asking:
    """What an agent does to have people decide."""

    _http: Transport

    def __init__(self) -> None:
        self._sessions: dict[str, AgentSession] = {}
        self._sessions_lock = threading.Lock()

    @overload
    def ask(
        self,
        session: AgentSession,
        /,
        *,
        key: str,
        title: str,
        message: str,
        schema: dict[str, Any],
        **options: Any,
    ) -> InputRequest: ...
    @overload
    def ask(
        self,
        *,
        session: AgentSession,
        key: str,
        title: str,
        message: str,
        schema: dict[str, Any],
        **options: Any,
    ) -> InputRequest: ...
    @overload
    def ask(
        self,
        title: str,
        /,
        *,
        schema: type[ModelValue],
        key: str | None = None,
        message: str = "",
        agent: str | None = None,
        session: AgentSession | None = None,
        **options: Any,
    ) -> Question[ModelValue]: ...
    @overload
    def ask(
        self,
        title: str,
        /,
        *,
        schema: dict[str, Any],
        key: str | None = None,
        message: str = "",
        agent: str | None = None,
        session: AgentSession | None = None,
        **options: Any,
    ) -> Question[dict[str, Any]]: ...
    def ask(  # type: ignore[misc]  # a session by its name is in `session`, whatever stands first
        self,
        title_or_session: str | AgentSession | None = None,
        /,
        *,
        title: str | None = None,
        schema: dict[str, Any] | type[Model],
        key: str | None = None,
        message: str = "",
        agent: str | None = None,
        session: AgentSession | None = None,
        **options: Any,
    ) -> InputRequest | Question[Any]:
        """Ask a person; the answer has to fit `schema`, a JSON Schema or a class of pydantic's.

        `ask("Deploy?", schema=Deploy)` needs no agent and no session: the agent is found by its
        name, or made, and the session ends with the question. It returns the question, which has
        `wait_for_answer()`. Without `key`, the schema's title is the key; without `agent` it is
        called as the program is.
        `ask(session, title=…, key=…, message=…, schema=…)` returns the request.

        Options are priority, tags, reference, context, allow_decline, assignees, expires_at (a
        datetime with a zone, or text), on_expire, default_response, forbid_requester,
        required_responses and quorum.
        """
        body = {"message": message, "schema": schema_of(schema), **options}
        if not isinstance(title_or_session, str):
            session = title_or_session or session
            if session is None:
                raise TypeError("Give a title, or a session: ask(title, schema=…).")
            return self._ask(session, {"key": key, "title": title, **body})
        body["title"] = title_or_session
        body["key"] = key or str(body["schema"].get("title") or "question")[:255]
        if session is None:
            question = self._ask_in_one_call({**body, "agent": agent or _program_name()})
            request = self.get_input_request(question.id)
        else:
            request = self._ask(session, body)
        return Question(request, self._wait, parser_of(schema))

    def session_for(self, agent: str | None = None) -> AgentSession:
        """Return a session for several questions of an agent of that name, begun once for a client.

        The agent is found by its name, or made; without a name it is called as the program is.
        """
        name = agent or _program_name()
        with self._sessions_lock:
            if name not in self._sessions:
                body = {"agent_id": self._agent_named(name).id}
                made = self._http.api("POST", "/agent-sessions", body)
                self._sessions[name] = read(AgentSession, made)
            return self._sessions[name]

    def get_ask(self, request_id: str, *, wait_seconds: int = 0) -> Ask:
        """Read what became of a question that was asked in one call; a key that may do nothing but
        ask reads its own. It waits up to `wait_seconds` (at most 60) for a decision.
        """
        path = f"/ask/{part(request_id)}?wait={wait_seconds}"
        return read(Ask, self._http.api("GET", path, wait_seconds=wait_seconds))

    def cancel_ask(self, request_id: str, reason: str | None = None) -> Ask:
        """Take a question back that was asked in one call."""
        path = f"/ask/{part(request_id)}/cancel"
        return read(Ask, self._http.api("POST", path, {"reason": reason}))

    def cancel_input_request(self, request_id: str, reason: str | None = None) -> InputRequest:
        """Take a question back that waits for an answer."""
        path = f"{REQUESTS}/{part(request_id)}/cancel"
        return read(InputRequest, self._http.api("POST", path, {"reason": reason}))

    def supersede(self, request_id: str, **changes: Any) -> InputRequest:
        """Ask something else instead, and return that request; what is left out carries over.

        Changes are key, title, message, schema and the options of ask.
        """
        path = f"{REQUESTS}/{part(request_id)}/supersede"
        return read(InputRequest, self._http.api("POST", path, with_moments(changes)))

    def extend(self, request_id: str, expires_at: datetime | str) -> InputRequest:
        """Give people more time; the deadline is later than the one before."""
        body = with_moments({"expires_at": expires_at})
        path = f"{REQUESTS}/{part(request_id)}/extend"
        return read(InputRequest, self._http.api("POST", path, body))

    def preview(
        self, schema: dict[str, Any] | type[Model], values: dict[str, Any] | None = None
    ) -> Preview:
        """See which form a schema makes, filled with `values`; nobody is asked."""
        body = {"schema": schema_of(schema), "values": values}
        return read(Preview, self._http.api("POST", f"{REQUESTS}/preview", body))

    def get_input_request(self, request_id: str, *, wait_seconds: int = 0) -> InputRequest:
        """Read a request, at once or when it is answered within `wait_seconds` (at most 60)."""
        return self._poll(request_id, wait_seconds, inf)

    def wait_for_answer(self, request_id: str, *, timeout_seconds: float = inf) -> InputRequest:
        """Return the request once it waits no more: its `status` says what became of it.

        A server that is away meanwhile is waited for, until the time is over, or for ten minutes.

        Raises: TimeoutError; OpenSinkApiError where there is no such request.
        """
        return self._wait(request_id, timeout_seconds)

    def comment(self, request_id: str, message: str, *, wake: bool = False) -> Comment:
        """Say something about a request, in Markdown; `wake` has the agent called because of it."""
        path = f"{REQUESTS}/{part(request_id)}/comments"
        return read(Comment, self._http.api("POST", path, {"message": message, "wake": wake}))

    def comments(
        self, request_id: str, *, after: str | None = None, wait_seconds: int = 0
    ) -> list[Comment]:
        """Return what is said about a request, oldest first; with `after` what came after that one.

        While there is nothing, it waits up to `wait_seconds` (at most 60) for somebody to say
        something, or to decide.
        """
        query = {"$limit": str(SLICE), "wait": str(wait_seconds)}
        query |= {"after": after} if after else {}
        comments: list[Comment] = []
        while True:
            path = f"{REQUESTS}/{part(request_id)}/comments{query_of(query)}"
            page = self._http.api("GET", path, wait_seconds=wait_seconds)
            comments += (read(Comment, item) for item in page["items"])
            if page["trail"] is None:
                return comments[::-1]
            query |= {"$trail": page["trail"], "wait": "0"}

    def _ask(self, session: AgentSession, body: Mapping[str, Any]) -> InputRequest:
        body = {**body, "session_id": session.id, "agent_id": session.agent_id}
        return read(InputRequest, self._http.api("POST", REQUESTS, with_moments(body)))

    def _ask_in_one_call(self, body: dict[str, Any]) -> Ask:
        return read(Ask, self._http.api("POST", "/ask", with_moments(body)))

    def _agent_named(self, name: str) -> Agent:
        slug = _slug_of(name)
        agent = self._agent_at(slug)
        if agent is None:
            body = {"name": name, "slug": slug}
            try:
                return read(Agent, self._http.api("POST", "/agents", body))
            except Conflict:  # another program was faster
                agent = self._agent_at(slug)
                if agent is None:
                    raise
        return agent

    def _agent_at(self, slug: str) -> Agent | None:
        for item in self._http.each("/agents", {"$limit": str(SLICE)}):
            if (item["namespace"], item["slug"]) == ("default", slug):
                return read(Agent, item)
        return None

    def _poll(self, request_id: str, hold_seconds: int, deadline: float) -> InputRequest:
        """Read a request for whoever waits for its answer until `deadline` (monotonic)."""
        path = f"{REQUESTS}/{part(request_id)}?wait={hold_seconds}"
        content = self._http.api("GET", path, wait_seconds=hold_seconds, deadline=deadline)
        return read(InputRequest, content)

    def _wait(self, request_id: str, timeout_seconds: float) -> InputRequest:
        patience = Patience(timeout_seconds)
        while True:
            problem: Unreachable | ServerError | RateLimited | None = None
            try:
                request = self._poll(request_id, patience.hold_seconds(), patience.deadline)
                if request.status != "pending":
                    return request
            except (Unreachable, ServerError, RateLimited) as error:
                problem = error
            sleep(patience.hear(problem))


def _program_name() -> str:
    return Path(sys.argv[0] if sys.argv else "").stem.strip("-_") or "Python"


def _slug_of(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:200]
    if name.isascii() and slug:
        return slug
    # what other alphabets say is left out: names that differ there shall differ here too
    return f"{slug or 'agent'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
