"""What a person, a program or the sweeper can do is in the audit, or named here with a reason."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.sources import module_of

PACKAGE = Path(__file__).parents[2] / "opensink_web"
OPERATIONS = PACKAGE / "operations"
RECORDING = {"record", "record_of_account", "record_of"}
STATEMENTS = {"insert", "update", "delete"}
WRITING = {*STATEMENTS, "rows_changed", "Insertion"}
OF_SESSION = {"db.session.add", "db.session.add_all", "db.session.delete"}

_USED = "when something was used last is no deed of anybody's"
_AGENT = "an agent's own account of its work stands in its history, which is kept apart"
_ENGINE = "how calls and executions go is in their attempts and timelines; their ends are recorded"
_OWN = "what somebody keeps for themselves, and nobody else sees"
_OVER = "goes by itself when its time is over, as was said when it was made"
_CHORE = "goes on with what was recorded when somebody began it"
_READS = "writes no row"
NEEDS_NONE = {
    "accounts.api_key.note_uses": _USED,
    "accounts.user_session.note_seen": _USED,
    "accounts.password.renew_hash": "the same password, under a stronger hash",
    "accounts.second_factor.begin_setup": "counts for nothing until it is confirmed",
    "accounts.user_session.forget_over": _OVER,
    "agents.activity.add_activity": _AGENT,
    "agents.agent_session.start_session": _AGENT,
    "audit.chain.chain_some": "chains what was recorded",
    "audit.checkpoint.sign": "signs what was recorded",
    "audit.checkpoint.sign_some": "signs what was recorded",
    "audit.verification.verify_workspace": _READS,
    "decisions.bulk_result.forget_results": _OVER,
    "decisions.claim.forget_lapsed": _OVER,
    "decisions.claim.renew": "goes on with a claim that was recorded",
    "decisions.bulk_result.keep_results": "each decision is recorded by itself",
    "deliveries.attempt.begin_attempts": _ENGINE,
    "deliveries.attempt.refused": _READS,
    "executions.batch.cancel_some_left": _CHORE,
    "executions.callback.claims_of": _READS,
    "executions.callback.finish_callbacks": _ENGINE,
    "executions.claim.claims_of": _READS,
    "executions.ending.end_forgotten_batches": _CHORE,
    "executions.queries.batch.progress_of": _READS,
    "executions.queueing.queue_some": _CHORE,
    "executions.staging.delete_some_given_up": "was never accepted, and nobody has seen it",
    "executions.staging.stage": "counts for nothing until it is accepted, which is recorded",
    "idempotency.forget_expired": _OVER,
    "jobs.run.finish_runs": "how it went is in the run",
    "jobs.schedule.begin_due_runs": "what was set up is recorded, and each run is kept",
    "jobs.schedule.plan_anew": "the clock was put back",
    "notifications.ledger.forget_messages": _OVER,
    "notifications.message.claim_of": _CHORE,
    "notifications.message.finish_messages": "what was sent is in the ledger of messages",
    "notifications.message.give_up_message": "what was sent is in the ledger of messages",
    "notifications.notifier.notify_some": "tells of what was recorded",
    "notifications.channel.send_code": "tries once more what was recorded when it was added",
    "notifications.beginning.begin_some": "tells nobody yet; each step is recorded",
    "notifications.escalation.give_up_escalation": "is tried again",
    "requests.deadline.bring_effects_forward": "the clock was put back; what follows is recorded",
    "requests.draft.discard_draft": _OWN,
    "requests.mention.see_mentions": _OWN,
    "requests.preview.create_preview": "asks nobody",
    "requests.preview.forget_previews": _OVER,
    "requests.saved_view.delete_view": _OWN,
    "requests.saved_view.rename_view": _OWN,
    "requests.saved_view.save_view": _OWN,
    "requests.search.forget_closed": _CHORE,
    "requests.search.index_some": "an index of what is there",
    "requests.search.narrow_some": "an index of what is there",
    "sealed.reseal": "the same values under another key",
    "server_key.ensure_push_key": "the server's own; nobody is shown more than its public half",
    "insights.counting.store_facts": "the sweeper counts what ended, of which there are entries",
    "insights.rollup.store_rollup": "the same, added up",
    "sinks.item.add_item": _AGENT,
    "sinks.item.add_items": _AGENT,
    "sinks.item.update_item": _AGENT,
    "insights.forgetting.forget_groups": "names by which nothing is counted any more",
}
"""Verbs that write and are in no audit, each with the reason."""


def name_of(path: Path) -> str:
    """Return a module's name below the operations."""
    parts = path.relative_to(OPERATIONS).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def is_writing(node: ast.AST, written: set[str]) -> bool:
    """Return True if this is a statement that writes, or changes a row."""
    match node:
        case ast.Call():
            name = ast.unparse(node.func)
            return name in WRITING | OF_SESSION
        case ast.Assign():
            return any(
                isinstance(target, ast.Attribute) and ast.unparse(target.value) != "self"
                for target in node.targets
            )
        case ast.Name():
            return node.id in written
        case _:
            return False


class Verbs:
    """What the functions of all operations call, and which of them write or record."""

    def __init__(self) -> None:
        self.calls: dict[str, set[str]] = defaultdict(set)
        self.writes: set[str] = set()
        self.records: set[str] = set()
        for path in sorted(OPERATIONS.rglob("*.py")):
            self._read(name_of(path), module_of(path))

    def _read(self, module: str, tree: ast.Module) -> None:
        imported = dict(imports_of(tree))
        written = {
            target.id
            for each in tree.body
            if isinstance(each, ast.Assign)
            and any(is_statement(node) for node in ast.walk(each.value))
            for target in each.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            name = f"{module}.{node.name}"
            for inner in ast.walk(node):
                if is_writing(inner, written):
                    self.writes.add(name)
                if isinstance(inner, ast.Name):
                    self.calls[name].add(imported.get(inner.id, f"{module}.{inner.id}"))
                    if inner.id in RECORDING:
                        self.records.add(name)

    def reached_from(self, name: str) -> set[str]:
        """Return a function, and all that it calls, however indirectly."""
        reached, left = set(), [name]
        while left:
            each = left.pop()
            if each not in reached:
                reached.add(each)
                left += self.calls.get(each, ())
        return reached


def is_statement(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in STATEMENTS
    return isinstance(node, ast.Call) and ast.unparse(node.func) in STATEMENTS


def imports_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what a module calls what it imports of operations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(
            "opensink_web.operations"
        ):
            place = str(node.module).removeprefix("opensink_web.operations").lstrip(".")
            for alias in node.names:
                yield alias.asname or alias.name, f"{place}.{alias.name}".lstrip(".")


@cache
def used_elsewhere() -> frozenset[str]:
    """Return the operations that pages, the API, commands and the engine call."""
    return frozenset(_used_elsewhere())


def _used_elsewhere() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if OPERATIONS in path.parents or "migrations" in path.parts:
            continue
        tree = module_of(path)
        imported = dict(imports_of(tree))
        yield from imported.values()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = imported.get(node.value.id)
                if module is not None:
                    yield f"{module}.{node.attr}"


@cache
def verbs() -> Verbs:
    return Verbs()


def unrecorded() -> set[str]:
    """Return the verbs that write something and record nothing."""
    known = verbs()
    return {
        name
        for name in used_elsewhere()
        if (reached := known.reached_from(name)) & known.writes and not reached & known.records
    }


def test_every_verb_is_in_the_audit_or_has_a_reason_not_to_be() -> None:
    assert sorted(unrecorded() - {*NEEDS_NONE}) == []


def test_no_reason_is_given_for_what_is_recorded_or_gone() -> None:
    assert sorted({*NEEDS_NONE} - unrecorded()) == []


def test_verbs_that_write_are_told_from_those_that_read() -> None:
    known = verbs()
    assert known.reached_from("decisions.decision.resolve") & known.records
    assert known.reached_from("requests.saved_view.save_view") & known.writes
    assert not known.reached_from("requests.queries.find_draft") & known.writes


NEEDS_NONE_OF_ITS_OWN = {
    "decisions.holding.take_effect": "it was recorded when it was decided",
    "requests.cancellation.cancel_requests_of_batch": "its batch's entry says so of all",
    "executions.staging.delete_some_given_up": "was never accepted, and nobody has seen it",
    "decisions.ending.leave_workspace": "end_membership() records it, with all that is free again",
    "decisions.ending.remove_member": "as above",
}
"""What changes rows of requests without an entry beside it, each with the reason."""


def writers_of_requests() -> set[str]:
    """Return the functions that run a statement on the table of requests."""
    writers = set()
    for path in sorted(OPERATIONS.rglob("*.py")):
        tree, statements = module_of(path), set[str]()
        for node in tree.body:
            if isinstance(node, ast.Assign) and writes_requests(node.value, statements):
                statements |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        writers |= {
            f"{name_of(path)}.{node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and writes_requests(node, statements)
        }
    return writers


def writes_requests(node: ast.AST, statements: set[str]) -> bool:
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Name(id=verb), args=[ast.Name(id=table), *_]):
                if verb in STATEMENTS and table in {"InputRequest", "_REQUESTS"}:
                    return True
            case ast.Name(id=name) if name in statements:
                return True
    return False


def silent_about(name: str, known: Verbs, passed: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the functions by which something changes requests, and that record nothing there.

    It is recorded by the function that does it, by one of its module that it calls, or by each of
    those that call it.
    """
    module = name.rpartition(".")[0]
    beside = {each for each in known.calls[name] if each.rpartition(".")[0] == module}
    if name in known.records or beside & known.records:
        return
    callers = {each for each, calls in known.calls.items() if name in calls} - {name, *passed}
    if not callers or name in used_elsewhere() or name in NEEDS_NONE_OF_ITS_OWN:
        yield name
        return
    for each in callers:
        yield from silent_about(each, known, (*passed, name))


def test_no_request_changes_without_an_entry_that_says_so() -> None:
    writers = writers_of_requests()
    assert {"requests.input_request._decide", "requests.input_request.reopen"} <= writers
    silent = {each for writer in writers for each in silent_about(writer, verbs())}
    assert sorted(silent) == sorted(NEEDS_NONE_OF_ITS_OWN)
