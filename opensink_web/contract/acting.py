"""Who acts in the request that is being answered: worked out for the audit, if anything happens."""

from dataclasses import replace

from flask import Flask, g, has_request_context, request

from opensink_web.access_token import TokenKind
from opensink_web.models import ActorKind, UserSession
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.audit.actor import Actor, ask_of_requests

USER_AGENT_LENGTH_MAX = 255


def set_up(app: Flask) -> None:
    """Let operations know who calls, and from where."""
    ask_of_requests(_actor_of_request)


def note_principal(principal: Principal) -> None:
    """Remember by what a program came in."""
    g.acting = principal


def note_session(session: UserSession) -> None:
    """Remember who is signed in, in the browser that asks."""
    g.acting = Actor(ActorKind.PERSON, session.user_id, session.id, session.user.email)


def _actor_of_request() -> Actor | None:
    if not has_request_context():
        return None
    match g.get("acting"):
        case Principal(user=user, key=key) if key is not None:
            actor = Actor(ActorKind.API_KEY, user.id, key.id, user.email, key.name)
        case Principal(user=user, token=token) if token is not None:
            kind = ActorKind.PROGRAM if token.kind is TokenKind.SIGN_IN else ActorKind.DELEGATE
            via_id = token.session_id or token.execution_id or token.reports_on
            actor = Actor(kind, user.id, via_id, user.email)
        case Actor() as actor:
            pass
        case _:
            actor = Actor(ActorKind.NOBODY)
    agent = request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH_MAX]
    return replace(actor, address=request.remote_addr, user_agent=agent)
