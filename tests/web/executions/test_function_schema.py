"""A function's schema, looked at while it is typed: the form it makes, and what is wrong in it."""

import html
import re

import pytest
from flask.testing import FlaskClient

LIST = "/w/main/functions"


class TestCheckingASchema:
    def check(self, client: FlaskClient, text: str, field: str = "input_schema") -> str:
        answer = client.post(f"{LIST}/check", data={field: text})
        assert answer.status_code == 200
        assert f'id="{field}-check"' in answer.text
        return html.unescape(re.sub(r"\s+", " ", answer.text))

    def test_shows_the_form_that_it_makes(self, alice: FlaskClient) -> None:
        text = '{"properties": {"a": {"title": "How <many>?"}, "b": {"type": "integer"}}}'
        shown = self.check(alice, text)
        assert "How <many>?" in shown
        assert 'type="number"' in shown or 'inputmode="numeric"' in shown
        assert "disabled" in shown

    def test_says_what_is_wrong_and_on_which_line(self, alice: FlaskClient) -> None:
        shown = self.check(alice, '{\n "properties": {\n  "a": {"type": "txt"}\n }\n}')
        assert "cannot be used yet" in shown
        assert "Line 3" in shown
        assert "/properties/a/type" in shown
        assert "The form it produces" not in shown

    def test_warns_of_what_is_hardly_meant_in_the_order_of_the_text(
        self, alice: FlaskClient
    ) -> None:
        text = '{\n "properties": {\n  "a": {"tpye": 1},\n  "b": {"minimun": 1}\n }\n}'
        shown = self.check(alice, text)
        assert shown.index("Line 3") < shown.index("“tpye”") < shown.index("Line 4")
        assert "The form it produces" in shown

    def test_names_what_no_form_can_be_drawn_for(self, alice: FlaskClient) -> None:
        shown = self.check(
            alice, '{"properties": {"pair": {"writeOnly": true}, "b": {"type": "array"}}}'
        )
        assert "that is entered as JSON" in shown
        assert "<p>Pair</p>" in shown
        assert "<p>B</p>" not in shown
        assert "the whole input is entered as JSON" in self.check(alice, '{"writeOnly": true}')
        assert "entered as JSON" not in self.check(alice, "")

    def test_an_output_may_be_anything_and_makes_no_form(self, alice: FlaskClient) -> None:
        shown = self.check(alice, '{"type": "array"}', "output_schema")
        assert "No problems found." in shown
        assert "Line 1" in self.check(alice, '{"type": "x"}', "output_schema")
        assert "No problems found" not in self.check(alice, "", "output_schema")

    @pytest.mark.parametrize("text", ["\0", '{"a": "\\u0000"}', "[" * 9000, '{"$ref": "http://x"}'])
    def test_takes_no_harm(self, alice: FlaskClient, text: str) -> None:
        self.check(alice, text)

    def test_is_for_those_who_may_change_functions(self, bob: FlaskClient) -> None:
        assert bob.post(f"{LIST}/check", data={"input_schema": "{}"}).status_code == 403


class TestTryingTheForm:
    def test_leads_to_the_form_and_changes_no_function(self, alice: FlaskClient) -> None:
        assert f'formaction="{LIST}/preview"' in alice.get(f"{LIST}/new").text
        text = '{"properties": {"a": {"title": "How many?"}}}'
        answer = alice.post(f"{LIST}/preview", data={"input_schema": text, "name": "x"})
        assert answer.status_code == 303
        assert answer.location.startswith("/w/main/previews/")
        assert "How many?" in alice.get(answer.location).text

    @pytest.mark.parametrize("text", ["{", '{"type": "txt"}', "[]", "\0"])
    def test_of_what_is_no_schema_there_is_none(self, alice: FlaskClient, text: str) -> None:
        answer = alice.post(f"{LIST}/preview", data={"input_schema": text})
        assert answer.status_code == (303 if text == "\0" else 400)

    def test_is_for_those_who_may_change_functions(self, bob: FlaskClient) -> None:
        assert bob.post(f"{LIST}/preview", data={"input_schema": "{}"}).status_code == 403
