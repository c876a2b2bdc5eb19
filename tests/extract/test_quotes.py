"""Texts are found in a body as `in` finds them."""

from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.model.quotes import quoted

ALPHABET = "ab \u00e9\u65e5😀"


@given(st.lists(st.text(ALPHABET, max_size=9), max_size=9), st.text(ALPHABET, max_size=60))
def test_texts_are_found_as_in_finds_them(texts: list[str], body: str) -> None:
    texts += [body[start : start + 7] for start in range(0, len(body), 11)]
    assert quoted(texts, body).tolist() == [text in body for text in texts]
