"""Templates of messages: what can be said with them, and that nothing else is reached."""

import pytest

from opensink_web.json_value import JSONObject
from opensink_web.message_template.sandbox import RenderingFailed, Templates
from tests.support.cases import for_each

NAMES: JSONObject = {
    "name": "Bob",
    "text": "aaa",
    "age": 7,
    "rows": [{"n": 2, "ok": True}, {"n": 1, "ok": False}],
    "prices": {"tea": 3, "milk": 2},
    "many": list(range(1000)),
    "upper": "upper",
}


def rendered(template: str, variables: JSONObject = NAMES) -> str:
    (text,) = Templates([template]).render(variables)
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
        ("{{ [name, {'a': age}]|tojson }} {{ (name, age) }}", '["Bob",{"a":7}] (\'Bob\', 7)'),
        ("{{ many|select('divisibleby', 400)|map('string')|join('/') }}", "0/400/800"),
        ("{{ 2 ** 10 }}", "1024"),
        ("{{ rows|rejectattr('n', 'equalto', 2)|map(attribute='n')|first }}", "1"),
        ("{{ 'a\nb'|indent(2) }}|{{ 'a b c'|wordwrap(3) }}", "a\n  b|a b\nc"),
        ("{{ 'x'|center(3) }}", " x "),
        ("{% for part in many[:5]|batch(2) %}{{ part }}{% endfor %}", "[0, 1][2, 3][4]"),
        ("{{ rows[:1] }} {{ none }} {{ true }}", "[{'n': 2, 'ok': True}] None True"),
    ],
)
def test_it_says_what_jinja_says(template: str, text: str) -> None:
    assert Templates([template]).errors == [None]
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Hi {{ name", "Line 1: unexpected end of template"),
        ("\n{% if %}", "Line 2: "),
        ("{{ name|shout }}", "There is no filter named `shout`"),
        ("{% if age %}{{ name|shout }}{% endif %}", "There is no filter named `shout`"),
        ("{{ name is loud }}", "There is no test named `loud`"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "`macro` cannot be used"),
        ("{% for a in x recursive %}{{ loop(a) }}{% endfor %}", "`recursive` cannot be used"),
        ("{% include 'x' %}", "`include` cannot be used"),
        ("{% import 'os' as os %}", "`import` cannot be used"),
        ("{% extends 'x' %}", "`extends` cannot be used"),
        ("{% block x %}{% endblock %}", "`block` cannot be used"),
        ("{% set x.y = 1 %}", "`nsref` cannot be used"),
        ("{% autoescape true %}{% endautoescape %}", "`autoescape` cannot be used"),
        ("{{ self.name }}", "`self` cannot be used"),
        ("{{ name|attr('upper') }}", "There is no filter named `attr`"),
        ("{{ '%s'|format(name) }}", "There is no filter named `format`"),
        ("{{ rows|pprint }}", "There is no filter named `pprint`"),
        ("{{ prices|xmlattr }}", "There is no filter named `xmlattr`"),
        ("{{ rows|groupby('n') }}", "There is no filter named `groupby`"),
        ("{{ many|map(upper) }}", "Write the name of the filter that `map` applies here"),
        ("{{ many|map(upper ~ '')|list }}", "`map` applies here, in quotes"),
        ("{{ many|map('counted loop')|list }}", "There is no filter named `counted loop`"),
        ("{{ many|map('attr', name)|list }}", "There is no filter named `attr`"),
        ("{{ many|map('map', upper)|list }}", "`map` cannot apply `map`"),
        ("{{ many|map('select', upper)|list }}", "`map` cannot apply `select`"),
        ("{{ many|select(upper)|list }}", "Write the name of the test that `select` applies here"),
        ("{{ many|reject('loud')|list }}", "There is no test named `loud`"),
        ("{{ rows|selectattr('n', upper)|list }}", "`selectattr` applies here, in quotes"),
        ("{{ many|map(*rows) }}", "`*` cannot be used"),
        ("{{ range(*many) }}", "`*` cannot be used"),
        ("{{ many|map(**prices) }}", "`*` cannot be used"),
        ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "nested too deep"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deep"),
        ("{{ '" + "\\" * 1000, "Line 1: "),
    ],
)
def test_what_is_no_template_is_refused_where_it_is_wrong(template: str, told: str) -> None:
    (wrong,) = Templates([template]).errors
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
        "{{ many.append(1) }}",
        "{{ prices|map(attribute='__class__')|join }}",
        "{{ rows|sort(attribute='__class__')|tojson }}",
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
    with pytest.raises(RenderingFailed):
        rendered(template)


UNWRITABLE = {
    "a method": "prices.items",
    "a view": "prices.items()",
    "keys": "prices.keys()",
    "values in a list": "[prices.values()]",
    "a function": "range",
    "a range": "range(3)",
    "an iterator": "many|map('string')",
    "an iterator in a list": "[many|map('string')]",
    "iterators in a list": "[prices]|map('items')|list",
    "an iterator in an object": "{'a': many|reverse}",
    "something undefined in a list": "[prices]|map(attribute='coffee')|list",
    "something undefined": "prices.coffee",
    "a key that JSON has not": "{(1, 2): 3}",
}
WAYS = (
    "{{ VALUE }}",
    "{{ VALUE ~ '' }}",
    "{{ '' ~ VALUE ~ '' }}",
    "{{ VALUE|string }}",
    "{{ VALUE|upper }}",
    "{{ VALUE|title }}",
    "{{ VALUE|trim }}",
    "{{ VALUE|truncate(5) }}",
    "{{ VALUE|center(99) }}",
    "{{ VALUE|indent }}",
    "{{ VALUE|wordwrap }}",
    "{{ VALUE|wordcount }}",
    "{{ [VALUE]|join }}",
    "{{ (1, 2)|join(VALUE) }}",
    "{{ [VALUE]|map('string')|join }}",
    "{{ VALUE|tojson }}",
    "{{ VALUE|replace('a', 'b') }}",
    "{{ 'a'|replace('a', VALUE) }}",
    "{{ 'a'|replace(VALUE, 'b') }}",
    "{{ '%s' % VALUE }}",
    "{{ '%s' % (VALUE,) }}",
    "{{ 'a' + VALUE }}",
    "{{ 'a'|default(VALUE, true)|upper }}{{ ''|default(VALUE, true)|upper }}",
    "{{ {'a': VALUE}[VALUE] }}",
    "{{ prices[VALUE] }}",
    "{{ VALUE.name }}",
)


@pytest.mark.parametrize("value", UNWRITABLE.values(), ids=list(UNWRITABLE))
def test_what_json_cannot_write_is_written_nowhere(value: str) -> None:
    def check(template: str) -> None:
        with pytest.raises(RenderingFailed) as refusal:
            rendered(template)
        assert "0x" not in str(refusal.value)

    for_each([way.replace("VALUE", f"({value})") for way in WAYS], check)


def test_a_loop_is_written_nowhere() -> None:
    with pytest.raises(RenderingFailed):
        rendered("{% for each in many %}{{ loop }}{% endfor %}")
    with pytest.raises(RenderingFailed):
        rendered("{% for each in many %}{{ loop.cycle }}{% endfor %}")


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ nobody }}", "'nobody' is undefined."),
        ("{{ nobody.name }}", "'nobody' is undefined."),
        ("{{ prices.coffee }}", "'dict object' has no attribute 'coffee'."),
        ("{{ age / 0 }}", "ZeroDivisionError"),
        ("{{ name + 1 }}", "TypeError"),
        ("{{ 'a' * 100001 }}", "more than 100000 characters"),
        ("{% for i in range(20000) %}xxxxxxxx{% endfor %}", "more than 100000 characters"),
        ("{{ range(10 ** 9) }}", "OverflowError"),
        ("{{ 'a\\0' }}", "a character that cannot be stored"),
        ("{{ '\\ud800' }}", "a character that cannot be stored"),
    ],
)
def test_it_tells_what_is_wrong_with_the_values(template: str, told: str) -> None:
    with pytest.raises(RenderingFailed, match=told):
        rendered(template)


def test_the_values_stay_as_they_are() -> None:
    variables: JSONObject = {"rows": [3, 1, 2]}
    assert rendered("{{ rows|sort|tojson }}", variables) == "[1,2,3]"
    assert variables == {"rows": [3, 1, 2]}
