"""Which certificate authorities are trusted, for every call that leaves this server over TLS."""

import ssl
from functools import cache
from pathlib import Path

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context


@cache  # reading the authorities takes long
def trusting_context(
    ca_bundle: Path | None, socket_class: type[ssl.SSLSocket] = ssl.SSLSocket
) -> ssl.SSLContext:
    """Trust the system's authorities, those that Mozilla trusts, and those in a PEM file.

    Whoever asks for the same shares one context, which is safe as long as nobody changes it.
    """
    context = create_urllib3_context()
    context.sslsocket_class = socket_class
    context.load_default_certs()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if ca_bundle is not None:
        context.load_verify_locations(ca_bundle)
    return context
