"""`opensink settings`: every setting as a page of Markdown, of which docs/configuration.md is one.

After a change of settings.py: `.venv/bin/opensink settings > docs/configuration.md`.
"""

import click

from opensink_web.settings import described_settings

_INTRODUCTION = """\
# Configuration

OpenSink is configured by environment variables. All of them are optional. `opensink doctor` says
what is wrong with them, and `--host`, `--port`, `--workers` and `--data-dir` override theirs.

This page is printed by `opensink settings`; the texts are in `opensink_web/settings.py`.
"""
_HEADINGS = {
    "data_dir": "Where it runs",
    "database_url": "Database, Redis and keys",
    "workers": "How much at once",
    "max_batch_size": "How large",
    "execution_endpoint_hosts": "What may be called",
    "undo_seconds": "Deciding",
    "retention_days_sessions": "How long things are kept",
    "workspace_creation": "Workspaces",
    "oidc_issuer": "Single sign-on",
    "smtp_host": "E-mail",
    "metrics_token": "Watching it",
}
"""Each with the first setting below it."""
_TABLE = "| Variable | Default | What it is |\n|---|---|---|"


@click.command()
def settings() -> None:
    """Print every setting, with its default, as a page of Markdown."""
    click.echo(_INTRODUCTION, nl=False)
    for name, setting in described_settings().items():
        if name in _HEADINGS:
            click.echo(f"\n## {_HEADINGS[name]}\n\n{_TABLE}")
        if setting.description:
            default = setting.default_in_words or f"`{setting.default}`"
            click.echo(f"| `{setting.variable}` | {default} | {setting.description} |")
