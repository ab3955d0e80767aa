"""The elements into which something is typed: as WTForms' own, at a fifth of their cost.

A form has hundreds of them, and theirs format every attribute by a template of its own.
"""

from typing import Any

from markupsafe import Markup, escape


class Line:
    """An `<input>`, which its attributes say the type of."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        given = {"id": field.name, "name": field.name, "type": "text", "value": field.drawn_text()}
        return Markup(f"<input {_written(given | attributes)}>")  # noqa: S704 - all is escaped


class Area(Line):
    """A `<textarea>`; its first line break is one that HTML leaves out."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        start = _written({"id": field.name, "name": field.name} | attributes)
        text = escape(field.drawn_text())
        return Markup(f"<textarea {start}>\r\n{text}</textarea>")  # noqa: S704 - all is escaped


def _written(attributes: dict[str, Any]) -> str:
    """Write attributes in the order of their names; an underscore stands for a hyphen."""
    written = []
    for name, value in sorted(attributes.items()):
        text = str(value)  # most of them are a plain word
        exact = text if text.isalnum() else escape(text)
        written.append(f'{name.replace("_", "-")}="{exact}"')
    return " ".join(written)
