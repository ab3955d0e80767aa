"""Writers on SQLite queue and lose nothing; what fails is rolled back and wakes nobody."""

import sqlite3
import threading

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opensink_web.errors import Conflict, Unavailable
from opensink_web.models import Delivery, User, Workspace, db, transaction
from opensink_web.models.transaction import (
    Area,
    Change,
    changed_after_commit,
    changes_committed,
    notify_after_commit,
    work_committed,
    writing,
)
from tests.conftest import Cast


def test_no_read_modify_write_is_lost(app: Flask, cast: Cast) -> None:
    def add_one() -> None:
        with app.app_context():
            for _ in range(10):
                with writing():
                    workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                    workspace.name = str(int(workspace.name) + 1)

    with app.app_context(), writing():
        db.session.get_one(Workspace, cast.alice.workspace_id).name = "0"
    threads = [threading.Thread(target=add_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert db.session.get_one(Workspace, cast.alice.workspace_id).name == "60"


def change_and_fail(cast: Cast) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        workspace.name = "changed"
        notify_after_commit(Delivery, workspace.id)
        changed_after_commit(workspace.id)
        raise ZeroDivisionError


def test_what_a_transaction_changes_is_told_once_and_after_its_commit(
    app: Flask, cast: Cast
) -> None:
    told: list[set[Change]] = []

    def note(_sender: object, changes: set[Change]) -> None:
        told.append(changes)

    workspace_id = cast.alice.workspace_id
    with app.app_context(), changes_committed.connected_to(note):
        with writing():
            changed_after_commit(workspace_id)
            changed_after_commit(workspace_id)
            changed_after_commit(workspace_id, Area.SESSIONS)
            assert told == []
        assert told == [{Change(workspace_id, Area.REQUESTS), Change(workspace_id, Area.SESSIONS)}]
        with pytest.raises(ZeroDivisionError):
            change_and_fail(cast)
        with writing():
            pass
    assert len(told) == 1


def test_what_raises_is_rolled_back_and_wakes_nobody(app: Flask, cast: Cast) -> None:
    notified: list[object] = []

    def note(_sender: object, wakeups: list[object]) -> None:
        notified.extend(wakeups)

    with app.app_context(), work_committed.connected_to(note):
        with pytest.raises(ZeroDivisionError):
            change_and_fail(cast)
        assert db.session.get_one(Workspace, cast.alice.workspace_id).name == "Main"
    assert notified == []


def test_a_locked_database_is_unavailable_and_says_so(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "_LOCKED_SECONDS", 0.05)
    with app.app_context():
        with db.engine.connect() as other:
            other.exec_driver_sql("ROLLBACK")
            other.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable, match="try again"), writing():
                db.session.get_one(Workspace, cast.alice.workspace_id).name = "changed"
            other.exec_driver_sql("ROLLBACK")
        assert db.session.get_one(Workspace, cast.alice.workspace_id).name == "Main"


def test_a_writer_goes_on_once_another_process_is_done(app: Flask, cast: Cast) -> None:
    del cast
    with app.app_context():
        path = db.engine.url.database
        assert path is not None
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.05, other.rollback)
        end.start()
        with writing():
            waits_ms = db.session.execute(text("PRAGMA busy_timeout")).scalar()
            assert not other.in_transaction
        end.join()
        other.close()
    assert waits_ms == 5000, "others than writers wait as before"


def test_sqlite_keeps_what_it_acknowledged(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        read = connection.exec_driver_sql
        assert read("PRAGMA journal_mode").scalar() == "wal"
        assert read("PRAGMA synchronous").scalar() == 2, "2 is FULL"
        assert read("PRAGMA foreign_keys").scalar() == 1


def test_what_there_can_be_only_once_is_a_conflict(app: Flask, cast: Cast) -> None:
    with app.app_context(), pytest.raises(Conflict, match="try again"), writing():
        db.session.add(User(email=cast.alice.email))


def test_a_row_that_cannot_be_is_our_own_mistake(app: Flask) -> None:
    with app.app_context(), pytest.raises(IntegrityError), writing():
        db.session.add(User(email=None))


def test_a_transaction_within_a_transaction_is_refused(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        with pytest.raises(RuntimeError, match="open already"):
            change_and_fail(cast)
        assert db.session.get_one(Workspace, cast.alice.workspace_id).name == "Main"


def test_a_writer_does_not_wait_for_ever_for_another(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "_LOCKED_SECONDS", 0.05)
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), writing():
            entered.set()
            leave.wait(100)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(100)
    with app.app_context(), pytest.raises(Unavailable), writing():
        pass
    leave.set()
    holder.join()


def test_a_full_database_is_unavailable_and_then_takes_on(app: Flask, cast: Cast) -> None:
    with app.app_context():
        pages = db.session.connection().exec_driver_sql
        size = pages("PRAGMA page_count").scalar_one()
        pages(f"PRAGMA max_page_count = {size}")
        db.session.rollback()
        with pytest.raises(Unavailable, match="try again"), writing():
            rename(cast, "x" * 100_000)
        assert name_of_workspace(cast) == "Main"
        db.session.connection().exec_driver_sql(f"PRAGMA max_page_count = {size + 1000}")
        db.session.rollback()
        with writing():
            rename(cast, "x" * 100_000)
        assert len(name_of_workspace(cast)) == 100_000


def test_a_long_reader_keeps_no_writer_waiting(app: Flask, cast: Cast) -> None:
    with app.app_context(), db.engine.connect() as reader:
        read = "SELECT name FROM workspaces ORDER BY id LIMIT 1"
        assert reader.exec_driver_sql(read).scalar() == "Main"
        for number in range(50):
            with writing():
                rename(cast, f"Main {number}")
        assert reader.exec_driver_sql(read).scalar() == "Main", "it reads what it began with"
        reader.rollback()
        assert reader.exec_driver_sql(read).scalar() == "Main 49"


def rename(cast: Cast, name: str) -> None:
    db.session.get_one(Workspace, cast.alice.workspace_id).name = name


def name_of_workspace(cast: Cast) -> str:
    db.session.rollback()
    return db.session.get_one(Workspace, cast.alice.workspace_id).name
