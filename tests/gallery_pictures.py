"""Writes what docs/ shows of the gallery: a picture of every form, and the page with all of them.

    python -m tests.gallery_pictures            pictures and page
    python -m tests.gallery_pictures list map   the pictures of these alone, and the page

Chromium is found as the browser tests find it.
"""

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from opensink_web.factory import create_app
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.gallery import Construct, constructs
from opensink_web.schema.overview import overview
from opensink_web.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "schemas.md"
PICTURES = DOCS / "img" / "forms"
PICTURE_BYTES_MAX = 20_000
WIDTH, HEIGHT_MAX = 600, 380
SCHEMA_LENGTH_MAX = 200
"""Longer ones stand in the gallery alone."""
_HEAD = """\
# What a schema can ask for

Every server shows these forms at `/docs/forms`, to be filled in, with their whole schemas; nothing
is sent or stored there. What one can rely on stands in [Forms](forms.md). This page and its
pictures are written by `python -m tests.gallery_pictures`.
"""


def page_text() -> str:
    """Return what docs/schemas.md has to say."""
    parts = [_HEAD]
    for group, members in groupby(constructs().values(), lambda each: each.group):
        parts.append(f"\n## {group}\n\n| | Schema | Form |\n|---|---|---|\n")
        parts += [_row(each) for each in members]
    return "".join(parts)


def _row(construct: Construct) -> str:
    schema = json.dumps(construct.shown, ensure_ascii=False)
    fence = "``" if "`" in schema else "`"
    schema = f"{fence}{schema}{fence}" if len(schema) <= SCHEMA_LENGTH_MAX else "in the gallery"
    words = f"**{construct.title}**: {construct.control}. {construct.about}".strip()
    picture = PICTURES / f"{construct.name}.png"
    shown = f"![{construct.title}]({picture.relative_to(DOCS)})" if picture.exists() else ""
    return f"| {words} | {schema} | {shown} |\n"


@contextmanager
def _gallery() -> Iterator[str]:
    """Serve the gallery, which needs no database, and give its address."""
    with TemporaryDirectory() as folder:
        app = create_app(Settings.from_env({"DATA_DIR": folder, "SECRET_KEY": "pictures" * 5}))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/docs/forms"
        finally:
            server.shutdown()
            thread.join()


def _take(page: Page, address: str, construct: Construct) -> None:
    page.goto(f"{address}/{construct.name}")
    add = page.get_by_role("button", name="Add an entry")
    if add.count() == 1 and not page.locator(".answer-row").count():
        add.click()  # without an entry there is little to see
        page.locator(".answer-row").wait_for()
    page.evaluate("document.activeElement.blur()")
    box = page.locator("form .answer").bounding_box()
    if box is None:
        raise LookupError(construct.name)
    margin = 12
    clip = {
        "x": box["x"] - margin,
        "y": box["y"] - margin,
        "width": box["width"] + 2 * margin,
        "height": min(box["height"] + 2 * margin, HEIGHT_MAX),
    }
    page.screenshot(path=PICTURES / f"{construct.name}.png", clip=clip, full_page=True)  # type: ignore[arg-type]  # a dict of the four
    size = (PICTURES / f"{construct.name}.png").stat().st_size
    if size > PICTURE_BYTES_MAX:
        raise ValueError(f"the picture of {construct.name} has {size} bytes")


def main(names: list[str]) -> None:
    """Write the pictures, and the page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
    with _gallery() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, color_scheme="light", locale="en-GB"
        )
        for construct in constructs().values():
            if names and construct.name not in names:
                continue
            if all(each.is_native for each in overview(AnswerForm.blank(construct.schema))):
                _take(page, address, construct)
            else:  # a box of JSON needs no picture
                (PICTURES / f"{construct.name}.png").unlink(missing_ok=True)
        browser.close()
    PAGE.write_text(page_text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
