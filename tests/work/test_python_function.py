"""A Python function, carried out by a real worker."""

from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models import Execution, ExecutionStatus, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast
from tests.support.executions import make_function, submit_one
from tests.support.real_servers import wait_until
from tests.work.conftest import StartWorker

pytestmark = pytest.mark.server

MODULE = """
import os

def tell(input_data, context):
    token = context.access_token
    with open(__file__ + ".token", "w") as file:
        file.write(token)
    print("here it is:", context, {"Authorization": f"Bearer {token}"})
    raise ValueError(f"refused: {token}")

def halve(input_data, context):
    if input_data["n"] == 0:
        os.kill(os.getpid(), 11)
    assert not {"SECRET_KEY", "REDIS_URL", "DATABASE_URL"} & os.environ.keys()
    return {"half": input_data["n"] / 2, "for": context.user_email}
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Advertise `halve` to workers that are started from here on."""
    metadata = tmp_path / "halving-1.0.dist-info"
    metadata.mkdir()
    (tmp_path / "halving.py").write_text(MODULE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: halving\n")
    (metadata / "entry_points.txt").write_text(
        "[opensink.functions]\nhalve = halving:halve\ntell = halving:tell\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_its_output_is_stored_and_a_crash_fails_its_execution_alone(
    app: Flask, cast: Cast, start_worker: StartWorker
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice, entry_point="halve")
        ids = [submit_one(cast.alice, function_id, n) for n in (3, 0, 5)]
    worker = start_worker()
    wait_until(lambda: all(ended(app, each)[0].has_ended for each in ids))
    outputs = [ended(app, each)[1] for each in ids]
    assert outputs == [
        {"half": 1.5, "for": cast.alice.email},
        "The function's process ended before it returned, killed by SIGSEGV.",
        {"half": 2.5, "for": cast.alice.email},
    ]
    assert worker.poll() is None


@pytest.mark.usefixtures("installed")
def test_its_token_is_not_in_the_workers_log(
    app: Flask,
    cast: Cast,
    start_worker: StartWorker,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice, entry_point="tell")
        execution_id = submit_one(cast.alice, function_id)
    worker = start_worker()
    wait_until(lambda: ended(app, execution_id)[0].has_ended)
    worker.terminate()
    worker.wait()
    token = (tmp_path / "halving.py.token").read_text()
    written = "".join(capfd.readouterr())
    assert "here it is:" in written
    assert "ValueError: refused: ••••" in written
    assert token not in written
    assert ended(app, execution_id)[1] == "ValueError: refused: ••••"


def ended(app: Flask, execution_id: UUID) -> tuple[ExecutionStatus, object]:
    with app.app_context(), reading():
        execution = db.session.get_one(Execution, execution_id)
        return execution.status, execution.output_data or execution.error
