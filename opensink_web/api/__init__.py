"""The JSON API for agents and applications under /api/v1, one file per noun.

All that is not of one noun is in contract/. To add a route, declare it beside its noun; to add a
noun, name its routes in ROUTES.
"""

from flask import Flask

from opensink_web.api import (
    absence,
    activity,
    agent,
    agent_configuration,
    agent_session,
    api_key,
    ask,
    audit_entry,
    background_job,
    comment,
    delivery,
    escalation_chain,
    function,
    input_request,
    insights,
    notification_channel,
    policy,
    preview,
    role,
    sink,
    sink_item,
    standing_approval,
    team,
)
from opensink_web.contract.mounting import blueprint_of
from opensink_web.contract.route import Route
from opensink_web.contract.surface import API

__all__ = ["ROUTES", "blueprint", "register"]

ROUTES: tuple[Route, ...] = (
    *agent.routes,
    *agent_configuration.routes,
    *agent_session.routes,
    *input_request.routes,
    *ask.routes,
    *comment.routes,
    *preview.routes,
    *activity.routes,
    *delivery.routes,
    *function.routes,
    *api_key.routes,
    *background_job.routes,
    *role.routes,
    *standing_approval.routes,
    *team.routes,
    *absence.routes,
    *policy.routes,
    *insights.routes,
    *escalation_chain.routes,
    *notification_channel.routes,
    *sink.routes,
    *sink_item.routes,
    *audit_entry.routes,
)
"""Every route of the API."""

blueprint = blueprint_of(API, ROUTES)
"""All of /api/v1, for the factory to take out of the browsers' CSRF protection."""


def register(app: Flask) -> None:
    """Tie the API to the application. Its errors are the factory's to hand to error_response()."""
    app.register_blueprint(blueprint)
