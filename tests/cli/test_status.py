"""`opensink status`: what is wrong with a server first, for people and as JSON."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server


def test_a_server_that_does_not_run(migrated: "Opensink") -> None:
    (migrated.data_dir / "secret_key").write_text("s" * 64)
    (migrated.data_dir / "secret_key").chmod(0o600)
    shown = migrated.run("status")
    assert shown.returncode == 1
    assert shown.stdout.startswith("fail  Redis: It does not answer"), shown.stdout
    assert "Requests: 0 wait for people" in shown.stdout
    assert migrated.run("backup", str(migrated.data_dir.parent / "copy")).returncode == 0
    report = json.loads(migrated.run("status", "--json").stdout)
    assert report["status"] == "fail"
    assert report["database"]["revision"] == report["database"]["newest_revision"]
    assert report["backup_at"] is not None


def test_a_folder_without_a_server(opensink: "Opensink") -> None:
    shown = opensink.run("status")
    assert shown.returncode == 2
    assert not opensink.data_dir.exists(), "nothing is made"
