"""Executions that were given hostile text, and answered with it."""

from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Agent,
    Batch,
    Callback,
    CallbackStatus,
    Chat,
    ChatMessage,
    Execution,
    ExecutionKind,
    ExecutionStatus,
    ExecutionStep,
    InputRequest,
    StepKind,
    User,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.operations.accounts.user_session import SESSION_LIFETIME
from tests.browser.hostile_texts import Texts


def add_executions(workspace_id: UUID, reader: User, texts: Texts) -> tuple[Execution, Execution]:
    """Write a batch down, one execution for each line; return a failed one and one that waits."""
    made = [_execution(workspace_id, reader, line, texts) for line in texts.lines]
    batch = _batch(workspace_id, reader, texts, len(made))
    for number, execution in enumerate(made):
        execution.batch_id, execution.batch_index = batch.id, number
    db.session.add_all(made)
    db.session.flush()
    failed, waiting = made[:2]
    failed.chat_id = _chat(workspace_id, reader, texts).id
    _fail(failed, texts)
    _pause(waiting, texts)
    return failed, waiting


def _execution(workspace_id: UUID, reader: User, line: str, texts: Texts) -> Execution:
    data: JSONObject = {text: {text: [text]} for text in texts.all[:40]}
    return Execution(
        workspace_id=workspace_id,
        user_id=reader.id,
        kind=ExecutionKind.FUNCTION,
        target_namespace=line,
        target_name=line,
        trigger_type=line[:32],
        trigger_id=line,
        input_data=data,
        timeout_seconds=30,
        group_id=new_id(),
        next_at=clock.now() + SESSION_LIFETIME,
    )


def _batch(workspace_id: UUID, reader: User, texts: Texts, total: int) -> Batch:
    batch = Batch(
        workspace_id=workspace_id,
        user_id=reader.id,
        kind=ExecutionKind.FUNCTION,
        target_namespace=texts.lines[0],
        target_name=texts.lines[1],
        total=total,
        trigger_id_prefix=texts.lines[2],
        callback_url=f"https://example.com/?{texts.lines[3]}",
    )
    db.session.add(batch)
    db.session.flush()
    return batch


def _chat(workspace_id: UUID, reader: User, texts: Texts) -> Chat:
    chat = Chat(
        workspace_id=workspace_id,
        user_id=reader.id,
        agent_id=db.session.scalar(select(Agent.id).where(Agent.workspace_id == workspace_id)),
        input_variables={text: text for text in texts.all[:40]},
    )
    db.session.add(chat)
    db.session.flush()
    said = [*texts.paragraphs, texts.all[:40]]
    for number, content in enumerate(said):
        role = texts.lines[number % len(texts.lines)][:32]
        message = ChatMessage(chat_id=chat.id, number=number, role=role, content=content)
        message.tool_calls = [{text: text} for text in texts.all[:10]]
        db.session.add(message)
    return chat


def _fail(execution: Execution, texts: Texts) -> None:
    execution.status, execution.finished_at = ExecutionStatus.FAILED, clock.now()
    execution.output_data = texts.all
    execution.error, execution.error_code = texts.whole, texts.lines[0][:64]
    execution.callback_url = f"https://example.com/{texts.lines[0]}?token={texts.lines[1]}"
    callback = Callback(
        workspace_id=execution.workspace_id,
        execution_id=execution.id,
        url=execution.callback_url,
        status=CallbackStatus.FAILED,
        error_message=texts.whole,
        group_id=new_id(),
        next_at=clock.now(),
    )
    db.session.add(callback)
    for number, text in enumerate(texts.paragraphs):
        kind = [*StepKind][number % len(StepKind)]
        db.session.add(ExecutionStep(execution_id=execution.id, kind=kind, message=text))


def _pause(execution: Execution, texts: Texts) -> None:
    execution.status = ExecutionStatus.AWAITING_INPUT
    for line in texts.lines[:4]:
        request = InputRequest(
            workspace_id=execution.workspace_id,
            execution_id=execution.id,
            key=line,
            title=line,
            message=line,
            schema={},
        )
        db.session.add(request)
