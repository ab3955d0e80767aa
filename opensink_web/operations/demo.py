"""The demo's agents: making one, with its endpoint on loopback and its key, for somebody."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from opensink_web import clock
from opensink_web.demo.trading_agent import AgentSettings
from opensink_web.errors import ConfigurationError, NotFound
from opensink_web.models import Agent, ApiKey, Membership, Role, User, Workspace, db
from opensink_web.operations.accounts.api_key import create_key, principal_of_key, revoke_key
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.agent import create_agent, update_agent
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.agents.signing_secret import signing_secret_of
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy

NAMESPACE = "default"
KEY_NAME = "Trading demo"
KEY_SCOPES = (
    "agent_sessions:all",
    "agent_session_input_requests:all",
    "agent_session_activities:all",
)
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class DemoKind:
    """Where a demo runs decides how its agent is called and how long its key opens anything."""

    slug: str
    name: str
    key_lifetime: timedelta | None


SUPERVISED = DemoKind("trading-demo", "Trading desk (demo)", None)
IN_TERMINAL = DemoKind("trading-demo-terminal", "Trading desk (terminal)", timedelta(days=1))


def demo_owner(email: str | None) -> Principal:
    """Return the first admin, or the one with this address, in their first workspace.

    Raises: NotFound, saying how to become one.
    """
    query = (
        select(Membership)
        .join(Membership.user)
        .where(Membership.role == Role.ADMIN, Membership.deactivated_at.is_(None), User.is_active)
        .order_by(Membership.created_at)
    )
    if email is not None:
        query = query.where(User.email == email.strip().lower())
    membership = db.session.scalars(query.limit(1)).first()
    if membership is None:
        raise NotFound(
            f"There is no admin{' ' + email if email else ''} yet. Open the sign-up link that"
            " `opensink up` printed, or run `opensink user create EMAIL --role admin`."
        )
    return Principal.of(membership)


def prepare_demo(
    owner: Principal, policy: EndpointPolicy, kind: DemoKind, *, base_url: str, port: int
) -> AgentSettings:
    """Make the demo's agent, or point the one that is there to this port, with a new key.

    Raises: ConfigurationError when this server calls nothing on loopback.
    """
    url = _endpoint_url(port)
    if policy.check_url(url) is not None:
        raise ConfigurationError(
            "This server does not call agents on its own machine, which the demo's agent is."
            " Start it with EXECUTION_ENDPOINT_HOSTS=127.0.0.0/8 to permit that."
        )
    endpoint = EndpointSpec(url, "POST", (), None, _TIMEOUT_SECONDS)
    lifetime = kind.key_lifetime
    _, api_key = create_key(
        owner.workspace,
        owner.user,
        name=KEY_NAME,
        scopes=KEY_SCOPES,
        expires_at=clock.now() + lifetime if lifetime else None,
    )
    agent = _agent_at(owner.workspace, policy, kind, endpoint)
    return AgentSettings(
        base_url=base_url,
        api_key=api_key,
        agent_id=str(agent.id),
        secret=signing_secret_of(owner.workspace, agent),
        port=port,
    )


def is_current(settings: AgentSettings, workspace: Workspace, *, base_url: str) -> bool:
    """Return True if a supervised demo with these settings would work in this workspace."""
    agent = _find(workspace, SUPERVISED)
    endpoint = endpoint_of(agent) if agent is not None else None
    speaker = principal_of_key(settings.api_key)
    return (
        agent is not None
        and str(agent.id) == settings.agent_id
        and endpoint is not None
        and endpoint.url == _endpoint_url(settings.port)
        and settings.secret == signing_secret_of(workspace, agent)
        and settings.base_url == base_url
        and speaker is not None
        and speaker.may("agent_sessions", Action.WRITE)
    )


def revoke_demo_key(settings: AgentSettings) -> None:
    """Make the key in these settings useless; it may be of another workspace, or gone."""
    of_settings = select(ApiKey).where(
        ApiKey.key_hash == hash_token(settings.api_key), ApiKey.revoked_at.is_(None)
    )
    key = db.session.scalars(of_settings).one_or_none()
    if key is not None:
        revoke_key(db.session.get_one(Workspace, key.workspace_id), key.id)


def _agent_at(
    workspace: Workspace, policy: EndpointPolicy, kind: DemoKind, endpoint: EndpointSpec
) -> Agent:
    agent = _find(workspace, kind)
    if agent is not None:
        return update_agent(workspace, agent.id, policy, execution_endpoint=endpoint)
    return create_agent(
        workspace,
        policy,
        name=kind.name,
        description="Proposes trades, and executes those that somebody approves.",
        namespace=NAMESPACE,
        slug=kind.slug,
        execution_endpoint=endpoint,
    )


def _find(workspace: Workspace, kind: DemoKind) -> Agent | None:
    query = select(Agent).where(
        Agent.workspace_id == workspace.id, Agent.namespace == NAMESPACE, Agent.slug == kind.slug
    )
    return db.session.scalars(query).one_or_none()


def _endpoint_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/execute"
