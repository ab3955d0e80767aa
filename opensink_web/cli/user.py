"""`opensink user`: accounts, for whoever has the machine itself."""

import sys

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.errors import NotFound
from opensink_web.models import Role, User
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.password import make_reset_link
from opensink_web.operations.accounts.queries import find_user, find_workspace
from opensink_web.operations.accounts.second_factor import reset
from opensink_web.operations.accounts.user import activate_user, create_user
from opensink_web.operations.accounts.workspace import first_workspace
from opensink_web.operations.decisions.ending import deactivate_user
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import at_its_address


@click.group()
def user() -> None:
    """Create accounts, and help people who cannot sign in."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--workspace", metavar="SLUG", help="The workspace [the first one].")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@takes_settings()
def create(
    settings: Settings, email: str, role: str, workspace: str | None, *, password_stdin: bool
) -> None:
    """Create an account for EMAIL."""
    password = _read_password(from_stdin=password_stdin)
    with in_application(settings):
        password_hash = new_password_hash(password, email=email)
        with writing():
            place = find_workspace(workspace) if workspace else first_workspace()
            made = create_user(place, email, password_hash, role=Role(role))
            sentence = f"{made.email} can sign in as {role} in {place.name}."
    click.echo(sentence)


@user.command("reset-link")
@click.argument("email")
@takes_settings()
def reset_link(settings: Settings, email: str) -> None:
    """Print a link for EMAIL to choose a new password; it works once, within 24 hours."""
    with in_application(settings), writing():
        account = _find(email)
        token = make_reset_link(account, by=None)
    click.echo(f"{at_its_address(settings).public_url}/reset-password/{token}")


@user.command("reset-second-factor")
@click.argument("email")
@takes_settings()
def reset_second_factor(settings: Settings, email: str) -> None:
    """Let EMAIL sign in with the password alone, if phone and recovery codes are lost."""
    with in_application(settings), writing():
        account = _find(email)
        was_on = reset(account)
    click.echo(f"{email} signs in with the password alone{'' if was_on else ', as before'}.")


@user.command()
@click.argument("email")
@takes_settings()
def deactivate(settings: Settings, email: str) -> None:
    """Deactivate EMAIL everywhere: ends sign-ins, programs, API keys and queued work, and for good
    the standing approvals that they granted and the requests that they claimed.
    """
    with in_application(settings), writing():
        account = _find(email)
        ended = deactivate_user(account)
    click.echo(f"{email} is deactivated. `opensink user activate {email}` activates them again.")
    if ended.standing_approvals or ended.claims:
        click.echo(
            f"Ended for good: standing approvals: {ended.standing_approvals}, "
            f"claimed requests: {ended.claims}."
        )


@user.command()
@click.argument("email")
@takes_settings()
def activate(settings: Settings, email: str) -> None:
    """Activate EMAIL again, except where an admin deactivated them; API keys work again too."""
    with in_application(settings), writing():
        account = _find(email)
        activate_user(account)
        closed = [each.workspace.slug for each in account.memberships if not each.is_active]
    still = f" An admin has deactivated them in {', '.join(closed)}." if closed else ""
    click.echo(f"{email} is active.{still}")


def _find(email: str) -> User:
    """Raises: NotFound."""
    user = find_user(email)
    if user is None:
        raise NotFound("There is no account with this e-mail address.")
    return user


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
