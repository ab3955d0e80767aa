"""README and SECURITY.md keep up with what they show."""

import re
from dataclasses import fields
from pathlib import Path

from opensink_web.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_its_example_is_the_demo_itself() -> None:
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    assert example == (ROOT / "opensink_web/demo/trading_agent.py").read_text()


def test_its_table_has_every_setting() -> None:
    variables = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    settings = {field.name.upper() for field in fields(Settings)}
    assert variables == settings - {"SUPERVISED"}  # which `opensink up` itself sets


def test_its_defaults_are_those_of_the_settings() -> None:
    defaults = Settings.from_env({})
    table = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", README, re.MULTILINE))
    assert table["DATA_DIR"] == defaults.data_dir.name
    assert table["HOST"] == defaults.host
    for name in ("PORT", "WORKERS", "WEB_THREADS", "MAX_BODY_BYTES"):
        assert table[name] == str(getattr(defaults, name.lower()))


def test_the_files_it_names_are_there() -> None:
    text = README + (ROOT / "SECURITY.md").read_text()
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.[a-z]+)`|\]\(([a-z/_]+\.png)\)", text))
    paths = {one or other for one, other in named}
    assert "opensink_web/__init__.py" in paths
    missing = [
        p for p in paths if not any((ROOT / top / p).exists() for top in ("", "opensink_web"))
    ]
    assert missing == []
