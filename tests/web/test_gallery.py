"""The gallery of forms: for everybody, each construct with its form, nothing sent or stored."""

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.schema.gallery import constructs
from opensink_web.web import gallery
from tests.support.cases import for_each
from tests.support.second_factor_cases import Later
from tests.support.statements import statements

PAGE = "/docs/forms"


@pytest.fixture
def reader(app: Flask) -> FlaskClient:
    """Somebody who is not signed in."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def test_the_page_shows_each_with_its_schema_and_its_form(reader: FlaskClient) -> None:
    text = reader.get(PAGE).text
    for each in constructs().values():
        assert f'id="{each.name}-example"' in text
        assert f'id="{each.name}-schema"' in text
        assert f'action="{PAGE}/{each.name}"' in text or each.is_large
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids))


def test_each_has_a_page_of_its_own(reader: FlaskClient) -> None:
    def check(name: str) -> None:
        page = reader.get(f"{PAGE}/{name}")
        assert page.status_code == 200
        assert html.escape(constructs()[name].title) in page.text

    for_each(list(constructs()), check)


def test_an_answer_is_checked_and_shown(reader: FlaskClient) -> None:
    answer = reader.post(f"{PAGE}/integer", data={"integer-0": "7"})
    assert answer.status_code == 200
    assert '"copies": 7' in html.unescape(answer.text)


def test_what_is_wrong_is_said_at_the_field(reader: FlaskClient) -> None:
    answer = reader.post(f"{PAGE}/integer", data={"integer-0": "70"})
    assert answer.status_code == 422
    assert "There is a problem with this answer" in answer.text
    assert 'value="70"' in answer.text


def test_rows_come_and_go(reader: FlaskClient) -> None:
    data = {"_add": "list-0"}
    whole = reader.post(f"{PAGE}/list", data=data)
    part = reader.post(f"{PAGE}/list", data=data, headers={"HX-Request": "true"})
    for answer in (whole, part):
        assert answer.status_code == 200
        assert 'name="list-0-0"' in answer.text
    assert part.text.lstrip().startswith('<form class="review construct-form"')


def test_a_secret_is_kept_unseen(reader: FlaskClient) -> None:
    short = reader.post(f"{PAGE}/secret", data={"secret-0": "abc"})
    assert short.status_code == 422
    assert "abc" not in re.sub(r'value="[^"]+"', "", short.text)
    right = reader.post(f"{PAGE}/secret", data={"secret-0": "s3cr3t"})
    assert right.status_code == 200
    assert "s3cr3t" not in right.text


def test_no_table_is_read_or_written(app: Flask, reader: FlaskClient) -> None:
    with statements(app) as said:
        reader.get(PAGE)
        reader.get(f"{PAGE}/list")
        reader.post(f"{PAGE}/integer", data={"integer-0": "7"})
    assert said == []


def test_there_is_no_other(reader: FlaskClient) -> None:
    assert reader.get(f"{PAGE}/nothing").status_code == 404
    assert reader.post(f"{PAGE}/nothing").status_code == 404


def test_one_address_checks_so_often(
    reader: FlaskClient, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(0)
    monkeypatch.setattr(gallery, "CHECK_RATE", replace(gallery.CHECK_RATE, count=3))
    for _ in range(3):
        assert reader.post(f"{PAGE}/integer", data={"integer-0": "7"}).status_code == 200
    refused = reader.post(f"{PAGE}/integer", data={"integer-0": "7"})
    assert refused.status_code == 429
    assert reader.get(f"{PAGE}/integer").status_code == 200


def test_it_wants_a_form_of_ours(app: Flask) -> None:
    reader = app.test_client()
    assert reader.post(f"{PAGE}/integer", data={"integer-0": "7"}).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', reader.get(PAGE).text)
    assert token is not None
    data = {"integer-0": "7", "csrf_token": token[1]}
    assert reader.post(f"{PAGE}/integer", data=data).status_code == 200
