"""Names that people give to things: in one line, of characters that are all seen."""

import re
import unicodedata
from collections.abc import Iterable

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.lookalike import impostors, looks, spelled
from opensink_web.visible_text import first_hidden


def checked_name(name: str, most: int = 255) -> str:
    """Return a name without the blanks around it. Raises: InvalidInput.

    Two names that look the same would be two, and one that turns the order of what stands around it
    would change what a page says.
    """
    name = name.strip()
    message = None
    if not 1 <= len(name) <= most:
        message = f"A name has 1 to {most} characters."
    elif "\n" in name or "\t" in name:
        message = "A name is one line, without tabs."
    elif (hidden := first_hidden(name)) is not None:
        message = f"This has characters that nobody sees, such as {hidden}."
    if message is not None:
        raise InvalidInput(message, errors=(FieldError("/name", message),))
    return name


def in_one_line(name: str, most: int = 255) -> str:
    """Return a name with single blanks. Raises: InvalidInput."""
    return " ".join(checked_name(name, most).split())


def plain_slug(name: str, most: int = 200) -> str:
    """Return what of a name can stand in an address as it is: nothing of many alphabets."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most]


def check_letters(name: str) -> None:
    """Check the name of something that people choose by it.

    A word of one script is what it is, whichever that is; one in which letters of another pass for
    Latin ones is not. Raises: InvalidInput.
    """
    if places := impostors(name):
        message = f"This mixes letters that look alike: {spelled(name[places[0]])} is no Latin one."
        raise InvalidInput(message, errors=(FieldError("/name", message),))


def one_like(name: str, others: Iterable[str]) -> str | None:
    """Return which of the other names somebody could take for a name; None if none is like it."""
    own = looks(name)
    return next((each for each in others if own & looks(each)), None)
