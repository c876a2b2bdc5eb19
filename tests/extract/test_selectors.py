"""Selectors that can match are always kept; the others are left out."""

from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.dom.selectors import AttributeText

ALPHABET = st.sampled_from('abé日-/" \ud800')


@given(
    text=st.text(ALPHABET, max_size=40),
    times=st.sampled_from([1, 60]),
    needed=st.text(st.sampled_from('abé日-/" '), max_size=7),
)
def test_a_text_is_found_with_and_without_the_filter(text, times, needed):
    long = text * times
    assert AttributeText(long).holds(needed) == (needed in long)
    assert AttributeText(long + needed).holds(needed)


def test_the_selectors_that_can_match_are_joined_to_one():
    written = AttributeText(' class="byline" datetime="2026"' + " " * 2000)
    selectors = (("", "time"), ("byline", "[class*=byline]"), ("author", "[rel=author]"))
    assert written.selectors_present(selectors) == "time,[class*=byline]"
    assert AttributeText("").selectors_present(selectors[1:]) == ""
