"""The kinds of blocks, and blocks as Markdown."""

from selectolax.lexbor import LexborHTMLParser

from cleanwire import clean_page
from cleanwire.events import TextBlock
from cleanwire.extract.body.structure import markdown, structured
from cleanwire.extract.dom.blocks import read_html, read_lines


def kinds(body):
    page = read_html(LexborHTMLParser(body))
    return [
        (block.kind, block.level, block.text) for block in structured(page, list(range(len(page))))
    ]


def test_blocks_have_the_kinds_of_their_elements():
    assert kinds(
        "<h2>Head</h2><p>Text</p><ul><li>one</li><li><p>two</p></li></ul>"
        "<blockquote><p>said</p></blockquote><pre>a\n b</pre><dl><dt>t</dt><dd>d</dd></dl>"
    ) == [
        ("heading", 2, "Head"),
        ("paragraph", 0, "Text"),
        ("list-item", 0, "one"),
        ("list-item", 0, "two"),
        ("quote", 0, "said"),
        ("code", 0, "a\n b"),
        ("list-item", 0, "t"),
        ("list-item", 0, "d"),
    ]


def test_a_row_of_data_is_one_block_and_a_layout_table_is_not():
    data = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    assert kinds(data) == [("table-row", 0, "a | b"), ("table-row", 0, "1 | 2")]
    layout = "<table><tr><td><p>one</p><p>two</p></td><td>side</td></tr></table>"
    assert [kind for kind, _, _ in kinds(layout)] == ["paragraph"] * 3


def test_lines_with_bullets_are_list_items():
    page = read_lines(["• a", "b"])
    assert [block.kind for block in structured(page, [0, 1])] == ["list-item", "paragraph"]


def block(kind, text, level=0):
    return TextBlock(kind=kind, level=level, text=text)


def test_blocks_as_markdown():
    blocks = [
        block("heading", "Head", 2),
        block("paragraph", "2 * 3 < 7, see [1]"),
        block("list-item", "one"),
        block("list-item", "two"),
        block("quote", "said"),
        block("code", "a = `b`\n```"),
        block("table-row", "a | b"),
        block("table-row", "1 | 2"),
        block("paragraph", "# no heading"),
        block("paragraph", "1. no list"),
    ]
    assert markdown(blocks, title="Title") == (
        "# Title\n\n## Head\n\n2 \\* 3 \\< 7, see \\[1]\n\n- one\n- two\n\n> said\n\n"
        "````\na = `b`\n```\n````\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n"
        "\\# no heading\n\n1\\. no list\n"
    )
    assert markdown([]) == "\n"


def test_the_text_of_an_article_is_that_of_its_blocks():
    story = [
        "The old mill at the end of the valley turned again on Friday, four years after it stopped.",
        "Three hundred savers from the villages around had each bought a share for two hundred.",
    ]
    article = clean_page(
        f"<html><body><article><h1>Mill</h1><p>{story[0]}</p><h2>The savers</h2><p>{story[1]}</p>"
        "<ul><li>Eleven workers make four thousand sheets of paper a day, the owner said.</li>"
        "<li>The first orders came from the national archive and from a bookbinder.</li></ul>"
        "</article></body></html>"
    )
    assert [b.kind for b in article.blocks] == [
        "paragraph", "heading", "paragraph", "list-item", "list-item",
    ]  # fmt: skip
    assert article.text == "\n\n".join(b.text for b in article.blocks)


def test_code_keeps_its_lines_without_invisible_characters():
    article = clean_page(
        "<pre>first\n\tsecond\u202e line\u200b\x1b[31m</pre>",
        content_type="text/html",
        require_article=False,
    )
    assert [block.text for block in article.blocks] == ["first\n\tsecond line[31m"]
