"""The walk over a page: which blocks it has, and what is recorded of each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.errors import TooLarge
from cleanwire.extract.dom.blocks import MAX_BLOCKS, read_html, read_lines
from cleanwire.extract.dom.serialised.scanned import MAX_TAGS


def read(body, **options):
    return read_html(LexborHTMLParser(f"<html><body>{body}</body></html>"), **options)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("<p>One <b>bold</b>\n word</p><div>two</div>tail", ["One bold word", "two", "tail"]),
        ("<div>a<br>b</div>", ["a", "b"]),
        ("<p>a<br>b</p>", ["a b"]),
        ("<p>a<br><br>b</p>", ["a", "b"]),
        ("<p>1 &lt; 2 &amp;amp; 3&nbsp;&gt; 2</p>", ["1 < 2 &amp; 3 > 2"]),
        ("<p>a<!-- <p>no</p> -->b</p>", ["ab"]),
        ('<p title="a>b" data-x="<i>">kept</p>', ["kept"]),
        ('<p><a href="x"">stray quote</a></p><p>next</p>', ["stray quote", "next"]),
        ("<script>if (a<b) {}</script><style>p>a{}</style><p>seen</p>", ["seen"]),
        ("<xmp><p>raw</p></xmp><noembed><p>raw</p></noembed><p>seen</p>", ["seen"]),
        ("<my-element>own</my-element>", ["own"]),
        ("<table><tr><td>a</td><td>b</td></tr></table>", ["a", "b"]),
    ],
)
def test_markup_gives_these_blocks(body, texts):
    assert read(body).texts == texts


def test_links_and_bold_are_counted():
    page = read("<p>see <a href='/x'>here</a> and <b>now</b></p><p><a href='/y'>all</a></p>")
    assert page.linked == [4, 3]
    assert page.links == [1, 1]
    assert page.bold == [3, 0]


def test_the_blocks_of_an_element_are_one_run():
    page = read("<div id='a'><p>1</p><section><p>2</p><p>3</p></section></div><p>4</p>")
    held = {
        (tag, attributes): page.texts[start:end]
        for tag, attributes, start, end in zip(
            page.tags, page.attributes, page.starts, page.ends, strict=True
        )
    }
    assert held["div", ' id="a"'] == ["1", "2", "3"]
    assert held["section", ""] == ["2", "3"]
    assert held["body", ""] == ["1", "2", "3", "4"]
    assert [page.tags[element] for element in page.inside] == ["p"] * 4


def test_navigation_is_left_out_unless_the_whole_page_is_read():
    body = "<nav><p>menu</p></nav><p>story</p><footer>small print</footer>"
    page = read(body)
    assert page.texts == ["story"]
    assert page.pruned == 2
    assert read(body, whole=True).texts == ["menu", "story", "small print"]


def test_code_keeps_its_lines():
    page = read("<pre>a &lt; b\n  c</pre>")
    assert page.texts == ["a < b c"]
    assert page.raw == {0: "a < b\n  c"}


def test_lines_of_plain_text_are_blocks():
    page = read_lines(["  one  two ", "", "three"])
    assert page.flat
    assert page.texts == ["one two", "three"]


@pytest.mark.parametrize(
    ("markup", "texts"),
    [("<p>&nbsp</p>", []), ("<p>a &nbsp; b</p>", ["a b"]), ("<p>a&lt;&nbsp;</p>", ["a<"])],
)
def test_escapes_are_replaced_before_blanks_are_squeezed(markup, texts):
    assert read_html(LexborHTMLParser(markup)).texts == texts


@settings(max_examples=200)
@given(st.text(alphabet="<>/=\"' &;!-abpdivtrulispan\n", max_size=300))
def test_any_markup_gives_nested_runs_of_blocks(markup):
    page = read_html(LexborHTMLParser(markup))
    count = len(page)
    assert len(page.linked) == len(page.inside) == len(page.links) == len(page.bold) == count
    assert all(text and text == " ".join(text.split()) for text in page.texts)
    assert page.ends[0] == count
    for element in range(1, len(page.tags)):
        parent = page.parents[element]
        assert 0 <= parent < element
        assert page.starts[parent] <= page.starts[element] <= page.ends[element]
        assert page.ends[element] <= page.ends[parent]
    for place, element in enumerate(page.inside):
        assert page.starts[element] <= place < page.ends[element]


def test_a_page_with_too_many_blocks_or_tags_is_rejected():
    with pytest.raises(TooLarge, match=f"more than {MAX_BLOCKS}"):
        read("x<hr>" * (MAX_BLOCKS + 1))
    with pytest.raises(TooLarge, match=f"{MAX_BLOCKS + 1} blocks"):
        read_lines(["x"] * (MAX_BLOCKS + 1))
    with pytest.raises(TooLarge, match=f"{MAX_TAGS} tags"):
        read("".join(f"<p><i x{n}>x</p>" for n in range(1100)))
    assert len(read_lines(["x"] * MAX_BLOCKS)) == MAX_BLOCKS
