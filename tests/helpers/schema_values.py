"""Values that a schema allows, drawn by hypothesis.

The library for this, hypothesis-jsonschema 0.23, does not work with the hypothesis of the locks.
"""

import jsonschema
from hypothesis import strategies as st

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.text("xyz", max_size=5),
    st.just([1]),
    st.just({}),
)


def values_of(node):
    """A strategy for the values that are valid by a schema without references."""
    if node is False:
        return st.nothing()
    if node is True:
        return ANYTHING
    if "enum" in node or "const" in node:
        drawn = st.sampled_from(node.get("enum", [node.get("const")]))
    elif "anyOf" in node:
        drawn = st.one_of(*(values_of(one) for one in node["anyOf"]))
    else:
        kinds = node.get(
            "type", ["string", "integer", "number", "null", "array", "object", "boolean"]
        )
        kinds = [kinds] if isinstance(kinds, str) else kinds
        drawn = st.one_of(*(_OF[kind](node) for kind in kinds))
    return drawn.filter(jsonschema.Draft202012Validator(node).is_valid)


def _texts(node):
    if "pattern" in node:
        return st.from_regex(node["pattern"])
    least = node.get("minLength", 0)
    return st.text("abcdé", min_size=least, max_size=max(least, node.get("maxLength", least + 4)))


def _numbers(node):
    least = node.get("minimum", -2)
    most = max(least, node.get("maximum", least + 9))
    return st.one_of(st.integers(least, most), st.floats(least, most))


def _arrays(node):
    least = node.get("minItems", 0)
    most = max(least, node.get("maxItems", least + 3))
    return st.lists(values_of(node.get("items", True)), min_size=least, max_size=most)


def _objects(node):
    members = node.get("properties", {})
    rest = values_of(node.get("additionalProperties", True))
    required = node.get("required", ())
    always = {name: values_of(members[name]) if name in members else rest for name in required}
    others = {name: values_of(one) for name, one in members.items() if name not in always}
    whole = st.fixed_dictionaries(always, optional=others)
    more = st.dictionaries(st.sampled_from(["new", "x", "y", "a"]), rest, max_size=2)
    return st.builds(lambda first, second: second | first, whole, more)


_OF = {
    "string": _texts,
    "integer": lambda node: _numbers(node).map(int),
    "number": _numbers,
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "array": _arrays,
    "object": _objects,
}
