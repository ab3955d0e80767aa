"""`opensink api-key`: keys for agents, without a browser."""

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.errors import NotFound
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.queries import find_user
from opensink_web.operations.accounts.workspace import first_workspace, principal_in
from opensink_web.settings import Settings


@click.group("api-key")
def api_key() -> None:
    """Make API keys."""


@api_key.command()
@click.option("--user", "email", metavar="EMAIL", required=True, help="Who the key speaks for.")
@click.option("--name", required=True, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="A permission such as all:all; can be given several times.",
)
@click.option("--workspace", metavar="SLUG", help="The workspace [the first one].")
@takes_settings()
def create(
    settings: Settings, email: str, name: str, scopes: tuple[str, ...], workspace: str | None
) -> None:
    """Create a key and print nothing but the key; it cannot be shown again."""
    with in_application(settings), writing():
        owner = find_user(email)
        if owner is None:
            raise NotFound(f"There is no account {email}; create it with `opensink user create`.")
        member = principal_in(workspace or first_workspace().slug, owner)
        _, secret = create_key(member.workspace, owner, name=name, scopes=scopes)
    click.echo(secret)
