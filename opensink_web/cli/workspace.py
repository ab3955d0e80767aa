"""`opensink workspace`: workspaces, for whoever has the machine itself."""

import click

from opensink_web.cli.application import in_application
from opensink_web.cli.options import takes_settings
from opensink_web.errors import NotFound
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.queries import find_user
from opensink_web.operations.accounts.workspace_creation import open_workspace
from opensink_web.settings import Settings


@click.group()
def workspace() -> None:
    """Make workspaces."""


@workspace.command()
@click.argument("name")
@click.option(
    "--admin", metavar="EMAIL", required=True, help="Who has an account, and is its admin."
)
@click.option("--slug", metavar="SLUG", default="", help="Its place in addresses [from the name].")
@takes_settings()
def create(settings: Settings, name: str, admin: str, slug: str) -> None:
    """Make a workspace called NAME."""
    with in_application(settings), writing():
        user = find_user(admin)
        if user is None:
            raise NotFound("There is no account with this e-mail address.")
        made = open_workspace(user, name=name, slug=slug)
        sentence = f"{made.name} is at /w/{made.slug}/, and {user.email} is its admin."
    click.echo(sentence)
