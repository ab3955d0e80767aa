"""The Python SDK for agents' authors: ask a person, wait for the answer, say how it goes.

    opensink = Client()  # at OPENSINK_URL, with the key in OPENSINK_API_KEY
    session = opensink.start_session(agent_id)
    request = opensink.ask(session, key="buy", title="Buy?", message="Ten.", schema=SCHEMA)
    answer = opensink.wait_for_answer(request.id).response

And for applications that execute functions, one or many:

    batch = opensink.execute_batch("images", "resize", [{"url": url} for url in urls])
    print(opensink.wait_for_batch(batch.batch_id).status)

For what decides by itself, with a key or token of its own (`resolve`, `decline`, `assign`, …).
And for what OpenSink calls, to tell its calls from others': `is_signed`.

It knows nothing of the server but its API, and needs only `requests`: whoever does not want to
install the server copies this folder.

    calls      Client: a method for each call
    deciding   those of them about who decides, what is decided, and how that went
    resources  what the calls return
    transport  the key, attempts and errors
    signature  is_signed
"""

from .calls import URL_DEFAULT, Client
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
from .signature import is_signed
from .transport import OpenSinkApiError

__all__ = [
    "URL_DEFAULT",
    "Activity",
    "Agent",
    "AgentSession",
    "Batch",
    "Chat",
    "Client",
    "Comment",
    "Execution",
    "Function",
    "InputRequest",
    "Insights",
    "Me",
    "OpenSinkApiError",
    "Outcome",
    "Preview",
    "Queued",
    "QueuedBatch",
    "QueuedChats",
    "StandingApproval",
    "is_signed",
]
