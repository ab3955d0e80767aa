"""What was typed in a part that is not drawn now is back when the part is."""

from collections.abc import Callable

from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONValue
from opensink_web.schema.form import AnswerForm
from tests.schema.secret_cases import Vault

TEXT: JSONValue = {"type": "string"}
CLOSED: JSONValue = {"properties": {"p": {"type": "object", "properties": {"a": TEXT}}}}
OPEN: JSONValue = {
    "properties": {"p": {"type": "object", "properties": {"a": TEXT, "b": TEXT, "c": TEXT}}}
}
SENT = {"answer-0-0": "x", "answer-0-1": "s3cret", "answer-0-2-sealed": "y", "other": "z"}
Untouched = Callable[[AnswerForm], "MultiDict[str, str]"]


def submitted(schema: JSONValue, sent: dict[str, str], vault: Vault | None) -> AnswerForm:
    return AnswerForm.submitted(schema, MultiDict(sent), vault=vault)


def test_it_travels_with_the_page_readable_for_the_server_alone(untouched: Untouched) -> None:
    vault = Vault()
    sent = untouched(submitted(CLOSED, SENT, vault))
    assert "answer-kept" in sent
    assert not {"answer-0-1", "answer-0-2-sealed", "other"} & sent.keys()
    assert "s3cret" not in str(sent)
    again = untouched(AnswerForm.submitted(CLOSED, sent, vault=vault))
    form = AnswerForm.submitted(OPEN, again, vault=vault)
    assert form.read().value == {"p": {"a": "x", "b": "s3cret"}}
    assert "answer-kept" not in untouched(submitted(OPEN, {"answer-0-1": "drawn"}, vault))


def test_it_is_in_no_answer_while_the_part_is_closed() -> None:
    assert submitted(CLOSED, SENT, Vault()).read().value == {"p": {"a": "x"}}


def test_without_a_vault_or_its_key_it_is_dropped(untouched: Untouched) -> None:
    assert "answer-kept" not in untouched(submitted(CLOSED, SENT, None))
    sent = untouched(submitted(CLOSED, SENT, Vault()))
    for vault in (None, Vault()):
        form = AnswerForm.submitted(OPEN, sent, vault=vault)
        assert form.read().value == {"p": {"a": "x"}}


def test_too_much_is_not_kept(untouched: Untouched) -> None:
    long = {**SENT, "answer-0-1": "x" * 600_000}
    assert "answer-kept" not in untouched(submitted(CLOSED, long, Vault()))


def test_rows_that_were_removed_are_not_kept(untouched: Untouched) -> None:
    schema: JSONValue = {"properties": {"l": {"type": "array", "items": TEXT}}}
    sent = untouched(submitted(schema, {"answer-0": "0", "answer-0-1": "gone"}, Vault()))
    assert "answer-kept" not in sent
