"""Every decision of a person passes by the place that says who may: no path goes around it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.cases import for_each
from tests.support.sources import module_of

PACKAGE = Path(__file__).parents[2] / "opensink_web"
OPERATIONS = PACKAGE / "operations"
DECISION = OPERATIONS / "decisions" / "decision.py"
EXPIRY = OPERATIONS / "decisions" / "expiry.py"
STANDING = OPERATIONS / "decisions" / "standing_use.py"
VOTE = OPERATIONS / "decisions" / "vote.py"
COUNTED = OPERATIONS / "requests" / "vote.py"
STORE = OPERATIONS / "requests" / "input_request.py"
STORING = {"store_response", "store_refusal"}
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(module_of(path)):
        if isinstance(node, ast.FunctionDef):
            yield node


def calls_in(function: ast.AST, names: set[str]) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in names
    ]


def test_decisions_are_stored_by_nothing_else() -> None:
    def check(path: Path) -> None:
        names = {
            each.id if isinstance(each, ast.Name) else each.attr
            for each in ast.walk(module_of(path))
            if isinstance(each, ast.Name | ast.Attribute)
        }
        assert not names & STORING, "decide by resolve() or decline()"

    for_each([path for path in MODULES if path not in {DECISION, EXPIRY, STANDING, STORE}], check)


def test_what_a_person_decides_is_looked_at_before_anything_follows_from_it() -> None:
    storing = [each for each in functions_of(DECISION) if calls_in(each, STORING)]
    assert {each.name for each in storing} == {"resolve", "decline"}
    for function in storing:
        assert ast.unparse(function.body[-1]).startswith("return _decided(")
    (decided,) = (each for each in functions_of(DECISION) if each.name == "_decided")
    assert ast.unparse(decided.body[1]) == "check_may_decide(written)"  # [0] is the docstring


def test_what_a_person_says_with_others_is_looked_at_before_it_counts() -> None:
    """Votes are cast by whoever decides and nothing else, and stored where that is looked at."""
    counting = {"store_vote", "remove_vote"}
    for path in MODULES:
        calls = calls_in(module_of(path), counting)
        assert path in {VOTE, COUNTED} or not calls, f"{path}: vote by resolve() or decline()"
        votes = calls_in(module_of(path), {"vote"})
        assert path in {DECISION, VOTE} or not votes, f"{path}: vote by resolve() or decline()"
    (casting,) = (each for each in functions_of(VOTE) if each.name == "vote")
    (checked,) = calls_in(casting, {"check_may_decide"})
    assert [checked.lineno < each.lineno for each in calls_in(casting, counting)] == [True]
    for name in ("resolve", "decline"):
        (deciding,) = (each for each in functions_of(DECISION) if each.name == name)
        (voting,) = calls_in(deciding, {"vote"})
        assert [voting.lineno < each.lineno for each in calls_in(deciding, STORING)] == [True]


def test_a_deadline_decides_for_nobody_nor_does_a_standing_approval() -> None:
    for path in (EXPIRY, STANDING):
        (deciding,) = (each for each in functions_of(path) if calls_in(each, STORING))
        for call in calls_in(deciding, STORING):
            assert ast.unparse(call.args[2]) == "None"


def test_a_standing_approval_does_not_stand_for_whoever_may_not_decide() -> None:
    (using,) = (each for each in functions_of(STANDING) if calls_in(each, STORING))
    looked_at = calls_in(using, {"is_forbidden_to"})
    assert [each.lineno < calls_in(using, STORING)[0].lineno for each in looked_at] == [True]
