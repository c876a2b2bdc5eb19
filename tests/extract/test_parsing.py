"""How deep a page nests and how many attributes its elements have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire import clean_page, native
from cleanwire.errors import TooLarge
from cleanwire.extract.dom.parsing import MAX_ATTRIBUTES, MAX_DEPTH, extremes
from streams.testing.samples import sample_pages


def measured(html):
    return extremes(np.frombuffer(bytearray(html.encode()), np.uint8))


@pytest.mark.parametrize(
    ("html", "depth"),
    [
        ("", 0),
        ("text < 3 and > 2 &", 0),
        ("<div>" * 7, 7),
        ("<div></div>" * 7, 1),
        ("<DIV><Div></dIV></DIV>" * 7, 2),
        ("<p>x" * 7, 1),
        ("<p><span>x" * 7, 2),
        ("<ul>" + "<li>x" * 7, 2),
        ("<ul><li>" * 7, 14),
        ("<table>" + "<tr><td>x<td><font>y" * 7, 4),
        ("<table><tr><td>" * 7, 21),
        ("<dl>" + "<dt>x<dd>y" * 7, 2),
        ("<br><img><hr><input>" * 7, 0),
        ("<div></p></li></span>" * 7, 7),
        ("<b><div></b>" * 7, 8),
        ("<form><div></form>" * 7, 8),
        ("<div><table><tr><td></div>" * 7, 28),
        ("<section><span></section>" * 7, 2),
        ("<!-- <div><div> --><!--><div><!-- --!><div>", 2),
        ("<!doctype html><?x <div>?></ <div>><div>", 1),
        ("<script>'<div><div>' </scrip><div></script ><div>", 1),
        ("<title><div></TITLE><div>", 1),
        ("<svg><title><div><div></div></div></title></svg>", 3),
        ("<svg>" + "<g/>" * 7 + "</svg><div/><div/>", 2),
        ("<textarea><div>", 0),
        ("<div", 1),
    ],
)
def test_depth(html, depth):
    assert measured(html)[0] == depth


@pytest.mark.parametrize(
    ("html", "attributes"),
    [
        ("<p>", 0),
        ("<p a b=c d='>' e=\">\" f = g/h>", 5),
        ("<p =a='x' \" <>", 3),
        ("</p a b>", 2),
        ("<body a b><p><body c><html d>", 4),
        ("<p a='", 1),
        ("<!-- a b c -->", 0),
        ("a b c = d", 0),
    ],
)
def test_attributes(html, attributes):
    assert measured(html)[1] == attributes


@pytest.mark.parametrize(
    "unit", ["<div>", "<b id={}>", "<ul><li>", "<table><tr><td>", "<x>", "<nav>"]
)
def test_a_page_nested_too_deep_is_rejected_and_one_at_the_limit_is_not(unit):
    most = MAX_DEPTH // unit.count("<")
    assert measured(unit * most)[0] <= MAX_DEPTH
    with pytest.raises(TooLarge, match=str(MAX_DEPTH)):
        clean_page(unit * 1_000_000, content_type="text/html")
    linked = f'<script type="application/ld+json">{{"@type": "Article", "articleBody": "{unit * (MAX_DEPTH + 9)}</p>"}}</script>'
    with pytest.raises(TooLarge, match=str(MAX_DEPTH)):
        clean_page(linked + "<p>A body.</p>", content_type="text/html")


def test_too_many_attributes_are_rejected():
    many = " ".join(f"a{n}=1" for n in range(MAX_ATTRIBUTES + 1))
    with pytest.raises(TooLarge, match=f"more than {MAX_ATTRIBUTES} attributes"):
        clean_page(f"<p {many}>x", content_type="text/html")


def test_the_compiled_pass_gives_what_plain_python_gives():
    native.require()
    for sample in sample_pages():
        data = np.frombuffer(bytearray(sample.value), np.uint8)
        with np.errstate(over="ignore"):
            assert extremes.py_func(data) == extremes(data)


@given(st.text(st.sampled_from("<>/!-='\" abtdscriptvg\n"), max_size=200))
def test_any_text_has_a_depth(text):
    depth, attributes = measured(text)
    assert 0 <= depth <= text.count("<")
    assert 0 <= attributes <= len(text)
