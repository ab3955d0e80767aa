"""Sealed values are encrypted anew while everything goes on, on both databases."""

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web.errors import ConfigurationError
from opensink_web.keyring import id_of, new_key
from opensink_web.models import Agent, InputRequest, Workspace, db
from opensink_web.models.sealed import keyring
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.sealed import check_keys, count_by_key, reseal
from tests.conftest import Cast
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        answer(cast.alice, waiting)
        return waiting


def put_new_key_first() -> tuple[str, str]:
    """Return the ids of the old and the new key."""
    file = keyring().file
    assert file is not None
    (old,) = file.read()
    new = new_key()
    file.write((new, old))
    return id_of(old), id_of(new)


def drop_old_key() -> None:
    file = keyring().file
    assert file is not None
    file.write(file.read()[:1])


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database", "key_file")
class TestReseal:
    def test_all_is_encrypted_with_the_first_key(self, request: pytest.FixtureRequest) -> None:
        waiting: Waiting = request.getfixturevalue("waiting")
        with request.getfixturevalue("app").app_context():
            old, new = put_new_key_first()
            with reading():
                before = count_by_key()
            assert sum(batch.done for batch in reseal()) == before[old] > 0
            with reading():
                assert count_by_key() == {new: before[old]}
            drop_old_key()
            with reading():
                agent = db.session.get_one(Agent, waiting.agent_id)
                assert agent.execution_endpoint
                assert agent.execution_endpoint["url"] == ENDPOINT.url
                asked = db.session.get_one(InputRequest, waiting.request_id)
                assert asked.response == {"approved": True}


@pytest.mark.usefixtures("key_file")
def test_many_values_take_many_transactions(
    app: Flask, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensink_web.operations.sealed.VALUES_AT_ONCE", 1)
    with app.app_context():
        old, _ = put_new_key_first()
        with reading():
            count = count_by_key()[old]
        batches = list(reseal())
    assert count > 10
    assert [(batch.done, batch.unreadable) for batch in batches] == [(1, 0)] * count


@pytest.mark.usefixtures("key_file")
def test_what_no_key_opens_stays_as_it_is(app: Flask, waiting: Waiting, cast: Cast) -> None:
    with app.app_context():
        with writing():
            db.session.execute(
                update(Workspace)
                .where(Workspace.id == cast.charlie.workspace_id)
                .values(sealed_execution_secret="00000000.x")
            )
        old, new = put_new_key_first()
        with reading():
            count = count_by_key()[old]
        batches = list(reseal())
        assert sum(batch.unreadable for batch in batches) == 1
        with reading():
            assert count_by_key() == {new: count, "00000000": 1}
            check_keys()


@pytest.mark.usefixtures("key_file")
def test_keys_of_another_database_are_noticed(app: Flask, cast: Cast) -> None:
    with app.app_context(), reading():
        file = keyring().file
        assert file is not None
        check_keys()
        file.write((new_key(),))
        with pytest.raises(ConfigurationError, match="Put the key back"):
            check_keys()
