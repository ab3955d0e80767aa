"""The application is made quickly: hundreds of commands and every process of a server begin so."""

from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from opensink_web.factory import create_app
from opensink_web.settings import Settings


def test_how_addresses_are_built_is_worked_out_when_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, worked_out = Rule._compile_builder, list[str]()

    def compile_builder(rule: Rule, *args: Any) -> Any:
        worked_out.append(rule.rule)
        return original(rule, *args)

    monkeypatch.setattr(Rule, "_compile_builder", compile_builder)
    app = create_app(Settings.from_env({"DATA_DIR": str(tmp_path), "SECRET_KEY": "tests" * 10}))
    assert {*worked_out} <= {"/static/<path:filename>"}  # Flask's own

    with app.test_request_context():
        assert app.url_for("auth.sign_in", next="/w/a") == "/sign-in?next=/w/a"
        assert app.url_for("auth.sign_in") == "/sign-in"
    assert worked_out.count("/sign-in") == 1
