"""`opensink openapi`: the API's description, for those who generate clients."""

import click

from opensink_web import json_value
from opensink_web.api.openapi import openapi_document


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of /api/v1."""
    click.echo(json_value.dump(openapi_document(), indent=2))
