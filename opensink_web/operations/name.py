"""Names that people give to things: in one line, of characters that are all seen."""

from opensink_web.errors import FieldError, InvalidInput
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
