"""`opensink openapi`: the API's description, for those who generate clients."""

import click

from opensink_web import json_value
from opensink_web.contract.openapi import openapi_document
from opensink_web.factory import ROUTES


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of /api/v1 and of the execution API."""
    click.echo(json_value.dump(openapi_document(ROUTES), indent=2))
