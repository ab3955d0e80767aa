"""The overview of Settings: in one line each, how things stand and where that is set."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from opensink_web.models import Workspace
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.queries import (
    all_teams,
    list_members,
    list_open_invitations,
    members_with_second_factor,
)
from opensink_web.operations.audit.checkpoint import last_checkpoint
from opensink_web.operations.audit.queries import chain_state
from opensink_web.operations.notifications.queries import all_chains, count_paused_channels
from opensink_web.operations.own_retention import own_days
from opensink_web.operations.requests.policy_queries import all_policies
from opensink_web.operations.retention import days_in_force
from opensink_web.web.access import requires
from opensink_web.web.accounts.retention import of_server
from opensink_web.web.rendering.kind_words import retention_term

blueprint = Blueprint("settings", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """How one thing stands; `href` leads to where it is set, `is_wrong` that somebody should."""

    label: str
    href: str
    says: str
    is_wrong: bool = False


@blueprint.get("/w/<workspace_slug>/admin")
@requires("workspace", Action.READ)
def show(principal: Principal) -> ResponseReturnValue:
    """Show how things stand, of what somebody may look after."""
    return render_template("settings/show.html", lines=list(_lines(principal)))


def _lines(principal: Principal) -> Iterator[Line]:
    workspace = principal.workspace

    def at(endpoint: str) -> str:
        return url_for(endpoint, workspace_slug=workspace.slug)

    if principal.may("members", Action.WRITE):
        yield Line("Members", at("member.index"), _members(workspace))
    if principal.may("teams", Action.WRITE):
        teams = all_teams(workspace)
        empty = sum(not team.members for team in teams)
        nobody = f"; {_counted(empty, 'has', 'have')} no members" if empty else ""
        says = _counted(len(teams), "team") + nobody
        yield Line("Teams", at("team.index"), says, is_wrong=bool(empty))
    if principal.may("policies", Action.WRITE):
        rules = all_policies(workspace)
        active = sum(each.is_active for each in rules)
        yield Line("Rules", at("policy.index"), f"{_counted(active, 'rule')} in force")
    if principal.may("escalation_chains", Action.WRITE):
        chains = sum(each.is_active for each in all_chains(workspace))
        says = f"{_counted(chains, 'chain')} in force"
        yield Line("Escalation", at("escalation.index"), says)
    if principal.may("workspace", Action.WRITE):
        yield _second_factor(workspace, at("workspace.show"))
        yield Line("Retention", at("retention.show"), _retention(workspace))
    if principal.may("members", Action.WRITE):
        paused = count_paused_channels(workspace)
        says = f"{_counted(paused, 'channel')} of members stopped working" if paused else "All work"
        yield Line("Notifications", at("member.index"), says, is_wrong=bool(paused))
    if principal.may("audit", Action.READ):
        yield Line("Audit", at("audit.index"), _audit(workspace))


def _members(workspace: Workspace) -> str:
    members = list_members(workspace)
    active = sum(each.is_active for each in members)
    invited = len(list_open_invitations(workspace))
    away = len(members) - active
    parts = [f"{active} active"]
    parts += [f"{invited} invited"] if invited else []
    parts += [f"{away} deactivated"] if away else []
    return ", ".join(parts)


def _second_factor(workspace: Workspace, href: str) -> Line:
    with_password = {
        each.user_id
        for each in list_members(workspace)
        if each.is_active and each.user.password_hash is not None
    }
    have = len(with_password & members_with_second_factor(workspace))
    required = "Required" if workspace.requires_second_factor else "Not required"
    says = f"{required}; {have} of {len(with_password)} who have a password set one up"
    return Line("Second factor", href, says)


def _retention(workspace: Workspace) -> str:
    own, server = own_days(workspace), of_server()
    said = []
    for term, of_workspace in own.items():
        days = days_in_force(server[term], of_workspace)
        said.append(f"{retention_term(term)} {_counted(days, 'day') if days else 'for good'}")
    return ", ".join(said).capitalize()


def _audit(workspace: Workspace) -> str:
    chained = f"{_counted(chain_state(workspace).count, 'entry', 'entries')} chained"
    checkpoint = last_checkpoint(workspace.id)
    if checkpoint is None:
        return f"{chained}; no checkpoint yet"
    return f"{chained}; signed up to entry {checkpoint.seq:,}"


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
