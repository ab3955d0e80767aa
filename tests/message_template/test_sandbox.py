"""Templates of messages: what can be said with them, and that nothing else can be done."""

import time

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.message_template.sandbox import RenderingFailed, Templates, check_template

SECONDS = 0.1
MARGIN_SECONDS = 5.0  # on a machine that others use; without the limit these take for ever
"""For the step during which the time ends, and for reading the template."""
NAMES: JSONObject = {
    "name": "Bob",
    "text": "aaa",
    "age": 7,
    "rows": [{"n": 2, "ok": True}, {"n": 1, "ok": False}],
    "prices": {"tea": 3, "milk": 2},
}
MANY: JSONObject = {"many": list(range(40_000)), "name": "Bob", "prices": {"tea": 3}}


def rendered(template: str, variables: JSONObject = NAMES) -> str:
    (text,) = Templates([template], SECONDS).render(variables)
    return text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ name }}, <b>{{ age }}</b>", "Hi Bob, <b>7</b>"),
        ("{{ name ~ '/' ~ age }} {{ age * 2 + 1 }} {{ '-' * 3 }}", "Bob/7 15 ---"),
        (
            "{% for k, v in prices.items() %}{{ loop.index }}{{ k }}={{ v }} {% endfor %}",
            "1tea=3 2milk=2 ",
        ),
        ("{% for row in rows if row.ok %}{{ row['n'] }}{% else %}none{% endfor %}", "2"),
        ("{% if age > 5 and name is defined %}old{% else %}young{% endif %}", "old"),
        ("{{ nobody|default('none') }} {{ 'x' if age in (7, 8) else 'y' }}", "none x"),
        ("{% set all = rows|map(attribute='n')|join('+') %}{{ all }}", "2+1"),
        ("{{ rows|selectattr('ok')|list|count }} {{ (rows|sort(attribute='n')|first).n }}", "1 1"),
        ("{{ rows[-1:]|tojson }} {{ text|replace('a', 'b')|upper }}", '[{"n":1,"ok":false}] BBB'),
        (
            "{{ name.upper().strip() }} {{ range(3)|join(' ') }} {{ 2.345|round(1) }}",
            "BOB 0 1 2 2.3",
        ),
        ("{% raw %}{{ name }}{% endraw %}{# nothing #}", "{{ name }}"),
    ],
)
def test_it_says_what_jinja_says(template: str, text: str) -> None:
    assert check_template(template) is None
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Hi {{ name", "Line 1: unexpected end of template"),
        ("\n{% if %}", "Line 2: "),
        ("{{ name|shout }}", "No filter named 'shout'"),
        ("{{ name is loud }}", "No test named 'loud'"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "`macro` cannot be used"),
        ("{% for a in x recursive %}{{ loop(a) }}{% endfor %}", "`recursive` cannot be used"),
        ("{% include 'x' %}", "`include` cannot be used"),
        ("{% import 'os' as os %}", "`import` cannot be used"),
        ("{% extends 'x' %}", "`extends` cannot be used"),
        ("{% autoescape true %}{% endautoescape %}", "`autoescape` cannot be used"),
        ("{{ self.name }}", "`self` cannot be used"),
        ("{{ 9**9**9 }}", "`**` cannot be used"),
        ("{% set a = [a, a] %}", "holds constants only"),
        ("{{ name|attr('upper') }}", "No filter named 'attr'"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "parts"),
        ("{{ " + "(" * 400 + "1" + ")" * 400 + " }}", "nested deeper"),
        ("{{ name" + ".a" * 400 + " }}", "nested deeper"),
        ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "nested deeper"),
        ("{{ age }}" * 3000, "more than"),
        ("{%" * 16_000, "Line 1: "),
        ("{{ '" + "\\" * 16_000, "Line 1: "),
    ],
)
def test_what_is_no_template_is_refused_where_it_is_wrong(template: str, told: str) -> None:
    began = time.thread_time()
    wrong = check_template(template)
    assert time.thread_time() - began < MARGIN_SECONDS
    assert wrong is not None
    assert told in wrong


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ name['__class__'].__mro__ }}",
        "{{ '{0.__class__}'.format(name) }}",
        "{{ prices.__init__.__globals__ }}",
        "{{ range.__globals__ }}",
        "{{ prices.update({'tea': 0}) }}",
        "{{ prices.items }}",
        "{{ prices.items|string }}",
        "{{ many|map('upper') }}",
        "{{ many.append(1) }}",
        "{{ ['__class__']|map('attr', name)|list }}",
        "{{ prices|map(attribute='__class__')|join }}",
        "{% for a in many %}{{ loop.__class__ }}{% endfor %}",
        "{% for a in many %}{{ loop(many) }}{% endfor %}",
        "{{ lipsum(5) }}",
        "{{ cycler('a') }}",
        "{{ namespace() }}",
        "{{ config }}",
        "{{ name() }}",
    ],
)
def test_python_is_not_reached(template: str) -> None:
    with pytest.raises(RenderingFailed) as refusal:
        rendered(template, MANY)
    assert "0x" not in str(refusal.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ range(1000000000)|list }}",
        "{% for i in range(1000000000) %}{% endfor %}",
        "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
        "{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}",
        "{% for i in many %}{% if -1 in many %}{% endif %}{% endfor %}",
        "{% for i in many %}{{ many|sort|length }}{% endfor %}",
        "{% for i in many %}{% set a = many[1:] %}{% endfor %}",
        "{% set a = 'xxxxxxxx' %}" + "{% set a = a ~ a %}" * 40,
        "{% set a = 'xxxxxxxx' %}" + "{% set a = a + a %}" * 40,
        "{% set a = '\"' %}" + "{% set a = a|tojson %}" * 40,
        "{% set a = 9999999999 %}" + "{% set a = a * a %}" * 40,
        "{% set a = ['x'] %}" + "{% set a = a + a %}" * 40,
        "{{ ('a' * 50000)|replace('a', 'b' * 50000) }}",
        "{{ range(10000)|join('a' * 90000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 1.5|round(1000000000) }}",
        "{{ prices|tojson(indent=1000000000) }}",
        "{{ many|map('string')|map('string')|list|length }}" * 60,
        "{{ many }}",
    ],
)
def test_no_template_takes_long_or_grows(template: str) -> None:
    began = time.thread_time()
    with pytest.raises(RenderingFailed):
        rendered(template, MANY)
    assert time.thread_time() - began < SECONDS + MARGIN_SECONDS


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ nobody }}", "'nobody' is undefined."),
        ("{{ nobody.name }}", "'nobody' is undefined."),
        ("{{ prices.coffee }}", "'dict object' has no attribute 'coffee'."),
        ("{{ age / 0 }}", "ZeroDivisionError"),
        ("{{ name + 1 }}", "TypeError"),
    ],
)
def test_it_tells_what_is_wrong_with_the_values(template: str, told: str) -> None:
    with pytest.raises(RenderingFailed, match=told):
        rendered(template)


def test_the_values_stay_as_they_are() -> None:
    variables: JSONObject = {"rows": [3, 1, 2]}
    assert rendered("{{ rows|sort|tojson }}", variables) == "[1,2,3]"
    assert variables == {"rows": [3, 1, 2]}
