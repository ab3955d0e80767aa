"""Rules: their list and order, making, trying and changing one, and what each has said before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from opensink_web.errors import Conflict, InvalidInput, NotFound
from opensink_web.json_value import JSONValue, dump
from opensink_web.models import Policy, PolicyRevision
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.requests.policy_change import (
    create_policy,
    delete_policy,
    move_policy,
    update_policy,
)
from opensink_web.operations.requests.policy_queries import (
    Tried,
    all_policies,
    errors_of_sample,
    names_in,
    policy_in,
    revisions_of,
    try_on_last,
)
from opensink_web.operations.requests.policy_step import STEPS_MAX, PolicyStep, steps_of
from opensink_web.schema.condition_words import condition_in_words
from opensink_web.web.access import requires
from opensink_web.web.forms.schema_check import check_input_schema
from opensink_web.web.requests.assignable import assignable_in
from opensink_web.web.requests.policy_form import PolicyForm, policy_form

blueprint = Blueprint("policy", __name__)
_RULES = "/w/<workspace_slug>/admin/rules"
_RULE = _RULES + "/<uuid:policy_id>"
_REDRAWING = frozenset({"add_step", "remove_step", "example"})
"""Buttons that draw the form anew, and check nothing."""


@dataclass(frozen=True, slots=True)
class Tryout:
    """What came of trying a rule: on the sample, if there was one, and on the last requests."""

    errors: tuple[str, ...] | None
    requests: list[Tried]

    @property
    def count(self) -> int:
        return sum(each.is_concerned is not False for each in self.requests)


@dataclass(frozen=True, slots=True)
class ShownCondition:
    """When a rule holds: if all `facts` do, or as `json` says where that is no matter of a few
    words; always without either.
    """

    facts: Sequence[str]
    json: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A revision, and what it says otherwise than the one before: name, before, after."""

    revision: PolicyRevision
    lines: list[tuple[str, str, str]]


@blueprint.get(_RULES)
@requires("policies", Action.WRITE)
def index(principal: Principal) -> ResponseReturnValue:
    """Show the rules in their order."""
    rules = all_policies(principal.workspace)
    return render_template(
        "policy/index.html",
        rules=[
            (each, steps_of(each.revision.steps), _condition_of(each.revision)) for each in rules
        ],
    )


def _condition_of(revision: PolicyRevision) -> ShownCondition:
    facts = condition_in_words(revision.condition)
    return ShownCondition(facts or (), "" if facts is not None else dump(revision.condition))


@blueprint.route(_RULES + "/new", methods=["GET", "POST"])
@requires("policies", Action.WRITE)
def create(principal: Principal) -> ResponseReturnValue:
    """Make a rule, or try it before."""
    return _edited(principal, policy_form(principal.workspace, None), None)


@blueprint.route(_RULE + "/edit", methods=["GET", "POST"])
@requires("policies", Action.WRITE)
def edit(principal: Principal, policy_id: UUID) -> ResponseReturnValue:
    """Change a rule, or try the change before."""
    policy = policy_in(principal.workspace, policy_id)
    return _edited(principal, policy_form(principal.workspace, policy), policy)


@blueprint.post(_RULES + "/check")
@requires("policies", Action.WRITE)
def check(_principal: Principal) -> ResponseReturnValue:
    """Say what is to be said of a condition, while it is typed."""
    condition = request.form.get("condition", "").replace("\0", "")
    findings = check_input_schema(condition or "{}")
    return render_template("policy/_check.html", check=findings, is_always=not condition.strip())


@blueprint.post(_RULE + "/move")
@requires("policies", Action.WRITE)
def move(principal: Principal, policy_id: UUID) -> ResponseReturnValue:
    """Ask a rule earlier or later."""
    places = {"up": -1, "down": 1}.get(request.form.get("to", ""))
    if places is None:
        raise InvalidInput("A rule is moved up or down.")
    with writing():
        move_policy(principal.workspace, policy_id, places, by=principal.user)
    return _back(principal)


@blueprint.post(_RULE + "/delete")
@requires("policies", Action.WRITE)
def delete(principal: Principal, policy_id: UUID) -> ResponseReturnValue:
    """Delete a rule."""
    with writing():
        name = delete_policy(principal.workspace, policy_id, by=principal.user)
    flash(f"The rule {name} is deleted.", "success")
    return _back(principal)


def _edited(principal: Principal, form: PolicyForm, policy: Policy | None) -> ResponseReturnValue:
    """Store what was sent, or try it, or draw the form with a step more or less."""
    is_redrawn, is_tryout = _REDRAWING & request.form.keys(), "try" in request.form
    focus = None  # where one goes on who has come by keyboard
    if "example" in request.form:
        form.take_example()
        focus = "condition"
    elif "add_step" in request.form:
        focus = f"step-{len(form.steps) - 1}-assignees"
    if request.method == "GET" or is_redrawn or not form.is_valid(for_tryout=is_tryout):
        return _form_page(principal, form, policy, is_refused=not is_redrawn, focus=focus)
    try:
        if is_tryout:
            return _form_page(principal, form, policy, tryout=_tried(principal, form))
        fields = form.fields(principal.workspace)
        with writing():
            if policy is None:
                create_policy(principal.workspace, fields, by=principal.user)
            else:
                seen = _number(form.revision.data)
                update_policy(principal.workspace, policy.id, fields, by=principal.user, seen=seen)
    except (InvalidInput, Conflict, NotFound) as error:
        form.show(error)
        return _form_page(principal, form, policy)
    flash(f"The rule {fields.name} is {'changed' if policy else 'made'}.", "success")
    return _back(principal)


def _number(text: str) -> int:
    # int() refuses more than 4300 digits
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _tried(principal: Principal, form: PolicyForm) -> Tryout:
    """Hold what was entered so far against a sample and the last requests. Raises: InvalidInput;
    Conflict.
    """
    fields, sample = form.scope(), form.sample_object()
    errors = None if sample is None else errors_of_sample(fields.condition, sample)
    return Tryout(errors, try_on_last(principal.workspace, fields))


def _form_page(
    principal: Principal,
    form: PolicyForm,
    policy: Policy | None,
    *,
    tryout: Tryout | None = None,
    is_refused: bool = True,
    focus: str | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "policy/edit.html",
        form=form,
        policy=policy,
        tryout=tryout,
        focus=focus,
        steps_max=STEPS_MAX,
        assignable=assignable_in(principal.workspace),
        revisions=_changes(revisions_of(policy)) if policy else [],
    )
    is_wrong = is_refused and (form.errors or any(each.errors for each in form.steps))
    return page, 422 if is_wrong else 200


def _changes(revisions: list[PolicyRevision]) -> list[Changed]:
    """Say of each revision what it changed, the newest first."""
    names = names_in([step for each in revisions for step in steps_of(each.steps)])
    said = [_said(each, names) for each in revisions]
    changed = []
    for number, revision in enumerate(revisions):
        before = said[number + 1] if number + 1 < len(said) else {}
        lines = [
            (name, before.get(name, ""), text)
            for name, text in said[number].items()
            if before.get(name) != text
        ]
        gone = [(name, text, "") for name, text in before.items() if name not in said[number]]
        changed.append(Changed(revision, [*lines, *gone]))
    return changed


def _said(revision: PolicyRevision, names: dict[UUID, str]) -> dict[str, str]:
    scope: dict[str, Any] = revision.scope
    texts = {name.replace("_", " ").capitalize(): _text(value) for name, value in scope.items()}
    texts["Condition"] = dump(revision.condition)
    for number, step in enumerate(steps_of(revision.steps), start=1):
        texts[f"Step {number}"] = step_in_words(step, names)
    return {name: text for name, text in texts.items() if text}


def step_in_words(step: PolicyStep, names: dict[UUID, str]) -> str:
    """Say who decides in a step."""
    who = [
        names.get(each.team_id or each.user_id or UUID(int=0), "somebody who has left")
        for each in step.assignees
    ]
    words = f"{step.name}: {', '.join(who) or 'anybody who may decide'}"
    if step.required_responses > 1:
        how = "more than half" if step.quorum == "majority" else "all"
        words += f"; {step.required_responses} people, {how} of whom have to agree"
    return words + ("; not whoever it is asked for" if step.forbid_requester else "")


def _text(value: JSONValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _back(principal: Principal) -> ResponseReturnValue:
    return redirect(url_for("policy.index", workspace_slug=principal.workspace.slug), 303)
