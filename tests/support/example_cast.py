"""What the examples of the API name: for each `{name}` in them, what makes it.

`MAKERS` has one for each name. A route whose example needs more than its names, such as a request
that somebody has taken on, says so in `SCENES`, by the name of its view.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from opensink_web import clock
from opensink_web.contract.example import NAME, moment_of
from opensink_web.contract.route import Route
from tests.api.conftest import Api, made
from tests.conftest import Cast

ENDPOINT = {"url": "https://buyer.example.com/opensink"}


@dataclass
class Stage:
    """A server with the cast, and what has been made for one example so far."""

    app: Flask
    cast: Cast
    api: Api
    names: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Return what stands for a name, made now if it has not been."""
        if name not in self.names:
            assert name in MAKERS, f"Nothing in {__name__} makes {{{name}}}."
            self.names[name] = MAKERS[name](self)
        return self.names[name]

    def make(self, path: str, body: Any) -> Any:
        return made(self.api.post(path, self.filled(body)))

    def filled(self, value: Any) -> Any:
        """Return an example with what its names stand for."""
        if isinstance(value, str):
            name = NAME.fullmatch(value)
            return self[name[1]] if name else moment_of(value, clock.now()) or value
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        return value

    def prepare(self, route: Route) -> None:
        """Make what a route's example needs beforehand."""
        if route.name in SCENES:
            SCENES[route.name](self)
        self.filled(route.example.body)


def an_agent(stage: Stage) -> str:
    return str(stage.make("/agents", {"name": "Buyer", "execution_endpoint": ENDPOINT})["id"])


def a_team(stage: Stage) -> str:
    team = {"name": "Purchasing", "members": [stage.cast.alice.email, stage.cast.bob.email]}
    return str(stage.make("/teams", team)["id"])


MAKERS: dict[str, Callable[[Stage], str]] = {
    "agent_id": an_agent,
    "team_id": a_team,
}

SCENES: dict[str, Callable[[Stage], object]] = {
    "list_agents": an_agent,
    "list_teams": a_team,
}
