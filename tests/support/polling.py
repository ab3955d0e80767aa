"""What a page asks for by itself, to show how things go on."""

import re
from html import unescape


def asked_by_itself(html: str) -> list[str]:
    """Return the addresses, in order; the menu of workspaces asks when it is opened."""
    addresses = [unescape(each) for each in re.findall(r'hx-get="([^"]+)"', html)]
    return [each for each in addresses if "/workspaces/menu" not in each]
