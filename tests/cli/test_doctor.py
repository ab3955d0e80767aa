"""`opensink doctor`: names what is wrong and how to mend it."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.cli.application import in_application
from opensink_web.models import Delivery, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.workspace import first_workspace
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.status import checks
from opensink_web.operations.status.checks import disk, queue, sweeper
from opensink_web.operations.status.condition import disk_of
from opensink_web.operations.status.finding import Verdict
from opensink_web.operations.status.parts import Readiness
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.settings import Settings
from opensink_web.work.backlog import BacklogReader
from opensink_web.work.queue import Limits
from tests.conftest import Cast
from tests.support.scenarios import ENDPOINT, answer, ask_in, endpoint_at

if TYPE_CHECKING:
    from tests.support.oidc_server import OidcServer
    from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server


def test_a_running_server_is_well(running: "Opensink") -> None:
    variables = {"PORT": str(running.port)}
    # its sweeper may not have gone round yet
    running.wait_until(
        lambda: "sweeper: It goes round." in running.run("doctor", variables=variables).stdout
    )
    found = running.run("doctor", variables=variables)
    assert found.returncode == 0, found.stdout
    assert "fail" not in found.stdout
    assert "1 running" in found.stdout
    for line in ("ok    queue: Nothing", "ok    disk: "):
        assert line in found.stdout


def test_a_server_that_stands_still_and_has_no_room(
    settings: Settings, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(minutes=5)
    silent = [sweeper(Readiness(True, 1, at)) for at in (long_ago, None)]
    assert [each.verdict for each in silent] == [Verdict.FAIL, Verdict.WARN]
    assert all("start `opensink sweeper`" in each.sentence for each in silent)
    with app.app_context():
        answer(cast.bob, ask_in(cast.alice, ENDPOINT))
        with writing():
            db.session.execute(update(Delivery).values(next_at=long_ago))
        with reading():
            late = list(queue(BacklogReader(Limits.of(settings)).read()))
    assert [(each.verdict, each.subject) for each in late] == [
        (Verdict.WARN, "queue of deliveries")
    ]
    assert "1 are due" in late[0].sentence
    monkeypatch.setattr(checks, "FREE_MIN_BYTES", 2**80)
    assert disk(disk_of(settings)).verdict is Verdict.WARN


def test_a_fresh_folder_needs_its_tables(opensink: "Opensink") -> None:
    found = opensink.run("doctor")
    assert found.returncode == 1
    assert "opensink db upgrade" in found.stdout
    assert "`opensink up` is not running" in found.stdout


def test_a_folder_of_somebody_elses_is_left_as_it_is(opensink: "Opensink") -> None:
    opensink.data_dir.mkdir(mode=0o755)
    (opensink.data_dir / "spool").mkdir()
    found = opensink.run("doctor")
    assert found.returncode == 1
    assert "nothing of OpenSink's" in found.stdout
    assert "chmod" not in found.stdout


def test_a_secret_key_that_others_can_read(migrated: "Opensink") -> None:
    secret_key = migrated.data_dir / "secret_key"
    secret_key.write_text("s" * 64)
    secret_key.chmod(0o644)
    found = migrated.run("doctor")
    assert found.returncode == 1
    assert "chmod 600" in found.stdout


def test_a_server_without_an_admin(migrated: "Opensink") -> None:
    assert "user create EMAIL --role admin" in migrated.run("doctor").stdout


def test_a_database_and_a_redis_that_are_away(opensink: "Opensink") -> None:
    away = {
        "DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    found = opensink.run("doctor", variables=away)
    assert found.returncode == 1
    assert "check DATABASE_URL" in found.stdout
    assert "check REDIS_URL" in found.stdout
    assert "hunter2" not in found.stdout


def test_a_public_url_that_leads_others_astray(opensink: "Opensink") -> None:
    found = opensink.run("doctor", "--host", "0.0.0.0")  # noqa: S104 - that is the test
    assert "set PUBLIC_URL" in found.stdout


def test_an_agent_whose_endpoint_is_refused(migrated: "Opensink") -> None:
    migrated.run(
        *("user", "create", "alice@example.com", "--role", "admin", "--password-stdin"),
        text="a long password\n",
    )
    with in_application(Settings.from_env(migrated.environment())), writing():
        create_agent(
            first_workspace(),
            EndpointPolicy.from_entries(("10.0.0.0/8",)),
            name="Risk",
            namespace="desk",
            execution_endpoint=endpoint_at("http://10.0.0.5/run"),
        )
    found = migrated.run("doctor")
    assert "agent desk/risk" in found.stdout
    assert "EXECUTION_ENDPOINT_HOSTS" in found.stdout
    allowed = migrated.run("doctor", variables={"EXECUTION_ENDPOINT_HOSTS": "10.0.0.0/24"})
    assert "None is refused" in allowed.stdout


def test_a_provider_of_sign_ins(migrated: "Opensink", provider: "OidcServer") -> None:
    settings = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": "us"}
    found = migrated.run("doctor", variables=settings)
    assert "http://127.0.0.1:7465/oidc/callback" in found.stdout
    found = migrated.run("doctor", variables=settings | {"OIDC_ISSUER": provider.issuer + "/"})
    assert f"calls itself '{provider.issuer}'" in found.stdout
    assert found.returncode == 1
