"""`opensink_client.signature` under the name that it had before."""

from opensink_client.signature import *  # noqa: F403
