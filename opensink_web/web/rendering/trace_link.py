"""Where people look at a trace: in the tracing system that the operator has named, if any."""

from flask import Flask

from opensink_web.services import EXTENSION, Services


def register(app: Flask) -> None:
    """Let templates link trace ids: `trace_href(trace_id)` is none where nobody said where to."""
    wired: Services = app.extensions[EXTENSION]
    template = wired.settings.trace_url_template
    app.jinja_env.globals["trace_href"] = lambda trace_id: (
        template.replace("{trace_id}", trace_id) if template else None
    )
