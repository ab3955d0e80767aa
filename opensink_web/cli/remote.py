"""Commands that speak to a server as an application does: its address, and a key for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import requests

from opensink_client import URL_DEFAULT, Client, OpenSinkApiError
from opensink_web.errors import OpenSinkError


class Refused(OpenSinkError):
    """The server did not do it, or does not answer."""


def takes_server(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command options for a server and its key, and pass it a `Client` first.

    Running it raises: Refused.
    """

    @click.option(
        "--url",
        envvar="OPENSINK_URL",
        default=URL_DEFAULT,
        metavar="ADDRESS",
        help=f"The server's address [{URL_DEFAULT}; OPENSINK_URL].",
    )
    @click.option(
        "--key",
        "api_key",
        envvar="OPENSINK_API_KEY",
        show_envvar=True,
        required=True,
        metavar="KEY",
        help="An API key or access token; safer in the environment than on the command line.",
    )
    @wraps(command)
    def with_server(url: str, api_key: str, **values: Any) -> None:
        try:
            with Client(url, api_key) as server:
                command(server, **values)
        except OpenSinkApiError as error:
            raise Refused(_sentence(error)) from None
        except requests.RequestException as error:
            raise Refused(f"{url} cannot be reached: {_cause(error)}") from None

    return with_server


def _sentence(error: OpenSinkApiError) -> str:
    details = [f"{each['path']}: {each['message']}" for each in error.errors if each["path"]]
    return "\n  ".join([error.message, *details])


def _cause(error: requests.RequestException) -> str:
    innermost: BaseException = error
    while innermost.__cause__ or innermost.__context__:
        innermost = innermost.__cause__ or innermost.__context__ or innermost
    return str(innermost)
