"""The variants of an agent's configuration: side by side, and making a new one from another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue
from wtforms.validators import InputRequired

from opensink_web.errors import Conflict, InvalidInput
from opensink_web.models import AgentConfiguration
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.agent import lock_agent
from opensink_web.operations.agents.configuration import create_variant
from opensink_web.operations.agents.configuration_queries import (
    ConfigurationFilter,
    active_in,
    active_of,
    configuration_of,
    list_configurations,
)
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.page import PageRequest
from opensink_web.schema.subschemas import Path
from opensink_web.web.access import requires
from opensink_web.web.agents.configuration import PAGE, RESOURCE, to_configuration
from opensink_web.web.agents.configuration_difference import fields_of
from opensink_web.web.forms.settings_form import LineField, SettingsForm
from opensink_web.web.rendering.listing import chosen_id
from opensink_web.web.rendering.stored_answer import Fact

blueprint = Blueprint("configuration_variant", __name__)
_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field, and what each variant says there; None where it says nothing."""

    title: str
    cells: tuple[Fact | None, ...]

    @property
    def is_different(self) -> bool:
        first, *others = (replace(cell, title="") if cell else None for cell in self.cells)
        return any(cell != first for cell in others)


class VariantForm(SettingsForm):
    variant = LineField(
        "Name",
        [InputRequired("Enter a name.")],
        description="Such as cautious, or whom it is for. Programs ask for it by this name.",
    )


@blueprint.get(PAGE + "/variants")
@requires(RESOURCE, Action.READ)
def index(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Show the newest version of each variant, a column each."""
    agent = find_agent(principal.workspace, agent_id)
    variants = list_configurations(
        principal.workspace,
        ConfigurationFilter(agent_id, is_newest=True),
        PageRequest(limit=_COLUMNS, trail=request.args.get("trail") or None),
    )
    return render_template(
        "configuration/variants.html",
        agent=agent,
        variants=variants.items,
        rows=_rows(variants.items),
        trail=variants.trail,
        active=active_of(agent),
        may_change=principal.may(RESOURCE, Action.WRITE),
    )


@blueprint.route(PAGE + "/variants/new", methods=["GET", "POST"])
@requires(RESOURCE, Action.WRITE)
def create(principal: Principal, agent_id: UUID) -> ResponseReturnValue:
    """Begin a variant with what a version says that is there: the active one, if none is named."""
    agent = find_agent(principal.workspace, agent_id)
    source_id = chosen_id("of")
    source = (
        active_in(principal.workspace, agent_id)
        if source_id is None
        else configuration_of(principal.workspace, agent_id, source_id)
    )
    form = VariantForm()
    if form.validate_on_submit():
        try:
            with writing():
                locked = lock_agent(principal.workspace, agent_id)
                variant = create_variant(locked, form.variant.data, source).variant
        except (InvalidInput, Conflict) as error:
            form.show(error)
        else:
            flash(f"The variant {variant} is there. The agent does not go by it yet.", "success")
            return to_configuration(principal, agent_id, variant)
    page = render_template("configuration/new_variant.html", form=form, agent=agent, source=source)
    return page, 422 if form.errors else 200


def _rows(variants: Sequence[AgentConfiguration]) -> list[FieldRow]:
    """Put the fields of all variants in rows, one for each place, by the title it has first."""
    columns = [fields_of(each) for each in variants]
    titles: dict[Path, str] = {}
    for column in columns:
        for place, fact in column.items():
            titles.setdefault(place, fact.title)
    order = {key: number for number, key in enumerate(dict.fromkeys(at[:1] for at in titles))}
    return [
        FieldRow(titles[place], tuple(column.get(place) for column in columns))
        for place in sorted(titles, key=lambda at: order[at[:1]])
    ]
