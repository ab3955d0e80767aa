"""The client: one server, one key; its calls stand in a module for each area."""

import os
from typing import Self

from .administration import Administration
from .agents import Agents
from .asking import Asking
from .configurations import Configurations
from .deciding import Deciding
from .deliveries import Deliveries
from .executing import Executing
from .jobs import Jobs
from .notifying import Notifying
from .resources import Tokens, read
from .sinks import Sinks
from .tracing import trace_in
from .transport import URL_DEFAULT as URL_DEFAULT
from .transport import Transport, address_of, is_on_this_machine


class Client(
    Asking,
    Deciding,
    Agents,
    Deliveries,
    Executing,
    Administration,
    Notifying,
    Configurations,
    Jobs,
    Sinks,
):
    """Speaks to one server with one API key, or with an access token.

    What is not given is taken from OPENSINK_URL and OPENSINK_API_KEY. A server on this machine may
    be `opensink dev`, which needs no key.
    Calls are repeated when the server cannot be reached or is overloaded, but none that it might do
    twice: see `once`. They belong to the trace that `tracing` says, else to OpenTelemetry's current
    one, else to that of `traceparent`.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        traceparent: str | None = None,
    ) -> None:
        super().__init__()
        api_key = api_key or os.environ.get("OPENSINK_API_KEY")
        address = address_of(base_url)
        if not api_key and not is_on_this_machine(address):
            raise ValueError("There is no API key: pass api_key, or set OPENSINK_API_KEY.")
        trace = {} if traceparent is None else trace_in(traceparent)
        self._http = Transport(address, api_key or None, trace)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def sign_in(
    email: str,
    password: str,
    *,
    otp: str | None = None,
    workspace: str | None = None,
    base_url: str | None = None,
) -> Tokens:
    """Return tokens for a person; `Client(base_url, tokens.access_token)` then speaks for them.

    `otp` is a code of their second factor, `workspace` the slug of one of several. `refresh` of the
    client makes the next token, `logout` ends it.
    """
    body = {"email": email, "password": password, "otp": otp, "workspace": workspace}
    transport = Transport(address_of(base_url), None)
    try:
        return read(Tokens, transport.root("POST", "/auth/login", body))
    finally:
        transport.close()
