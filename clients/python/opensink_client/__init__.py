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

    calls      Client: a method for each call
    asking     those of them about questions and their answers
    deciding   those of them about who decides, what is decided, and how that went
    question   a question asked in one line, and its answer in the caller's own type
    resources  what the calls return
    transport  the key, and attempts
    errors     what can go wrong
    signature  verify_call
"""

from .calls import URL_DEFAULT, Client
from .errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    OpenSinkApiError,
    OpenSinkError,
    RateLimited,
    ServerError,
    TimedOut,
    Unreachable,
)
from .question import Answer, Question
from .resources import (
    Activity,
    Agent,
    AgentSession,
    Batch,
    Chat,
    Comment,
    Execution,
    Function,
    InputRequest,
    Insights,
    Me,
    Outcome,
    Preview,
    Queued,
    QueuedBatch,
    QueuedChats,
    StandingApproval,
)
from .signature import NotVerified, VerifiedCall, is_signed, verify_call

__all__ = [
    "URL_DEFAULT",
    "Activity",
    "Agent",
    "AgentSession",
    "Answer",
    "Batch",
    "Chat",
    "Client",
    "Comment",
    "Conflict",
    "Execution",
    "Forbidden",
    "Function",
    "InputRequest",
    "Insights",
    "InvalidRequest",
    "Me",
    "NotAuthenticated",
    "NotFound",
    "NotVerified",
    "OpenSinkApiError",
    "OpenSinkError",
    "Outcome",
    "Preview",
    "Question",
    "Queued",
    "QueuedBatch",
    "QueuedChats",
    "RateLimited",
    "ServerError",
    "StandingApproval",
    "TimedOut",
    "Unreachable",
    "VerifiedCall",
    "is_signed",
    "verify_call",
]
