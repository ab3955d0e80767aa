"""How long an agent's first messages take to fill in, for one chat and for a thousand.

    .venv/bin/python -m tests.benchmarks.first_messages

Beside it what the same takes without a process of its own, which is not safe.
"""

import time
from collections.abc import Callable

from opensink_web.json_value import JSONObject
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.message_template.sandbox import Templates

TEMPLATES = [
    "You are {{ name }}, who helps {{ customer.name }} of {{ customer.city }}. Speak "
    "{{ language }}. " + "Be brief and kind. " * 40,
    "{% for each in topics %}- {{ each.title|upper }} ({{ each.n + 1 }})\n{% endfor %}{{ day }}.",
]
VARIABLES: JSONObject = {
    "name": "Sink",
    "customer": {"name": "Alice", "city": "Ghent"},
    "language": "French",
    "topics": [{"title": f"topic {number}", "n": number} for number in range(8)],
    "day": "Monday",
}


def _least_ms(do: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def _in_this_process(chats: int) -> None:
    templates = Templates(TEMPLATES)
    for _ in range(chats):
        templates.render(VARIABLES)


def main() -> None:
    """Print a line for each number of chats."""
    renderer = TemplateRenderer()
    print(f"the first one, with its host: {_least_ms(lambda: _render(renderer, 1), 1):.1f} ms")
    for chats, times in ((1, 30), (1000, 5)):
        here = _least_ms(lambda chats=chats: _in_this_process(chats), times)  # type: ignore[misc]  # of a lambda
        there = _least_ms(lambda chats=chats: _render(renderer, chats), times)  # type: ignore[misc]  # of a lambda
        print(f"{chats:5} chats: {there:6.1f} ms, without a process {here:6.1f} ms")
    renderer.close()


def _render(renderer: TemplateRenderer, chats: int) -> None:
    renderer.render("workspace", TEMPLATES, [VARIABLES] * chats)


if __name__ == "__main__":
    main()
