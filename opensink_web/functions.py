"""What authors of Python functions import; nothing else of this package is theirs.

    from opensink_web.functions import AwaitInput, Context

    def deploy(input_data: dict, context: Context) -> dict:
        if context.resume is None:
            raise AwaitInput("Deploy **now**?", {"type": "object", "properties": {…}})
        return {"deployed": context.resume.response["approved"]}

A package advertises it under a name: `[project.entry-points."opensink.functions"]`.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Resume:
    """A person's answer to what the call before this one asked for.

    `edited` are JSON Pointers to what it changes of what the schema proposed by its defaults and
    constants; None when it proposed nothing.
    """

    input_request_id: str
    response: Any
    edited: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Which execution this is and on whose behalf.

    `access_token` acts as that user, here and at applications that ask `GET /auth/me`. `resume` is
    there when the function is called again with an answer; it then starts from the beginning.
    `trace` are the headers by which calls that it makes go on with the trace of who started it.
    """

    execution_id: str
    user_id: str
    user_email: str
    trigger_type: str
    trigger_id: str
    chat_id: str | None
    access_token: str = field(repr=False)
    resume: Resume | None = None
    trace: dict[str, str] = field(default_factory=dict)


class AwaitInput(BaseException):
    """Raise it to ask a person: the execution waits, and the function is called again after.

    `prompt` is Markdown, `schema` a JSON Schema of the answer, an object. Options are those of
    requests: priority, tags, reference, context, allow_decline, assignees, forbid_requester,
    required_responses, quorum; expires_at (RFC 3339) or expires_in_seconds, with on_expire and
    default_response. A question that expires fails the execution. Like KeyboardInterrupt it is no
    `Exception`, so that `except Exception` does not swallow the question.
    """

    def __init__(self, prompt: str, schema: dict[str, Any], **options: Any) -> None:
        super().__init__(prompt)
        self.prompt = prompt
        self.schema = schema
        self.options = options
