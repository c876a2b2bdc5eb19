"""The tokens of class names and ids: of many elements at once and one by one."""

from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.dom.serialised.scanned import block_list, scanned
from cleanwire.extract.model.class_names import Names, TabledNames, tokens_of, tokens_of_all

NAMES = st.text("abC -_:./0", max_size=60)
ATTRIBUTES = st.builds(
    lambda names, more: "".join(f' {key}="{value}"' for key, value in names.items()) + more,
    st.dictionaries(st.sampled_from(["class", "id", "role", "itemprop"]), NAMES),
    st.sampled_from(["", ' hidden=""', ' style="display: none"', ' style="color:red"']),
)


@given(st.lists(st.tuples(st.sampled_from(["div", "nav", "article"]), ATTRIBUTES)))
def test_the_tokens_of_many_elements_are_those_of_each(elements):
    each = {token for tag, attributes in elements for token in tokens_of(tag, attributes)}
    assert tokens_of_all(elements) == each


SHARES = {
    token: (share, gain)
    for token, share, gain in (
        *(("a", 0.1, -0.3), ("b", 0.8, 0.1), ("ab", 0.5, 0.0), ("<nav", 0.05, -0.4)),
        *(("=hidden", 0.02, -0.6), ("role=b", 0.3, 0.2), ("itemprop=articlebody", 0.97, 0.5)),
        *(("itemprop=a b", 0.4, -0.1), ("straße", 0.6, 0.3), ("role=", 0.45, -0.01)),
    )
}
VALUES = st.text("abABé \t-_:./ßx", max_size=30) | st.sampled_from(
    ("articleBody", "STRASSE", "Straße", "a " * 20 + "b", "x" * 199 + "b", "x" * 200 + " b", "true")
)
PAIRS = st.dictionaries(
    st.sampled_from(
        (
            "class",
            "id",
            "role",
            "itemprop",
            "aria-hidden",
            "area-hidden",
            "hidden",
            "data-class",
            "b",
        )
    ),
    VALUES,
    max_size=6,
)
STYLES = st.sampled_from(
    (None, "display:none", "display : none", "color:red", "display:block;x:none")
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("div", "nav", "p", "x-y", "article")), PAIRS, STYLES, st.booleans()
        ),
        max_size=12,
    )
)
def test_the_compiled_pass_says_what_python_says(elements):
    parts = []
    for tag, pairs, style, has_text in elements:
        written = "".join(f' {name}="{value}"' for name, value in pairs.items())
        if style:
            written += f' style="{style}"'
        parts.append(f"<{tag}{written}>{'x' if has_text else ''}</{tag}>")
    page = block_list(scanned(f"<body>{''.join(parts)}</body>", sheet_hides=False))
    expected, expected_styles = Names(SHARES.get).of(page)
    found, styles = TabledNames(SHARES).of(page)
    assert found.tolist() == expected.tolist()
    assert (styles[:, None] == styles).tolist() == (
        expected_styles[:, None] == expected_styles
    ).tolist()
