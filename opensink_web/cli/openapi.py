"""`opensink openapi`: the API's description, for those who generate clients."""

import click

from opensink_web import json_value
from opensink_web.cli.options import takes_settings
from opensink_web.contract.openapi import openapi_document, server_url
from opensink_web.factory import ROUTES
from opensink_web.settings import Settings


@click.command()
@takes_settings()
def openapi(settings: Settings) -> None:
    """Print the OpenAPI document of /api/v1 and of the execution API."""
    document = openapi_document(ROUTES, server_url(settings.public_url))
    click.echo(json_value.dump(document, indent=2))
