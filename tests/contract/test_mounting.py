"""What is mounted besides the routes: their description."""

import pytest
from flask import Flask

from opensink_web.contract import mounting
from opensink_web.contract.mounting import OPENAPI_ADDRESS, describe
from opensink_web.json_value import JSONObject


def test_the_description_is_written_once_however_often_strangers_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[JSONObject] = []

    def write(*_arguments: object) -> JSONObject:
        written.append({"openapi": "3.1.0"})
        return written[-1]

    monkeypatch.setattr(mounting, "openapi_document", write)
    app = Flask(__name__)
    describe(app, (), None)
    client = app.test_client()
    assert {client.get(OPENAPI_ADDRESS).text for _ in range(3)} == {'{"openapi":"3.1.0"}'}
    assert len(written) == 1
