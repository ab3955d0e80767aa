"""The pages: one file per page area, forms beside their views.

Page areas stand in the same packages as their operations; forms/ and rendering/ hold what several
share, and know no area. Views declare their permission (access.py), open the transaction, call
operations and render. Templates get rows and decide nothing.
"""

from flask import Flask
from htmx_flask import Htmx

from opensink_web.web import demo, gallery, health, installed_app, live, reference, security, seen
from opensink_web.web.access import flashed_messages, login_manager
from opensink_web.web.accounts import (
    absence,
    account,
    api_key,
    audit,
    auth,
    deactivation,
    execution_secret,
    member,
    member_sign_in,
    oidc,
    password,
    retention,
    role,
    second_factor,
    settings,
    team,
    workspace,
    workspaces,
)
from opensink_web.web.agents import (
    agent,
    agent_session,
    configuration,
    configuration_variant,
    configuration_version,
    signing_secret,
)
from opensink_web.web.attempts import set_device_cookie
from opensink_web.web.deliveries import delivery
from opensink_web.web.error_pages import error_page
from opensink_web.web.executions import batch, chat, execution, function, function_test_call, rerun
from opensink_web.web.insights import page as insights
from opensink_web.web.jobs import job
from opensink_web.web.navigation import around_page
from opensink_web.web.notifications import channel as notification_channel
from opensink_web.web.notifications import device, escalation, notification
from opensink_web.web.notifications import message as notification_message
from opensink_web.web.notifications import rule as notification_rule
from opensink_web.web.operators import metrics, status
from opensink_web.web.rendering import assets, compression, filters, trace_link
from opensink_web.web.requests import (
    allow_again,
    assignment,
    bulk,
    bulk_claim,
    claim,
    comment,
    decision_link,
    draft,
    extend,
    inbox,
    inbox_counts,
    input_request,
    policy,
    preview,
    row,
    saved_view,
    standing_approval,
    table,
    undo,
)
from opensink_web.web.sinks import public_sink, sink, sink_item

__all__ = ["csrf", "error_page", "register"]

csrf = security.FormProtection()

_AREAS = (
    health,
    metrics,
    status,
    seen,
    installed_app,
    live,
    gallery,
    reference,
    auth,
    password,
    account,
    absence,
    oidc,
    second_factor,
    inbox,
    inbox_counts,
    saved_view,
    input_request,
    decision_link,
    undo,
    extend,
    assignment,
    claim,
    comment,
    row,
    bulk,
    bulk_claim,
    table,
    draft,
    preview,
    policy,
    standing_approval,
    allow_again,
    agent_session,
    delivery,
    function,
    function_test_call,
    execution,
    batch,
    rerun,
    chat,
    job,
    insights,
    sink,
    sink_item,
    public_sink,
    agent,
    configuration,
    configuration_version,
    configuration_variant,
    signing_secret,
    api_key,
    member,
    deactivation,
    member_sign_in,
    role,
    team,
    escalation,
    audit,
    settings,
    retention,
    workspace,
    workspaces,
    execution_secret,
    notification,
    notification_channel,
    notification_rule,
    notification_message,
    device,
    demo,
)


def register(app: Flask) -> None:
    """Tie the pages to the application."""
    filters.register(app)
    assets.register(app)
    compression.register(app)
    trace_link.register(app)
    security.register(app)
    login_manager.init_app(app)
    app.after_request(set_device_cookie)
    csrf.init_app(app)
    Htmx(app)
    app.context_processor(around_page)
    app.jinja_env.globals["get_flashed_messages"] = flashed_messages
    for area in _AREAS:
        app.register_blueprint(area.blueprint)
