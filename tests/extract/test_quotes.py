"""Texts are found in a body as `in` finds them."""

import time

from hypothesis import given
from hypothesis import strategies as st

from cleanwire import native
from cleanwire.extract.model.quotes import quoted

ALPHABET = "ab \u00e9\u65e5😀"


@given(st.lists(st.text(ALPHABET, max_size=9), max_size=9), st.text(ALPHABET, max_size=60))
def test_texts_are_found_as_in_finds_them(texts: list[str], body: str) -> None:
    texts += [body[start : start + 7] for start in range(0, len(body), 11)]
    assert quoted(texts, body).tolist() == [text in body for text in texts]


def test_texts_that_begin_as_the_body_does_everywhere_take_bounded_time() -> None:
    native.require()
    texts, body = ["a" * 39 + "b"] * 20, "a" * 2_000_000
    began = time.process_time()
    assert not quoted(texts, body).any()
    assert quoted(texts, body + texts[0]).all()
    assert time.process_time() - began < 2
