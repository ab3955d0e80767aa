"""A person who fills in a form by what the page shows, in a browser without JavaScript.

Finds a field by its label and a choice by the words beside it, types, ticks, adds rows, presses
buttons; knows of the schema only how it calls its keys and values. Never types JSON, unless the
schema leaves everything open. Where the page offers several ways, each is tried.
"""

import re
from collections import defaultdict

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.subschemas import Path
from tests.schema.hands import Take, options_of, set_text, tick
from tests.schema.names import ABSENT, EMPTY_LIST, EMPTY_OBJECT, EMPTY_TEXT, NULL, Names
from tests.schema.page import Element, Page, drawn
from tests.schema.secret_cases import Vault
from tests.schema.sight import (
    ADD,
    Stuck,
    blocks_in,
    buttons_of,
    controls_of,
    facts_in,
    handle_of,
    holds_pairs,
    is_branch,
    is_for_further_keys,
    is_next,
    is_row,
    is_selector,
    kind_of,
    label_of,
    only,
    suffix_of,
)
from tests.schema.verdict import Ways, differences, path_of, told

PASSED_OVER = re.compile("JSON|^Choose|^No answer")
MOST_TRIES = 24
MOST_PRESSES = 300
REFRESH, REMOVE, OPEN, IN_ORDER = "_refresh", "_remove", "_open", "_rows"


class _Pressed(Exception):
    """A button was pressed: the page is another one now."""


class Person:
    """Fills in the form of one schema; `pages` is all that was drawn meanwhile."""

    def __init__(self, schema: JSONValue, proposed: JSONObject | None = None) -> None:
        self.schema, self.proposed, self.vault = schema, proposed, Vault()
        self.names = Names(schema)
        self.pages: list[str] = []
        self._ways = Ways()

    def answer(self, target: JSONObject) -> JSONObject:
        """Give this answer, and return what was read of it.

        Raises: Stuck where the page shows no way.
        """
        first: Stuck | None = None
        for _ in range(MOST_TRIES):
            self._ways.begin()
            try:
                read = self._once(target)
            except Stuck as error:
                stuck = error
            else:
                differing = list(differences(read, target))
                if not differing:
                    return read
                stuck = Stuck(f"read {dump(read)}", *differing)
            first = first or stuck
            if not self._ways.turn(stuck.places):
                break
        raise first or Stuck("no way tried")

    def _once(self, target: JSONObject) -> JSONObject:
        self._draw(AnswerForm.blank(self.schema, self.proposed))
        self._given: dict[Path, set[str]] = defaultdict(set)
        refusals = 0
        for _ in range(MOST_PRESSES):
            try:
                self._fill(self.page.root, target, ())
            except _Pressed:
                continue
            form = AnswerForm.submitted(self.schema, self.page.sent, self.proposed, self.vault)
            submission = form.read()
            if submission.value is not None:
                return submission.value
            refusals += 1
            if refusals == 2:  # what came with a choice is there to be seen, and sent
                wrong = [path_of(error.path, target) for error in submission.errors]
                raise Stuck(f"refused: {told(submission.errors)}", *wrong)
            self._draw(form)
        raise Stuck("too many buttons to press")

    def _draw(self, form: AnswerForm) -> None:
        self.pages.append(drawn(form))
        self.page = Page(self.pages[-1])
        self._is_touched = False

    def _press(self, button: Element) -> None:
        sent = self.page.sent
        sent.add(button["name"], button["value"])
        form = AnswerForm.submitted(self.schema, sent, self.proposed, self.vault)
        changed = form.changed_by(sent)
        if changed is None:
            raise Stuck(f"the button {button.text!r} does nothing")
        self._draw(changed)
        raise _Pressed

    # filling in, by what a block shows

    def _fill(self, block: Element, value: JSONValue, place: Path) -> None:
        """Give the value by what this block shows."""
        self._open(block)
        own = {suffix_of(each["name"]): each for each in controls_of(block)}
        if "which" in own:
            self._choose_branch(block, own["which"], value, place)
            branch = next(filter(is_branch, blocks_in(block)), None)
            if branch is not None:
                self._fill(branch, value, place)
            if branch is not None or is_selector(block):
                return
        elif "in" in own:
            self._is_touched |= tick(own["in"], ticked=value is not None)
        self._fill_inside(block, value, place)

    def _fill_inside(self, block: Element, value: JSONValue, place: Path) -> None:
        plain_controls = [each for each in controls_of(block) if not suffix_of(each["name"])]
        kinds = {kind_of(each) for each in plain_controls}
        if kinds == {"radio"}:
            self._choose(block, plain_controls, value)
        elif kinds == {"checkbox"}:
            self._tick_all(block, plain_controls, value)
        elif kinds == {"select"}:
            self._select(plain_controls[0], value)
        elif kinds:
            self._type(block, plain_controls, value, place)
        elif isinstance(value, list):
            self._fill_rows(block, value, place)
        elif isinstance(value, dict):
            self._fill_keys(block, value, place)
        else:
            self._say_nothing(block, value)

    def _fill_keys(self, block: Element, value: JSONObject, place: Path) -> None:
        if not value:
            self._say_nothing(block, value)
        fields = {label_of(each): each for each in blocks_in(block) if not is_row(each)}
        facts = facts_in(block)
        for title, selector in list(fields.items()):
            if is_selector(selector) and self.names.found_key(title, value) is None:
                self._fill(fields.pop(title), value, place)
        found: dict[int, str] = {}
        further: JSONObject = {}
        for key, inner in value.items():
            label = self.names.found(key, [*fields, *facts])
            if label in fields:
                found[id(fields[label])] = key
                self._fill(fields[label], inner, (*place, key))
            elif label is None:
                further[key] = inner
        left = [each for each in fields.values() if id(each) not in found]
        for each in left:
            if not is_for_further_keys(each):
                self._leave_out(each)
        self._given[place] |= set(found.values())
        self._turn_page(block)
        further = {key: further[key] for key in further.keys() - self._given[place]}
        if further:
            self._fill_further(block, further, place)

    def _turn_page(self, block: Element) -> None:
        """Go on to the next page of fields; what was given on this one stays given."""
        button = next((each for each in buttons_of(block) if is_next(each)), None)
        if button is not None:
            self._press(button)

    def _fill_further(self, block: Element, further: JSONObject, place: Path) -> None:
        """Give keys for which the block shows no field: press on, or write them into rows."""
        self._refresh(block)
        rows = next(filter(holds_pairs, [block, *blocks_in(block)]), None)
        if rows is None:
            raise Stuck(f"no field for {list(further)} at {place}", place)
        self._fill_pairs(rows, further, place)

    def _refresh(self, block: Element) -> None:
        """Press the button that shows the fields which belong to what was chosen here."""
        around = [
            each
            for each in self._refreshing()
            if f"{handle_of(block)}-".startswith(f"{each['value']}-")
        ]
        if self._is_touched and around:
            self._press(max(around, key=lambda each: len(each["value"])))

    def _refreshing(self) -> list[Element]:
        return [each for each in self.page.root.every("button") if each["name"] == REFRESH]

    def _fill_rows(self, block: Element, value: list[JSONValue], place: Path) -> None:
        rows = [each for each in blocks_in(block) if is_row(each)]
        if len(rows) > len(value):
            self._press_in(rows[-1], REMOVE)
        if len(rows) < len(value):
            self._press_in(block, ADD)
        if not value:
            self._say_nothing(block, value)
        for index, (row, inner) in enumerate(zip(rows, value, strict=True)):
            if blocks_in(row):  # what can only be one thing is shown, and not asked for
                self._fill(only(blocks_in(row)), inner, (*place, index))

    def _fill_pairs(self, block: Element, value: JSONObject, place: Path) -> None:
        rows = [each for each in blocks_in(block) if is_row(each)]
        if len(rows) > len(value):
            self._press_in(rows[-1], REMOVE)
        if len(rows) < len(value):
            self._press_in(block, ADD)
        fields = [blocks_in(row) for row in rows]
        was_touched, self._is_touched = self._is_touched, False
        for (name, *_), key in zip(fields, value, strict=True):
            self._fill(name, key, (*place, key, "name"))
        if any(each["value"] == handle_of(block) for each in self._refreshing()):
            self._refresh(block)  # what a value is may depend on its name
        self._is_touched |= was_touched
        for (_, *rest), (key, inner) in zip(fields, value.items(), strict=True):
            if rest:
                self._fill(only(rest), inner, (*place, key))

    def _choose_branch(
        self, block: Element, control: Element, value: JSONValue, place: Path
    ) -> None:
        """Choose what shape the value has: what fits best first, the others when that fails."""
        options = list(options_of(block, control))
        ranked = sorted(options, key=lambda each: -self.names.likeness(each[0], value))
        ranked = [each for each in ranked if not PASSED_OVER.search(each[0])]
        if not ranked:
            raise Stuck(f"nothing to choose at {place}")
        if value is None and not any(NULL.search(label) for label, _ in ranked):
            self._take_none(block, control)
            self._mean(block, NULL, value)
            return
        _, take = ranked[self._ways.at((*place, "which"), len(ranked))]
        if take():
            self._is_touched = True
            self._refresh(block)

    def _choose(self, block: Element, radios: list[Element], value: JSONValue) -> None:
        labels = {each["for"]: each.text for each in block.every("label")}
        offered = {labels.get(each["id"], ""): each for each in radios}
        label = self.names.option(value, list(offered))
        if label is None:
            self._say_nothing(block, value)
            return
        self._is_touched |= Take(offered[label], offered[label], tuple(radios))()

    def _tick_all(self, block: Element, boxes: list[Element], value: JSONValue) -> None:
        labels = {each["for"]: each.text for each in block.every("label")}
        offered = {labels.get(each["id"], ""): each for each in boxes}
        if len(boxes) == 1 and not isinstance(value, list):
            if value is not True:
                raise Stuck(f"one box for {dump(value)}")
            self._is_touched |= tick(boxes[0], ticked=True)
            return
        if not isinstance(value, list):
            self._say_nothing(block, value)
            return
        wanted = [self.names.option(each, list(offered)) for each in value]
        if None in wanted:
            raise Stuck(f"no box for one of {dump(value)}")
        if wanted != [label for label in offered if label in wanted]:
            self._press_in(block, IN_ORDER)
        for label, box in offered.items():
            self._is_touched |= tick(box, ticked=label in wanted)
        if not value:
            self._say_nothing(block, value)

    def _select(self, select: Element, value: JSONValue) -> None:
        options = {each.text: each for each in select.every("option")}
        label = self.names.option(value, list(options))
        if label is None:
            raise Stuck(f"no option for {dump(value)} in {list(options)[:8]}")
        self._is_touched |= Take(select, options[label])()

    def _type(self, block: Element, boxes: list[Element], value: JSONValue, place: Path) -> None:
        box = boxes[0]
        if box.has_class("answer-json"):
            if not self.names.is_anything(label_of(block)):
                raise Stuck(f"a JSON box at {place}", place)
            self._is_touched |= set_text(box, dump(value))
        elif value is None or value in ("", []):
            self._is_touched |= set_text(box, "")
            self._choose_kind(block, value, place)
            self._say_nothing(block, value)
        elif isinstance(value, list | dict):
            raise Stuck(f"one box for {dump(value)}", place)
        else:
            self._is_touched |= set_text(
                box, value if isinstance(value, str) else dump(value).strip('"')
            )
            self._choose_kind(block, value, place)

    def _choose_kind(self, block: Element, value: JSONValue, place: Path) -> None:
        """Leave it to the page to recognise the kind, or say it."""
        control = next((e for e in controls_of(block) if suffix_of(e["name"]) == "kind"), None)
        if control is None:
            return
        options = list(options_of(block, control))
        ranked = sorted(options, key=lambda each: -self.names.likeness(each[0], value))
        if self._ways.at((*place, "kind"), 2):
            ranked[0][1]()

    # leaving out, and the kinds of nothing

    def _say_nothing(self, block: Element, value: JSONValue) -> None:
        """Say that there is nothing, and which nothing is meant."""
        self._remove_rows(block)
        words = {"null": NULL, '""': EMPTY_TEXT, "[]": EMPTY_LIST, "{}": EMPTY_OBJECT}
        self._mean(block, words.get(dump(value), NULL), value)

    def _remove_rows(self, block: Element) -> None:
        for row in filter(is_row, blocks_in(block)):
            button = next((each for each in buttons_of(row) if each["name"] == REMOVE), None)
            if button is not None:
                self._press(button)

    def _mean(self, block: Element, words: re.Pattern[str], value: JSONValue) -> None:
        control = next((e for e in controls_of(block) if suffix_of(e["name"]) == "empty"), None)
        if control is None:
            return
        for label, take in options_of(block, control):
            if words.search(label):
                take()
                return

    def _leave_out(self, block: Element) -> None:
        """Give no answer here."""
        self._open(block)
        own = {suffix_of(each["name"]): each for each in controls_of(block)}
        if "in" in own:
            self._is_touched |= tick(own["in"], ticked=False)
            self._mean(block, ABSENT, None)
            return
        if "which" in own:
            self._leave_out_union(block, own["which"])
            return
        self._remove_rows(block)
        for control in controls_of(block):
            if suffix_of(control["name"]):
                continue
            if kind_of(control) in {"radio", "select"}:
                self._take_none(block, control)
            elif kind_of(control) == "checkbox":
                self._is_touched |= tick(control, ticked=False)
            else:
                self._is_touched |= set_text(control, "")
        self._mean(block, ABSENT, None)

    def _leave_out_union(self, block: Element, control: Element) -> None:
        """Choose no shape, or the first one and nothing in it."""
        if self._take_none(block, control):
            self._mean(block, ABSENT, None)
            return
        _, take = next(options_of(block, control))
        if take():
            self._is_touched = True
            self._refresh(block)
        for branch in filter(is_branch, blocks_in(block)):
            self._leave_out(branch)

    def _take_none(self, block: Element, control: Element) -> bool:
        offered = list(options_of(block, control))
        for words in (ABSENT, NULL, re.compile("Choose")):
            for label, take in offered:
                if words.search(label):
                    take()
                    return True
        return False

    def _open(self, block: Element) -> None:
        button = next((each for each in buttons_of(block) if each["name"] == OPEN), None)
        if button is not None:
            self._press(button)

    def _press_in(self, block: Element, name: str) -> None:
        button = next((each for each in buttons_of(block) if each["name"] == name), None)
        if button is None:
            raise Stuck(f"no button {name} in {label_of(block)!r}")
        self._press(button)
