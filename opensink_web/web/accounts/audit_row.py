"""A line of the audit, in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, assert_never
from uuid import UUID

from flask import url_for

from opensink_web import json_value
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import ActorKind, AuditEntry, SubjectKind
from opensink_web.operations.audit.queries import Said, details_of, origin_of
from opensink_web.web.rendering.kind_words import audit_action

_LONG_ID = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
_SHOWN = 12
_ERASED = "Erased"
_NOT_SHOWN = "parts"
"""Which values an erasure has taken, which `opensink audit verify` reads."""
_UNREADABLE = "Cannot be read: its key is missing"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What the page says of an entry.

    `same_user_href` and `same_subject_href` narrow the list to what is alike; `lines` are what
    changed, each a name, a text, and the whole of it where the text is its beginning. `whole` is
    what the line has no room for: each a name, and all of it.
    """

    id: UUID
    seq: int | None
    at: datetime
    action: str
    who: str
    by: str
    address: str
    user_agent: str
    same_user_href: str | None
    subject: str
    subject_id: UUID
    subject_href: str | None
    same_subject_href: str
    lines: list[tuple[str, str, str | None]]
    whole: list[tuple[str, str]]
    is_incomplete: str


def row_of(slug: str, entry: AuditEntry, kept: Mapping[str, str]) -> AuditRow:
    """Return the line of an entry; `kept` are the list's filters."""
    origin, details = origin_of(entry), details_of(entry)

    def narrowed(**more: str) -> str:
        args: dict[str, Any] = {**kept, **more}
        return url_for("audit.index", workspace_slug=slug, **args)

    key = origin.values.get("key")
    lines = _lines_of(details.values)
    return AuditRow(
        id=entry.id,
        seq=entry.seq,
        at=entry.at,
        action=audit_action(entry.action),
        who=str(origin.values.get("email") or _nobody(entry.actor)),
        by=_by(entry.actor) + (f" “{key}”" if key else ""),
        address=str(origin.values.get("address") or ""),
        user_agent=str(origin.values.get("user_agent") or ""),
        same_user_href=narrowed(user=str(entry.user_id)) if entry.user_id else None,
        subject=_subject(entry.subject),
        subject_id=entry.subject_id,
        subject_href=_subject_href(slug, entry),
        same_subject_href=narrowed(subject=str(entry.subject_id)),
        lines=lines,
        whole=_whole(entry, origin.values, lines),
        is_incomplete=_missing(origin) or _missing(details),
    )


def _whole(
    entry: AuditEntry, origin: JSONObject, lines: list[tuple[str, str, str | None]]
) -> list[tuple[str, str]]:
    """Return ids, digests and names of programs, for whoever compares them."""
    whole = [(_subject(entry.subject), str(entry.subject_id))]
    if entry.via_id is not None:
        whole.append((_via(entry.actor), str(entry.via_id)))
    if program := origin.get("user_agent"):
        whole.append(("Program", str(program)))
    return whole + [(name, text) for name, _, text in lines if text is not None]


def _via(actor: ActorKind) -> str:
    match actor:
        case ActorKind.API_KEY:
            return "Key"
        case ActorKind.DELEGATE:
            return "Execution"
        case (
            ActorKind.PERSON
            | ActorKind.PROGRAM
            | ActorKind.NOBODY
            | ActorKind.OPERATOR
            | ActorKind.SYSTEM
        ):
            return "Session"
        case _:
            assert_never(actor)


def _missing(said: Said) -> str:
    if said.is_unreadable:
        return _UNREADABLE
    return _ERASED if said.is_erased else ""


def _lines_of(details: JSONObject) -> list[tuple[str, str, str | None]]:
    """Return what changed: a field's value before and after, or what else is said."""
    lines = []
    for name, value in details.items():
        if name == _NOT_SHOWN:
            continue
        if name == "changes" and isinstance(value, dict):
            for field, change in value.items():
                lines.append((_name(field), _change(change)))
        else:
            lines.append((_name(name), _text(value)))
    return [(name, *_shortened(text)) for name, text in lines]


def _shortened(text: str) -> tuple[str, str | None]:
    """Return a text with digests and ids cut, and the whole of it if there were any."""
    short = _LONG_ID.sub(lambda found: found[0][:_SHOWN] + "…", text)
    return short, None if short == text else text


def _change(change: JSONValue) -> str:
    match change:
        case [before, after]:
            return f"{_text(before)} → {_text(after)}"
        case _:
            return _text(change)


def _name(field: str) -> str:
    return field.replace("_", " ").capitalize()


def _text(value: JSONValue) -> str:
    match value:
        case None | "" | []:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() if all(isinstance(each, str) for each in value):
            return ", ".join(str(each) for each in value)
        case _:
            return json_value.dump(value)


def _nobody(actor: ActorKind) -> str:
    match actor:
        case ActorKind.SYSTEM:
            return "The system"
        case ActorKind.OPERATOR:
            return "The operator"
        case ActorKind.NOBODY:
            return "Nobody who is known"
        case ActorKind.PERSON | ActorKind.PROGRAM | ActorKind.API_KEY | ActorKind.DELEGATE:
            return "Somebody"
        case _:
            assert_never(actor)


def _by(actor: ActorKind) -> str:
    match actor:
        case ActorKind.PERSON:
            return "in a browser"
        case ActorKind.PROGRAM:
            return "by a program"
        case ActorKind.API_KEY:
            return "by the API key"
        case ActorKind.DELEGATE:
            return "by an execution"
        case ActorKind.OPERATOR:
            return "at the command line"
        case ActorKind.NOBODY:
            return "without a sign-in"
        case ActorKind.SYSTEM:
            return "by itself"
        case _:
            assert_never(actor)


def _subject(kind: SubjectKind) -> str:
    return "API key" if kind is SubjectKind.API_KEY else kind.value.replace("_", " ").capitalize()


def _subject_href(slug: str, entry: AuditEntry) -> str | None:
    """Return where what it happened to is shown, if it is there still."""
    match entry.subject:
        case SubjectKind.PERSON | SubjectKind.INVITATION:
            return url_for("member.index", workspace_slug=slug)
        case SubjectKind.TEAM:
            return url_for("team.index", workspace_slug=slug)
        case SubjectKind.ROLE:
            return url_for("role.index", workspace_slug=slug)
        case SubjectKind.RULE:
            return url_for("policy.index", workspace_slug=slug)
        case SubjectKind.API_KEY:
            return url_for("api_key.index", workspace_slug=slug)
        case SubjectKind.ESCALATION_CHAIN:
            return url_for("escalation.index", workspace_slug=slug)
        case SubjectKind.STANDING_APPROVAL:
            return url_for(
                "standing_approval.show", workspace_slug=slug, approval_id=entry.subject_id
            )
        case SubjectKind.WORKSPACE:
            return url_for("workspace.show", workspace_slug=slug)
        case SubjectKind.FUNCTION:
            return None  # a function is addressed by its name, which may be another's by now
        case kind:
            name = _name_in_address(kind)
            return url_for(f"{name}.show", workspace_slug=slug, **_id_of(name, entry.subject_id))


_OfItsOwn = Literal[
    SubjectKind.REQUEST,
    SubjectKind.BATCH,
    SubjectKind.DELIVERY,
    SubjectKind.EXECUTION,
    SubjectKind.AGENT,
    SubjectKind.SESSION,
    SubjectKind.JOB,
    SubjectKind.SINK,
]


def _name_in_address(kind: _OfItsOwn) -> str:
    """Return what the pages of a kind are called, each of which has one."""
    match kind:
        case SubjectKind.REQUEST:
            return "input_request"
        case SubjectKind.SESSION:
            return "agent_session"
        case (
            SubjectKind.BATCH
            | SubjectKind.DELIVERY
            | SubjectKind.EXECUTION
            | SubjectKind.AGENT
            | SubjectKind.JOB
            | SubjectKind.SINK
        ):
            return kind.value
        case _:
            assert_never(kind)


def _id_of(name: str, own_id: UUID) -> dict[str, Any]:
    """Return the id as the address takes it: of `agent_session` it is `session_id`."""
    return {f"{name.rpartition('_')[2]}_id": own_id}
