"""A workspace in which every text that others write is hostile, beside the one that tests share."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.factory import create_app
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Activity,
    ActivitySource,
    ActivityType,
    AgentSession,
    AttemptOutcome,
    AttemptTrigger,
    CustomRole,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryStatus,
    InputRequest,
    Invitation,
    Membership,
    PasswordReset,
    Role,
    SessionStatus,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.credential import hash_password, hash_token
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.user_session import SESSION_LIFETIME, begin_session
from opensink_web.operations.accounts.workspace import create_workspace
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session, update_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.decisions.bulk_result import keep_results
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.decisions.queries import RowResult
from opensink_web.operations.executions.function import (
    FunctionFields,
    check_fields,
    create_function,
)
from opensink_web.operations.executions.function_target import EntryPointSpec
from opensink_web.operations.executions.pause import pause_for_input
from opensink_web.operations.executions.queries.question import Question
from opensink_web.operations.executions.submission import Options, check_input, submit
from opensink_web.operations.requests.answer import check_answer
from opensink_web.operations.requests.preview import create_preview
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.settings import Settings
from tests.browser.hostile_configuration import add_configurations
from tests.browser.hostile_executions import add_executions
from tests.browser.hostile_form import further_forms, hostile_form
from tests.browser.hostile_jobs import add_jobs
from tests.browser.hostile_settings import TO_ALLOW, add_settings
from tests.browser.hostile_sinks import add_sinks
from tests.browser.hostile_teamwork import add_chain, add_comments, add_teams
from tests.browser.hostile_texts import Texts
from tests.browser.hostile_watch import MARK
from tests.conftest import PASSWORD

SLUG = "hostile"
READER = "reader@example.com"
WRITER = "writer@example.com"
LINK = "hostile-link"
TITLE = "Answer this"
_POLICY = EndpointPolicy.from_entries(("127.0.0.0/8",))


@dataclass(frozen=True)
class HostilePlace:
    """Where hostile text is drawn: every page, and the parts of pages that update themselves.

    `request_path` is the page of a request that can be answered, `to_answer_path` that of another.
    """

    paths: tuple[str, ...]
    live: tuple[tuple[str, str], ...]
    request_path: str
    to_answer_path: str


def fill(data_dir: Path, netloc: str) -> HostilePlace:
    """Write the workspace into the database of the server that runs on `data_dir`."""
    app = create_app(Settings.from_env({"DATA_DIR": str(data_dir)}))
    with app.app_context():
        try:
            with writing():
                return _write(Texts(netloc))
        finally:
            db.session.remove()
            db.engine.dispose()


def _write(texts: Texts) -> HostilePlace:
    workspace = create_workspace(SLUG, texts.of_people[0])
    db.session.flush()
    reader = _add_people(workspace, texts)
    for line in texts.of_people[:20]:
        key, _ = create_key(workspace, reader, name="key", scopes=("all:all",))
        key.name = line  # as one that was made when names could be anything
    sessions = [_ask(workspace, reader, line, texts) for line in texts.lines]
    session = sessions[0]
    _log(session, texts)
    ask_by = partial(ask, workspace, session.id, session.agent_id, requested_by_id=reader.id)
    ask_for = partial(ask_by, key="k", title=TITLE, message=texts.whole)
    asked, to_answer = [ask_for(schema=hostile_form(texts)) for _ in range(2)]
    further = [ask_for(schema=schema) for schema in further_forms(texts)]
    preview = create_preview(workspace, hostile_form(texts), None)
    answered = _answer(workspace, session, reader, texts)
    failed = _fail(workspace, sessions[1], answered, texts)
    asked_by_function, to_approve, rejected = _execute(workspace, reader, texts)
    execution, waiting = add_executions(workspace.id, reader, texts)
    role_id, team_id = _add_roles(workspace, texts), add_teams(workspace, texts)
    chain_id = add_chain(workspace, reader, team_id)
    settings = add_settings(workspace, reader, team_id, ask_for(schema=TO_ALLOW), texts)
    add_comments(workspace, asked, reader, _member(workspace, WRITER, Role.REVIEWER), texts)
    job_pages, live_jobs = add_jobs(workspace, texts)
    at, admin = f"/w/{SLUG}", f"/w/{SLUG}/admin"
    results = [RowResult(asked.id, texts.paragraphs[0]), RowResult(answered.id)]
    bulk = keep_results(workspace, results, by=reader)
    agent = f"{admin}/agents/{session.agent_id}"
    function = f"{at}/functions/{_define(workspace, reader, texts)}"
    return HostilePlace(
        paths=(
            *(f"{at}/inbox", f"{at}/inbox?view=decided", f"{at}/requests/{answered.id}"),
            *(f"{at}/inbox/bulk", f"{at}/inbox/bulk/{bulk.id}", f"{at}/inbox/table"),
            *(f"{at}/inbox/bulk/{bulk.id}/{done}" for done in ("claimed", "released")),
            *(f"{at}/requests/{one}" for one in (asked_by_function, to_approve, rejected)),
            *(f"{at}/requests/{one.id}" for one in further),
            f"{at}/requests/{to_approve}/mentionable",
            f"{at}/requests/{to_approve}/decide/yes",
            f"{at}/requests/{to_answer.id}/decide/decline",
            *(f"{at}/previews/{preview.id}", f"{at}/previews/new"),
            *(f"{at}/sessions", f"{at}/sessions/{session.id}"),
            f"{at}/sessions/{failed.session_id}",
            *(f"{at}/executions", f"{at}/executions/{execution.id}"),
            *(f"{at}/batches", f"{at}/batches/{execution.batch_id}"),
            f"{at}/chats/{execution.chat_id}",
            *(f"{at}/deliveries", f"{at}/deliveries/{failed.id}", f"{admin}/agents", agent),
            *(at + each for each in add_configurations(workspace, session, texts)),
            *(*job_pages, *add_sinks(workspace, reader, texts)),
            *(f"{agent}?test={_try(session, texts)}", f"{agent}/edit", f"{admin}/agents/new"),
            *(f"{admin}/api-keys", f"{admin}/api-keys/new", f"{admin}/members"),
            f"{admin}/members/{reader.id}/deactivate",
            *(f"{at}/inbox?asks=me", f"{admin}/audit", f"{admin}/teams"),
            *(f"{admin}/teams/new", f"{admin}/teams/{team_id}/edit"),
            *(f"{admin}/escalation", f"{admin}/escalation/{chain_id}/edit", *settings),
            *(f"{admin}/roles", f"{admin}/roles/new", f"{admin}/roles/{role_id}/edit"),
            *(f"{admin}/workspace", "/workspaces", "/account", f"/sign-up/{LINK}"),
            *(f"{at}/functions", f"{at}/functions/new", function, f"{function}/edit"),
            f"{function}/try",
            *("/account/second-factor", "/forgot-password", f"/reset-password/{LINK}"),
        ),
        live=(
            (f"{at}/inbox", "#inbox-list"),
            (f"{at}/requests/{asked.id}", "#watch"),
            (f"{at}/sessions/{sessions[3].id}", "#session"),
            (f"{at}/deliveries/{_postpone(sessions[2], texts)}", "#delivery"),
            (f"{at}/executions", "#execution-list"),
            (f"{at}/executions/{waiting.id}", "#execution"),
            (f"{at}/batches", "#batch-list"),
            (f"{at}/batches/{execution.batch_id}", "#batch"),
            *live_jobs,
        ),
        request_path=f"{at}/requests/{asked.id}",
        to_answer_path=f"{at}/requests/{to_answer.id}",
    )


def _add_people(workspace: Workspace, texts: Texts) -> User:
    """Add the one who reads, members and an invitation with hostile addresses, odd browsers."""
    reader = _member(workspace, READER, Role.ADMIN)
    reader.password_hash = hash_password(PASSWORD)
    for line in texts.of_people:
        member = _member(workspace, f"{line[:240]}@example.com", Role.VIEWER)
        begin_session(reader, user_agent=line, remote_address=line)
    _add_links(workspace, reader, member, texts)
    return reader


def _add_links(workspace: Workspace, reader: User, member: User, texts: Texts) -> None:
    ends_at = clock.now() + SESSION_LIFETIME
    link = PasswordReset(user_id=member.id, token_hash=hash_token(LINK), expires_at=ends_at)
    db.session.add(link)
    for token in (LINK, "another"):
        invitation = Invitation(
            workspace_id=workspace.id,
            role=Role.VIEWER,
            email=f"{texts.of_people[1]}@example.com",
            token_hash=hash_token(token),
            invited_by_id=reader.id,
            expires_at=ends_at,
        )
        db.session.add(invitation)


def _member(workspace: Workspace, email: str, role: Role) -> User:
    user = User(email=email)
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(user_id=user.id, workspace_id=workspace.id, role=role))
    return user


def _add_roles(workspace: Workspace, texts: Texts) -> UUID:
    """Make roles with hostile names and descriptions; return the id of one."""
    roles = [
        CustomRole(workspace_id=workspace.id, name=line, description=line, permissions=[])
        for line in texts.of_people
    ]
    db.session.add_all(roles)
    db.session.flush()
    return roles[0].id


def _ask(workspace: Workspace, reader: User, line: str, texts: Texts) -> AgentSession:
    """Let an agent of this name ask a question of this title."""
    url = f"http://127.0.0.1:9/{quote(line)}"
    agent = create_agent(
        workspace,
        _POLICY,
        name="agent",
        description=line,
        execution_endpoint=EndpointSpec(url, "POST", (("X-A", "<b>"),), {line: line}, 5),
    )
    agent.name = line
    agent.endpoint_unhealthy_since, agent.endpoint_failure_count = clock.now(), 5
    agent.endpoint_last_error = line
    state: JSONObject = {text: text for text in texts.all[:150]}
    session = start_session(workspace, agent.id, state=state, metadata={line: [line, {line: line}]})
    ask(
        workspace,
        session.id,
        agent.id,
        key=line,
        title=line,
        message=line,
        schema={},
        requested_by_id=reader.id,
    )
    return session


def _define(workspace: Workspace, reader: User, texts: Texts) -> str:
    """Make a function with hostile words wherever it has words; return its address."""
    line = texts.lines[0]
    url = f"http://127.0.0.1:9/{quote(line)}"
    target = EndpointSpec(url, "POST", (("X-A", "<b>"),), {each: each for each in texts.lines}, 5)
    whole = FunctionFields(
        *("hostile", "function", target, texts.paragraphs[0]),
        input_schema=hostile_form(texts),
        output_schema={"description": line, "requierd <b>": texts.paragraphs[1]},
    )
    function = create_function(workspace, reader, _POLICY, check_fields(_POLICY, whole))
    return f"{function.namespace}/{function.name}"


def _log(session: AgentSession, texts: Texts) -> None:
    """Log what an agent may: messages, payloads, links that lead where they should not."""
    for number, text in enumerate(texts.paragraphs):
        linked = texts.all[number :: len(texts.paragraphs)]
        activity = Activity(
            workspace_id=session.workspace_id,
            session_id=session.id,
            agent_id=session.agent_id,
            type=ActivityType.MESSAGE,
            source=ActivitySource.AGENT,
            message=text,
            payload={text: [text]},
            related_entity_id=text[:255],
            links=[{"href": one.removeprefix(MARK), "text": one} for one in linked],
        )
        db.session.add(activity)


def _answer(
    workspace: Workspace, session: AgentSession, reader: User, texts: Texts
) -> InputRequest:
    """Have a request answered with hostile keys and values."""
    asked = ask(
        workspace,
        session.id,
        session.agent_id,
        key="k",
        title=texts.lines[3],
        message=texts.whole,
        schema={},
        requested_by_id=reader.id,
    )
    response: JSONObject = {text: {text: [text]} for text in texts.all}
    return resolve(workspace, check_answer(workspace, asked.id, response), by=reader)


def _execute(workspace: Workspace, reader: User, texts: Texts) -> list[UUID]:
    """Have a function ask, its call wait for approval, and another one be rejected."""
    fields = FunctionFields(
        "hostile",
        "words",
        EntryPointSpec("words"),
        description=texts.whole,
        requires_approval=True,
    )
    function = create_function(workspace, reader, _POLICY, check_fields(_POLICY, fields))
    principal = Principal(workspace, reader, Role.ADMIN)
    input_data: JSONObject = {text: [text] for text in texts.all}
    options = Options(trigger_id=texts.lines[0][:200])
    checked = check_input(function, input_data)
    asking, _, _ = [submit(principal, function, checked, options) for _ in range(3)]
    of_executions = (
        select(InputRequest.id)
        .where(InputRequest.workspace_id == workspace.id, InputRequest.execution_id.is_not(None))
        .order_by(InputRequest.id)
    )
    approved, to_approve, rejected = db.session.scalars(of_executions)
    resolve(workspace, check_answer(workspace, approved, input_data), by=reader)
    decline(workspace, rejected, texts.paragraphs[0][:2000], by=reader)
    pause_for_input([Question(asking, texts.whole, hostile_form(texts))])
    *_, asked = db.session.scalars(of_executions)
    return [asked, to_approve, rejected]


def _fail(
    workspace: Workspace, session: AgentSession, asked: InputRequest, texts: Texts
) -> Delivery:
    """Write down a failed call that an endpoint answered with everything it may answer with."""
    update_session(workspace, session.id, status=SessionStatus.FAILED, error_message=texts.whole)
    delivery = _delivery(session, DeliveryKind.INPUT_REQUEST_RESOLVED, "hostile")
    delivery.input_request_id = asked.id
    delivery.error_message = texts.whole
    for number, text in enumerate(texts.paragraphs, start=1):
        db.session.add(_attempt(delivery, number, text))
    return delivery


def _postpone(session: AgentSession, texts: Texts) -> UUID:
    """Write down a failed call that is tried again much later; return its id."""
    delivery = _delivery(session, DeliveryKind.INPUT_REQUEST_RESOLVED, "hostile later")
    delivery.status, delivery.finished_at = DeliveryStatus.PENDING, None
    delivery.next_at = clock.now() + SESSION_LIFETIME
    delivery.error_message = texts.whole
    db.session.add(_attempt(delivery, 1, texts.paragraphs[1]))
    return delivery.id


def _try(session: AgentSession, texts: Texts) -> UUID:
    """Write down a test call; return its id."""
    delivery = _delivery(session, DeliveryKind.TEST, "hostile test")
    db.session.add(_attempt(delivery, 1, texts.paragraphs[0]))
    return delivery.id


def _delivery(session: AgentSession, kind: DeliveryKind, business_key: str) -> Delivery:
    delivery = Delivery(
        workspace_id=session.workspace_id,
        agent_id=session.agent_id,
        session_id=session.id,
        kind=kind,
        business_key=business_key,
        status=DeliveryStatus.FAILED,
        next_at=clock.now(),
        finished_at=clock.now(),
    )
    db.session.add(delivery)
    db.session.flush()
    return delivery


def _attempt(delivery: Delivery, number: int, text: str) -> DeliveryAttempt:
    line = text[:250]
    return DeliveryAttempt(
        delivery_id=delivery.id,
        number=number,
        trigger=AttemptTrigger.FIRST,
        outcome=AttemptOutcome.FAILED,
        method="POST",
        url=f"http://127.0.0.1:9/{line}",
        request_headers=[[line, line]],
        request_body=text,
        response_status=500,
        response_headers=[[line, line]],
        response_body=text,
        error_code=line[:60],
        error_message=text,
        remote_address="127.0.0.1",
        latency_ms=1.0,
        finished_at=clock.now(),
    )
