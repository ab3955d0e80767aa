"""How routes are mounted, and their description."""

import pytest
from flask import Flask

from opensink_web.api import ROUTES
from opensink_web.contract import mounting
from opensink_web.contract.mounting import OPENAPI_ADDRESS, describe
from opensink_web.contract.route import Route
from opensink_web.json_value import JSONObject
from tests.support.cases import for_each


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


def test_a_word_in_a_path_is_no_id_of_another_route(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")

    def check(route: Route) -> None:
        declared = {each.method for each in ROUTES if each.address == route.address}
        allowed = set(adapter.allowed_methods(route.address)) - {"HEAD", "OPTIONS"}
        assert allowed == declared

    for_each([route for route in ROUTES if not route.id_names], check)
