"""The Host that a call names, which says where the page that sent it believes to be."""

from urllib.parse import urlsplit

from opensink_web.setting_values import is_this_machine


def is_host_here(host: str) -> bool:
    """Return True for a Host that is a name of this machine, with a port or without.

    A page whose name was made to lead here (DNS rebinding) sends its own name.
    """
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname or ""
        is_plain = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = is_plain and not (parts.username or parts.path or parts.query or parts.fragment)
    return is_plain and is_this_machine(name)
