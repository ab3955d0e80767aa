"""The Python client of OpenSink: ask a person, wait for the answer, say how it goes.

    opensink = Client()  # at OPENSINK_URL, with the key in OPENSINK_API_KEY
    question = opensink.ask("Deploy?", schema=Deploy)  # a class of pydantic's, or a JSON Schema
    deploy = question.wait_for_answer().value

With an agent and sessions of one's own:

    session = opensink.start_session(agent_id)
    request = opensink.ask(session, key="buy", title="Buy?", message="Ten.", schema=SCHEMA)
    response = opensink.wait_for_answer(request.id).response

And for applications that execute functions, one or many:

    batch = opensink.execute_batch("images", "resize", [{"url": url} for url in urls])
    print(opensink.wait_for_batch(batch.batch_id).status)

For what decides by itself, with a key or token of its own (`resolve`, `decline`, `assign`, …).
And for what OpenSink calls, to tell its calls from others': `verify_call`.

It knows nothing of the server but its API, and needs only `requests`: whoever does not want to
install it copies this folder.

    calls           sign_in; Client, which has the calls of these:
    asynchronous/   AsyncClient, which has the same to be awaited
    asking          questions and their answers
    deciding        who decides, what is decided, and how that went
    agents          agents, their sessions, and what happens in them
    configurations  what agents are to go by
    deliveries      calls to agents
    executing       functions, executions, batches and chats
    sinks           what agents put somewhere for people to read; add_to_sink
    jobs            HTTP requests on a fixed interval
    administration  keys, roles, teams, absences, rules, the audit; who one is
    notifying       how people are told of requests
    patience        how long an answer is waited for
    question        a question asked in one line, and its answer in the caller's own type
    resources/      what the calls return
    transport       the key, and attempts
    once            which calls are not repeated
    errors          what can go wrong
    signature       verify_call
    tracing         in which trace calls are made
"""

from .asynchronous import AsyncClient, AsyncQuestion
from .calls import URL_DEFAULT, Client, sign_in
from .errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    OpenSinkApiError,
    OpenSinkError,
    RateLimited,
    Redirected,
    ServerError,
    TimedOut,
    Unreachable,
)
from .question import Answer, Question
from .resources import (
    Absence,
    Activity,
    Agent,
    AgentSession,
    ApiKey,
    Ask,
    Attempt,
    AuditEntry,
    BackgroundJob,
    Batch,
    Chat,
    Comment,
    Configuration,
    Delivery,
    EscalationChain,
    Execution,
    Function,
    InputRequest,
    Insights,
    JobRun,
    ManySinkItems,
    Me,
    Member,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    Outcome,
    PermissionsCheck,
    Policy,
    PolicyPreview,
    PolicyRevision,
    Preview,
    Queued,
    QueuedBatch,
    QueuedChats,
    Role,
    Sink,
    SinkItem,
    StandingApproval,
    Team,
    Tokens,
)
from .signature import NotVerified, VerifiedCall, is_signed, verify_call
from .sinks import add_to_sink
from .tracing import tracing

__all__ = [
    "URL_DEFAULT",
    "Absence",
    "Activity",
    "Agent",
    "AgentSession",
    "Answer",
    "ApiKey",
    "Ask",
    "AsyncClient",
    "AsyncQuestion",
    "Attempt",
    "AuditEntry",
    "BackgroundJob",
    "Batch",
    "Chat",
    "Client",
    "Comment",
    "Configuration",
    "Conflict",
    "Delivery",
    "EscalationChain",
    "Execution",
    "Forbidden",
    "Function",
    "InputRequest",
    "Insights",
    "InvalidRequest",
    "JobRun",
    "ManySinkItems",
    "Me",
    "Member",
    "NotAuthenticated",
    "NotFound",
    "NotVerified",
    "NotificationChannel",
    "NotificationMessage",
    "NotificationRule",
    "OpenSinkApiError",
    "OpenSinkError",
    "Outcome",
    "PermissionsCheck",
    "Policy",
    "PolicyPreview",
    "PolicyRevision",
    "Preview",
    "Question",
    "Queued",
    "QueuedBatch",
    "QueuedChats",
    "RateLimited",
    "Redirected",
    "Role",
    "ServerError",
    "Sink",
    "SinkItem",
    "StandingApproval",
    "Team",
    "TimedOut",
    "Tokens",
    "Unreachable",
    "VerifiedCall",
    "add_to_sink",
    "is_signed",
    "sign_in",
    "tracing",
    "verify_call",
]
