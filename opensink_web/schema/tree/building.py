"""A schema as a tree of field nodes: what to ask, in which order, with which limits.

Pure data, known before anybody answers. A part that no form can draw is one JSON node.
"""

from dataclasses import replace
from math import ceil, floor

from opensink_web.json_value import MAX_DEPTH, JSONObject, JSONValue, dump, parse
from opensink_web.schema.secrets import secrets_of
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.flattening import Flat, annotations, flatten
from opensink_web.schema.tree.kept import kept_trees
from opensink_web.schema.tree.merging import NotPlain
from opensink_web.schema.tree.node import ABSENT, Constraints, FieldNode, Kind, Lazy
from opensink_web.schema.tree.options import Option, options_of
from opensink_web.schema.tree.place import Place
from opensink_web.schema.tree.shape import ObjectShape
from opensink_web.schema.tree.shapes import Shapes

LONG_TEXT_CHARACTERS = 200
MAX_REQUIRED = 10_000
"""An object that demands more keys is typed as JSON: no form has so many fields."""


def field_tree(schema: JSONValue) -> FieldNode:
    """Draw up what to ask for an answer to this schema, which has passed `check_schema`.

    The tree of equal schemas is the same; threads may look into it at once.
    """
    text = dump(schema)
    return kept_trees.get(text) or _new_tree(text)


def _new_tree(text: str) -> FieldNode:
    schema = parse(text)  # nobody else can change it
    document, secrets = Document(schema), secrets_of(schema)
    root = _Builder(document).build(schema, Place(secrets, required=True))
    root = replace(root, nullable=False)
    # what is found out of secrets is counted and kept for one form
    if not secrets.document.has_secrets:
        kept_trees.put(text, root, document)
    return root


class _Builder:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._shapes = Shapes(self, document)

    def build(self, schema: JSONValue, place: Place) -> FieldNode:
        """Make the node of a schema at its place."""
        try:
            flat = self._flat(schema, place)
            if flat.followed:
                again = flat.followed & place.around
                place = replace(
                    place,
                    around=place.around | flat.followed,
                    is_recursive=any(map(self._document.is_circular, again)),
                )
            return self._drawn(schema, flat, place)
        except NotPlain:
            words = annotations(schema, self._document)
            return self.node(Kind.JSON, schema, words, place)

    def _flat(self, schema: JSONValue, place: Place) -> Flat:
        if place.depth > MAX_DEPTH:
            raise NotPlain
        return flatten(schema, self._document, is_object=place.is_root)

    def _drawn(self, schema: JSONValue, flat: Flat, place: Place) -> FieldNode:
        words = flat.keywords
        options = options_of(flat, place.secrets, is_required=place.required)
        if options is not None:
            if any(any(place.secrets.paths_in(option.value)) for option in options):
                # which of them it is would say what the secret in it is
                place = replace(place, secrets=place.secrets.altogether)
            return self._choice(self.node(Kind.CHOICE, schema, words, place), flat, options)
        if "const" in words:
            node = self.node(Kind.FIXED, schema, words, place)
            return replace(node, constant=words["const"])
        is_object = place.is_root or (bool(flat.branches) and all(map(_is_object, flat.branches)))
        kind = Kind.GROUP if is_object else _kind(words)
        if kind is None or (flat.branches and "type" not in words and not is_object):
            return self._shapes.union(schema, flat, place)
        node = replace(self.node(kind, schema, words, place), nullable=flat.nullable)
        match kind:
            case Kind.GROUP:
                return self._group(node, schema, flat, place)
            case Kind.LIST:
                return self._list(node, flat, place)
            case _:
                return node

    def _choice(self, node: FieldNode, flat: Flat, options: tuple[Option, ...]) -> FieldNode:
        nullable = flat.nullable and all(option.value is not None for option in options)
        node = replace(node, options=options, nullable=nullable)
        only = options[0].value if len(options) == 1 and not nullable else ABSENT
        if only is True and not node.read_only:
            kind = Kind.CHOICE if node.secret else Kind.CONSENT
            return replace(node, kind=kind, constant=True)
        return replace(
            node, constant=flat.keywords.get("const", ABSENT) if not nullable else ABSENT
        )

    def node(self, kind: Kind, schema: JSONValue, words: JSONObject, place: Place) -> FieldNode:
        """Make a node with all that the keywords say of it, and nothing below it."""
        self._document.count_of_made += 1
        return FieldNode(
            kind=kind,
            key=place.key,
            pointer=place.pointer,
            title=str(words.get("title") or place.title),
            description=str(words.get("description", "")),
            required=place.required,
            schema=schema,
            secrets=place.secrets,
            is_typed="type" in words,
            read_only=words.get("readOnly") is True,
            is_recursive=place.is_recursive,
            default=words.get("default", ABSENT),
            format=str(words.get("format", "")),
            multiline=_is_multiline(words),
            placeholder="" if place.secrets.is_secret else _placeholder(words.get("examples")),
            constraints=_constraints(words, kind),
        )

    def _group(self, node: FieldNode, schema: JSONValue, flat: Flat, place: Place) -> FieldNode:
        if len(_list(flat.keywords.get("required"))) > MAX_REQUIRED:
            raise NotPlain
        further = flat.keywords.get("additionalProperties", ABSENT)
        invites = further not in (False, ABSENT) or bool(flat.keywords.get("patternProperties"))
        shape = ObjectShape(schema, flat, place, self._document, self.build)
        fields = bool({"properties", "required"} & flat.keywords.keys()) or shape.is_variable
        is_closed = flat.keywords.get("unevaluatedProperties") is False or (
            further is False and not flat.keywords.get("patternProperties")
        )
        if place.secrets.is_secret and not (fields and not shape.is_variable):
            raise NotPlain  # which fields there are would say something of the secret
        if not (fields or place.is_root or is_closed):
            return self._shapes.map(node, flat, place)
        has_extras = not (is_closed or place.secrets.is_secret)
        named = flat.keywords.get("properties") or flat.keywords.get("required")
        is_bare = place.is_root and not (named or shape.is_variable)
        may_add = invites or shape.may_be_several or is_bare
        return replace(
            node,
            shape=shape,
            extras=self._extras(flat, place) if has_extras else None,
            offers_extras=has_extras and may_add,
            invites_extras=has_extras and invites,
        )

    def _extras(self, flat: Flat, place: Place) -> FieldNode:
        words: JSONObject = {"title": "Further fields"}
        node = self.node(Kind.MAP, {"type": "object"}, words, replace(place, required=False))
        return self._shapes.map(replace(node, default=ABSENT), flat, place)

    def _list(self, node: FieldNode, flat: Flat, place: Place) -> FieldNode:
        items, prefix = flat.keywords.get("items", True), _list(flat.keywords.get("prefixItems"))
        lock = self._document.lock
        rest = place.at_entry(place.secrets.from_index(len(prefix)), "Entry")
        first = [
            place.at_entry(place.secrets.at_index(at), "Entry", str(at))
            for at in range(len(prefix))
        ]
        return replace(
            node,
            make_prefix=Lazy(lambda: tuple(map(self.build, prefix, first)), lock),
            make_item=None if items is False else Lazy(lambda: self.build(items, rest), lock),
        )


def _is_object(flat: Flat) -> bool:
    """Return True if a branch of a union describes an object."""
    if flat.branches and "type" not in flat.keywords:
        return all(map(_is_object, flat.branches))
    return _kind(flat.keywords) is Kind.GROUP


def _kind(words: JSONObject) -> Kind | None:
    """Tell what kind of field a plain schema without options is, None when no field fits."""
    named = words.get("type")
    if isinstance(named, str):
        return _KINDS.get(named)
    if named is not None:
        return None
    for keyword, kind in _TELLING.items():
        if keyword in words:
            return kind
    return None


_KINDS = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "object": Kind.GROUP,
    "array": Kind.LIST,
}
# A schema without `type` means one all the same by the keywords it uses.
_TELLING = {
    "properties": Kind.GROUP,
    "items": Kind.LIST,
    "minLength": Kind.TEXT,
    "maxLength": Kind.TEXT,
    "pattern": Kind.TEXT,
    "format": Kind.TEXT,
    "minimum": Kind.NUMBER,
    "maximum": Kind.NUMBER,
    "multipleOf": Kind.NUMBER,
}


def _is_multiline(words: JSONObject) -> bool:
    longest, default = words.get("maxLength"), words.get("default")
    return (
        (isinstance(longest, int) and longest > LONG_TEXT_CHARACTERS)
        or str(words.get("contentMediaType", "")).startswith("text/")
        or (isinstance(default, str) and ("\n" in default or "\r" in default))
    )


def _placeholder(examples: JSONValue) -> str:
    first = examples[0] if isinstance(examples, list) and examples else ""
    if isinstance(first, str):
        return first if "\n" not in first else ""
    return dump(first) if isinstance(first, int | float) and not isinstance(first, bool) else ""


def _constraints(words: JSONObject, kind: Kind) -> Constraints:
    least = _count(words.get("minContains"))
    low, above = _number(words.get("minimum")), _number(words.get("exclusiveMinimum"))
    high, below = _number(words.get("maximum")), _number(words.get("exclusiveMaximum"))
    is_above = above is not None and (low is None or above >= low)
    is_below = below is not None and (high is None or below <= high)
    low, high = (above if is_above else low), (below if is_below else high)
    if kind is Kind.INTEGER:  # more than 0.5 is at least 1
        low = floor(low) + 1 if is_above and low is not None else low
        high = ceil(high) - 1 if is_below and high is not None else high
        is_above = is_below = False
    return Constraints(
        minimum=low,
        maximum=high,
        is_above=is_above,
        is_below=is_below,
        multiple_of=_number(words.get("multipleOf")),
        min_length=_count(words.get("minLength")),
        max_length=_count(words.get("maxLength")),
        pattern=str(words.get("pattern", "")),
        min_items=_count(words.get("minItems")) or 0,
        max_items=_count(words.get("maxItems")),
        unique_items=words.get("uniqueItems") is True,
        contains=words.get("contains", ABSENT),
        min_contains=1 if least is None else least,
        max_contains=_count(words.get("maxContains")),
    )


def _number(value: JSONValue) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: JSONValue) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _list(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []
