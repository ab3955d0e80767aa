"""The hostile corpus, put together to what fits where."""

from tests.browser.hostile_content import PAYLOADS, packed, with_canary
from tests.browser.hostile_watch import MARK


class Texts:
    """The corpus, each text with the mark before it."""

    def __init__(self, netloc: str) -> None:
        self.all = [MARK + with_canary(text, netloc) for text in PAYLOADS]
        self.lines = packed(self.all, 255)
        self.paragraphs = packed(self.all, 4000)
        self.whole = "\n\n".join(self.all)
        self.of_people = [line.replace(MARK, "") for line in self.lines]
