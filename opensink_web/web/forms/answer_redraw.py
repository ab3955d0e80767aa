"""Answers a button that only draws a form anew: with the page, or for htmx with the part alone."""

from collections.abc import Callable

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from htmx_flask import request

from opensink_web.schema.form import AnswerForm


def redrawn(
    form: AnswerForm,
    page: Callable[[], ResponseReturnValue],
    form_alone: Callable[[], str],
    noun: str = "answer",
) -> ResponseReturnValue:
    """Answer with a form as one of its own buttons changed it.

    `page` draws the page around it, `form_alone` its own <form>: for an htmx that names no part of
    it.
    """
    if not request.htmx:
        return page()
    field = form.part(request.htmx.target or "")
    if field is None:
        response = make_response(form_alone())
        response.headers["HX-Retarget"] = "closest form"
        response.headers["HX-Reswap"] = "outerHTML"
        return response
    return render_template(
        "answer/_part.html",
        form=form,
        field=field,
        noun=noun,
        refresh_url=f"{request.script_root}{request.full_path.rstrip('?')}",
    )
