"""Browsers and programs in plain words, made of what they say about themselves.

https://www.rfc-editor.org/rfc/rfc9110#field.user-agent: nobody has to tell the truth there, so this
is for recognising one's own browser in a list, and decides nothing.
"""

from opensink_web.models import UserSession

# The first that is found counts: Edge and Opera also call themselves Chrome, and Chrome Safari.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
}
_PRODUCT_SHOWN = 40
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def place_name(session: UserSession) -> str:
    """Name where somebody is signed in: a browser, or a program."""
    name = browser_name if session.workspace_id is None else program_name
    return name(session.user_agent)


def browser_name(user_agent: str) -> str:
    """Name the browser and the system: `Firefox on Windows`."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or (f"A browser on {system}" if system else "An unknown browser")


def program_name(user_agent: str) -> str:
    """Name a program by the first thing it says of itself: `A program (python-requests/2.34)`."""
    product = user_agent.split(" ", 1)[0][:_PRODUCT_SHOWN]
    return f"A program ({product})" if product else "A program"


def _first(names: dict[str, str], user_agent: str) -> str | None:
    return next((name for sign, name in names.items() if sign in user_agent), None)
