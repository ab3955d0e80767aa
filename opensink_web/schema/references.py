"""What a `$ref` points at, within one document and whatever that embeds under an `$id` of its own.

Each schema has a base URI, that of the nearest `$id` around it, against which its references are
resolved (RFC 3986, section 5; JSON Schema Core, section 8.2). Nothing is fetched.
"""

from urllib.parse import unquote, urljoin, urlsplit

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.dialects import Dialect, dialect_of
from opensink_web.schema.subschemas import children

REFERENCE_KEYWORDS = ("$ref", "$dynamicRef", "$recursiveRef")
_ANCHOR_KEYWORDS = ("$anchor", "$dynamicAnchor")
_BASE = "schema://document/"
"""Of a document that names none."""
_MEANINGS_MAX = 20
"""How many a reference may have whose place is not known."""
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class References:
    """The ids and anchors of one schema document."""

    def __init__(self, root: JSONValue) -> None:
        self._dialect = dialect_of(root)
        self._bases: dict[int, str] = {}  # of each schema, by its identity: the root keeps it alive
        self._places: dict[str, dict[str, None]] = {}  # the bases at which a reference stands
        self._named: dict[str, JSONObject] = {}  # by URI, an anchor behind its #
        self._namesakes: set[str] = set()
        self._paths: dict[str, JSONValue] = {_BASE: root}
        self._register(root, _BASE)

    def is_local(self, reference: str, at: JSONValue) -> bool:
        """Return True if a reference of the schema `at` stays within what is here."""
        return all(uri in self._paths for uri, _ in self._readings(reference, at))

    def is_ambiguous(self, reference: str, at: JSONValue) -> bool:
        """Return True if several different schemas have the name that is referred to."""
        return any(
            uri in self._namesakes or f"{uri}#{fragment}" in self._namesakes
            for uri, fragment in self._readings(reference, at)
        )

    def resolve(self, reference: JSONValue, at: JSONValue = None) -> JSONValue:
        """Return the schema that a reference points at, None where there is none.

        `at` is the schema in which it stands. It may be left out, or be a copy: then the reference
        is resolved where it has one meaning all over the document, as nearly all have.
        """
        if not isinstance(reference, str) or self.is_ambiguous(reference, at):
            return None
        targets = [self._target(uri, fragment) for uri, fragment in self._readings(reference, at)]
        return targets[0] if len({id(target) for target in targets}) == 1 else None

    def base_of(self, schema: JSONObject) -> str:
        """Return the base URI of a schema of the document."""
        return self._bases.get(id(schema), _BASE)

    def targets(self, schema: JSONObject) -> list[JSONValue]:
        """Return what the references of a schema point at, None for each that leads nowhere."""
        return [self.resolve(schema[word], schema) for word in REFERENCE_KEYWORDS if word in schema]

    def _readings(self, reference: str, at: JSONValue) -> list[tuple[str, str]]:
        """Return the URI and the fragment that a reference may mean."""
        known = self._bases.get(id(at))
        bases = [known] if known is not None else list(self._places.get(reference, {_BASE: None}))
        if len(bases) > _MEANINGS_MAX:
            return []
        document, _, fragment = reference.partition("#")
        fragment = unquote(fragment)
        return [(_absolute(base, document), fragment) for base in bases]

    def _target(self, uri: str, fragment: str) -> JSONValue:
        if fragment and not fragment.startswith("/"):
            return self._named.get(f"{uri}#{fragment}")
        part, base = self._paths.get(uri), uri
        for step in fragment.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(part, dict) and key in part:
                part = part[key]
            elif isinstance(part, list) and key.isdecimal() and int(key) < len(part):
                part = part[int(key)]
            else:
                return None
            base = self._bases.get(id(part), base)
        if isinstance(part, dict) and id(part) not in self._bases:
            self._register(part, base)  # it stands where no keyword of the dialect holds a schema
        return part

    def _register(self, root: JSONValue, base: str) -> None:
        rest = [(root, base)]
        while rest:
            schema, base = rest.pop()
            if not isinstance(schema, dict):
                continue
            is_lone = self._dialect.has_lone_references and "$ref" in schema
            if not is_lone:
                base = self._with_own_names(schema, base)
            self._bases[id(schema)] = base
            for keyword in REFERENCE_KEYWORDS:
                if isinstance(schema.get(keyword), str):
                    self._places.setdefault(str(schema[keyword]), {})[base] = None
            rest.extend((child, base) for _, child in children(schema))

    def _with_own_names(self, schema: JSONObject, base: str) -> str:
        """Write down the id and the anchors of a schema, and return its base."""
        own = schema.get(self._dialect.id_keyword)
        if isinstance(own, str):
            document, _, fragment = own.partition("#")
            if document:
                base = _absolute(base, document)
                self._name(base, schema)
                self._paths[base] = schema
            if fragment:  # how an anchor was written until draft-07
                self._name(f"{base}#{unquote(fragment)}", schema)
        for keyword in _ANCHOR_KEYWORDS:
            anchor = schema.get(keyword)
            if isinstance(anchor, str) and self._dialect >= Dialect.DRAFT_2019_09:
                self._name(f"{base}#{anchor}", schema)
        return base

    def _name(self, uri: str, schema: JSONObject) -> None:
        # bundlers write the same part twice: it is the same, whichever is meant
        first = self._named.setdefault(uri, schema)
        # for == alone, true is 1
        if first is not schema and (first != schema or dump(first) != dump(schema)):
            self._namesakes.add(uri)


def _absolute(base: str, reference: str) -> str:
    """Resolve a reference without its fragment against a base URI (RFC 3986, section 5.2)."""
    if not reference:
        return base
    try:
        if urlsplit(reference).scheme:
            return _normal(reference)
        scheme, _, hierarchy = base.partition(":")
        if not hierarchy.startswith("/"):  # nothing is relative to an urn:
            return reference
        # urljoin() knows few schemes, and resolves alike in all that it knows
        joined = urljoin("http:" + hierarchy, reference)
        return _normal(scheme + joined.removeprefix("http"))
    except ValueError:  # such as an address in brackets that is none
        return reference


def _normal(uri: str) -> str:
    """Write a URI as others do that mean the same (RFC 3986, section 6.2.2)."""
    parts = urlsplit(uri)
    if not parts.netloc:
        return uri
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, "/"))
    path = urlsplit(urljoin("http://host/", parts.path or "/")).path
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{host}{path}{query}"
