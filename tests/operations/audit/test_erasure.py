"""Erasing what the audit says of a person: the chain holds, and nothing else can be taken out."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from opensink_web.json_value import JSONObject
from opensink_web.models import ActorKind, AuditAction, AuditEntry, SubjectKind, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit.actor import Actor, acting_as
from opensink_web.operations.audit.erasure import (
    erase_mentions,
    erase_some,
    mentions_after,
    names_of,
)
from opensink_web.operations.audit.record import record
from opensink_web.operations.audit.verification import verify_workspace
from tests.conftest import Cast
from tests.support.audit import chain_all, entries_of
from tests.support.audit_cases import SOMEBODY, happen

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def workspace_id(app: Flask, cast: Cast) -> Iterator[UUID]:
    """A workspace in which somebody did things, and something was done to them."""
    with app.app_context():
        happen(cast.alice.workspace_id, 9)
        with writing():
            person = (SubjectKind.PERSON, SOMEBODY.user_id or uuid4())
            details = {"email": "zoë@example.com"}
            record(AuditAction.MEMBER_JOINED, cast.alice.workspace_id, *person, {**details})
        yield cast.alice.workspace_id


def erase(workspace_id: UUID, person_id: UUID) -> int:
    total = 0
    while True:
        with writing():
            count = erase_some(db.session.get_one(Workspace, workspace_id), person_id)
        total += count
        if not count:
            return total


def said_of_somebody(workspace_id: UUID) -> list[AuditEntry]:
    return [
        each
        for each in entries_of(workspace_id)
        if "zoë" in str(each.origin) or "zoë" in str(each.details)
    ]


def test_nothing_of_the_person_is_left_and_the_chain_holds(workspace_id: UUID) -> None:
    assert len(said_of_somebody(workspace_id)) == 7
    assert erase(workspace_id, SOMEBODY.user_id or uuid4()) == 7
    chain_all()
    assert said_of_somebody(workspace_id) == []
    result = verify_workspace(workspace_id)
    assert (result.fault, result.erased_count) == (None, 7)
    (erased,) = entries_of(workspace_id, AuditAction.AUDIT_ERASED)
    assert erased.subject_id == SOMEBODY.user_id
    assert erased.details is not None
    assert erased.details[1]["values"] == 7


def test_what_names_them_elsewhere_goes_and_others_names_stay(workspace_id: UUID) -> None:
    person_id, whose = SOMEBODY.user_id or uuid4(), "zoë@example.com"
    with reading():
        assert names_of(workspace_id, person_id) == {whose}
    subject = (SubjectKind.REQUEST, uuid4())
    named: JSONObject = {"changes": {"assignees": [[], [whose.upper(), "Finance"]]}}
    others: JSONObject = {"changes": {"assignees": [[f"jim{whose}", f"{whose}.au"], []]}}
    with writing():
        for details in (named, others):
            record(AuditAction.REQUEST_ASSIGNED, workspace_id, *subject, details)
        with acting_as(Actor(ActorKind.NOBODY, address="192.0.2.66")):
            person = (SubjectKind.PERSON, person_id)
            record(AuditAction.PASSWORD_REFUSED, workspace_id, *person)
    assert erase(workspace_id, person_id) == 8
    with reading():
        found = mentions_after(workspace_id, {whose}, after=0)
    assert (len(found.seqs), found.next_after) == (1, None)
    for count in (1, 0):
        with writing():
            workspace = db.session.get_one(Workspace, workspace_id)
            assert erase_mentions(workspace, person_id, found.seqs) == count
    chain_all()
    (first, second) = entries_of(workspace_id, AuditAction.REQUEST_ASSIGNED)
    assert (first.details, second.details is None) == (None, False)
    (refused,) = entries_of(workspace_id, AuditAction.PASSWORD_REFUSED)
    assert refused.origin is None
    result = verify_workspace(workspace_id)
    assert (result.fault, result.erased_count) == (None, 9)


def test_what_happened_to_others_stays(workspace_id: UUID, cast: Cast) -> None:
    before = len(entries_of(workspace_id, AuditAction.KEY_CREATED))
    erase(workspace_id, SOMEBODY.user_id or uuid4())
    kept = entries_of(workspace_id, AuditAction.KEY_CREATED)
    assert len(kept) == before
    assert all(each.details is not None for each in kept)


def test_who_is_erased_twice_leaves_nothing_to_erase(workspace_id: UUID) -> None:
    erase(workspace_id, SOMEBODY.user_id or uuid4())
    assert erase(workspace_id, SOMEBODY.user_id or uuid4()) == 0
    assert erase(workspace_id, uuid4()) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET origin = NULL WHERE seq = 2",
        (
            "UPDATE audit_entries SET details = NULL, details_erased_by_id ="
            " (SELECT id FROM audit_entries WHERE action = 'audit_erased')"
            " WHERE action = 'key_created'"
        ),
        "UPDATE audit_entries SET origin_erased_by_id = NULL",
        "UPDATE audit_entries SET details = NULL WHERE action = 'audit_erased'",
    ],
)
def test_values_that_somebody_merely_deleted_are_missed(workspace_id: UUID, statement: str) -> None:
    erase(workspace_id, SOMEBODY.user_id or uuid4())
    chain_all()
    with writing():
        db.session.execute(text(statement))
    assert verify_workspace(workspace_id).fault is not None
