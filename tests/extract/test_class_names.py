"""The tokens of class names and ids: of many elements at once and one by one."""

from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.model.class_names import tokens_of, tokens_of_all

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
