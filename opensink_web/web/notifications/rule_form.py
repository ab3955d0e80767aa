"""The form of a rule: which requests, when, and how much of them."""

from wtforms import BooleanField, IntegerField, RadioField, SelectChoice
from wtforms.validators import InputRequired, Optional

from opensink_web.errors import InvalidInput, NotFound
from opensink_web.models import NotificationMode, NotificationRule, NotificationScope, Workspace
from opensink_web.operations.agents.queries import agents_by_name
from opensink_web.operations.executions.queries.function import find_function, function_names
from opensink_web.operations.notifications.rule import RuleTerms
from opensink_web.web.forms.choice import OFFERED_MAX, agent_called
from opensink_web.web.forms.settings_form import LineField, SettingsForm
from opensink_web.web.rendering.kind_words import notification_mode, notification_scope


class RuleForm(SettingsForm):
    scope = RadioField(
        "Which requests",
        choices=[SelectChoice(each.value, notification_scope(each)) for each in NotificationScope],
    )
    agent = LineField("Of this agent alone", description="Its name or address, or any.")
    function = LineField("Of this function alone", description="As namespace/name, or any.")
    key = LineField("With this key alone")
    tag = LineField("With this tag alone")
    min_priority = IntegerField(
        "From this priority on", [Optional()], description="0 to 100, or any."
    )
    mode = RadioField(
        "When",
        choices=[SelectChoice(each.value, notification_mode(each)) for each in NotificationMode],
    )
    digest_minutes = IntegerField(
        "Minutes that a digest gathers", [InputRequired("Enter a number of minutes.")]
    )
    with_details = BooleanField(
        "Say what is asked",
        description="Title, who asks, and the key facts. Without it a message only says that"
        " something waits, and where.",
    )


def form_of(rule: NotificationRule | None) -> RuleForm:
    """Return the form as it was sent, or as the rule is stored."""
    terms = RuleTerms() if rule is None else rule
    agent = rule.agent if rule else None
    function = rule.function if rule else None
    return RuleForm(
        scope=terms.scope.value,
        agent=f"{agent.namespace}/{agent.slug}" if agent else "",
        function=f"{function.namespace}/{function.name}" if function else "",
        key=terms.key or "",
        tag=terms.tag or "",
        min_priority=terms.min_priority,
        mode=terms.mode.value,
        digest_minutes=terms.digest_minutes,
        with_details=terms.with_details,
    )


def terms_of(form: RuleForm, workspace: Workspace) -> RuleTerms | None:
    """Return what was entered; None where a name is nobody's, which the form then says."""
    agent_id = function_id = None
    try:
        if form.agent.data:
            agent_id = agent_called(workspace, form.agent.data)
    except InvalidInput as error:
        form.show_at("/agent", error.message)
    try:
        if form.function.data:
            namespace, _, name = form.function.data.partition("/")
            function_id = find_function(workspace, namespace, name).id
    except NotFound as error:
        form.show_at("/function", error.message)
    if form.errors:
        return None
    return RuleTerms(
        scope=NotificationScope(form.scope.data),
        agent_id=agent_id,
        function_id=function_id,
        key=form.key.data or None,
        tag=form.tag.data or None,
        min_priority=form.min_priority.data,
        mode=NotificationMode(form.mode.data),
        digest_minutes=form.digest_minutes.data,
        with_details=form.with_details.data,
    )


def suggestions(workspace: Workspace) -> dict[str, list[tuple[str, str]]]:
    """Return what the form offers to be written, each with what it is called."""
    agents = agents_by_name(workspace, OFFERED_MAX)
    return {
        "agents": [(f"{each.namespace}/{each.slug}", each.name) for each in agents],
        "functions": [(each, "") for each in function_names(workspace, OFFERED_MAX)],
    }
