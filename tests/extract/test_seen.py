"""The text of a story that a reader sees is published, and no other: tables of constructs."""

import pytest

from cleanwire import clean_page

STORY = (
    (
        """
The council of Varnholm decided on Monday to rebuild the old weir above the paper mill, which
the spring flood had torn open over a length of forty metres.

Until then the mill takes its water from a pipe that the fire brigade laid across the meadow,
and works only four days a week, its owner told the meeting.

“We have lost two contracts already, and the third customer wants an answer by Friday,” she
said. “Nobody can run a mill with a garden hose.”

The work is to cost about nine hundred thousand crowns, of which the province pays a third. A
firm from the coast begins in September, when the river is at its lowest.

Anglers had asked for a ladder for the trout, and the council agreed: it adds six weeks and
sixty thousand crowns to the plan, which most members found acceptable.
"""
    )
    .strip()
    .split("\n\n")
)
STORY = [" ".join(text.split()) for text in STORY]
PARAGRAPHS = [f"<p>{text}</p>" for text in STORY]
TALK = [
    "I walked past there yesterday and nobody was working, as always.",
    "My grandfather built that weir with his own hands, what a shame.",
    "Why does the province pay for a private mill at all, I wonder.",
    "The trout never needed a ladder before, and they were bigger.",
]


def page(*parts, head="", attributes=""):
    """A page whose article has two paragraphs, the parts, and three paragraphs more."""
    inner = "".join([*PARAGRAPHS[:2], *parts, *PARAGRAPHS[2:]])
    return whole(f"<article><h1>Varnholm rebuilds its weir</h1>{inner}</article>", head, attributes)


def whole(body, head="", attributes=""):
    return (
        f"<!DOCTYPE html><html lang=en><head><title>Varnholm rebuilds its weir</title>{head}</head>"
        f"<body {attributes}><header><a href=/>Varnholm Post</a></header><main>{body}</main>"
        "<aside><h3>Most read</h3><ul><li><a href=/a>Bridge closed for a week</a></li></ul></aside>"
        "</body></html>"
    )


def text_of(html):
    return clean_page(html, url="https://post.example/news/weir").text


def blocks_of(html, kind):
    return [block.text for block in clean_page(html).blocks if block.kind == kind]


def has_story(text):
    return all(paragraph in text for paragraph in STORY)


@pytest.mark.parametrize(
    ("markup", "line"),
    [
        ("a hall of 100<sup>2</sup> metres", "a hall of 100² metres"),
        ("10<sup>-3</sup> grams", "10⁻³ grams"),
        ("10<sup>−3</sup> grams", "10⁻³ grams"),
        ("2<sup>10</sup> cells", "2¹⁰ cells"),
        ("10<sub>2</sub> is two", "10₂ is two"),
        ("3<sup>1</sup>/<sub>2</sub> years", "3¹/₂ years"),
        ("2<sup>x</sup> grows", "2^x grows"),
        ("2<sup>n+1</sup> grows", "2ⁿ⁺¹ grows"),
        ("2<sup>74,207,281</sup> is large", "2^74,207,281 is large"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("le 1<sup>er</sup> mai", "le 1er mai"),
        ("the 22<sup>nd</sup> time", "the 22nd time"),
        ("40 m<sup>2</sup> of floor", "40 m² of floor"),
        ("H<sub>2</sub>O and CO<sub>2</sub>", "H2O and CO2"),
        ("E = mc<sup>2</sup> again", "E = mc² again"),
        ("(a + b)<sup>2</sup> is", "(a + b)² is"),
        ('the flood<sup><a href="#fn1">1</a></sup> came', "the flood came"),
        ('in 2024<sup><a href="#fn1">12</a></sup> it', "in 2024 it"),
        ('in 2024<a href="#fn1"><sup>12</sup></a> it', "in 2024 it"),
        ('the flood<sup id="r"><a href="#n"><span>[</span>3<span>]</span></a></sup> came', "the flood came"),
        ("the flood<sup>[12]</sup> came", "the flood came"),
        ("on Monday.<sup>4</sup> Then", "on Monday. Then"),
        ("in 2024<sup>1</sup> it", "in 2024¹ it"),
        ("Acme<sup>®</sup> and 5<sup>TM</sup>", "Acme® and 5TM"),
        ("<sup>14</sup>C was found", "¹⁴C was found"),
        ("古い<ruby>堰<rp>(</rp><rt>せき</rt><rp>)</rp></ruby>を直す", "古い堰を直す"),
        ("古い<ruby>堰<rt>せき</ruby>を直す", "古い堰を直す"),
        ("<ruby><rb>堰</rb><rtc><rt>せき</rt></rtc></ruby>を直す", "堰を直す"),
        ("the <x-place>old weir</x-place> broke", "the old weir broke"),
        ("<my-widget>Varnholm</my-widget>, Monday", "Varnholm, Monday"),
        ("the <foo>old</foo> <bar>weir</bar> <baz>broke</baz>", "the old weir broke"),
        ("the weir<o:p></o:p> broke", "the weir broke"),
        ("we<x-hint></x-hint>ir", "weir"),
        ("the <span hidden>cheap pills</span>weir", "the weir"),
        ("the <span style='display: none !important'>cheap pills</span>weir", "the weir"),
        ("the <b style='font-size:0'>cheap pills</b>weir", "the weir"),
        ("the <i style='position:absolute;left:-9999px'>cheap pills</i>weir", "the weir"),
        ("the <i style='font-size:0.9em'>old</i> weir", "the old weir"),
        ("the <i style='margin-left:-2px'>old</i> weir", "the old weir"),
        ("the <span aria-hidden=true>old</span> weir", "the old weir"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("tag", ["p", "div"])
def test_inline_elements_are_rewritten(tag, markup, line):
    text = text_of(page(f"<{tag}>He said that {markup} when they met at the mill.</{tag}>"))
    assert f"He said that {line} when they met at the mill." in text
    assert has_story(text)


@pytest.mark.parametrize(
    ("hidden", "head"),
    [
        ("<p hidden>{}</p>", ""),
        ("<div hidden><p>{}</p></div>", ""),
        ("<p style='display:none'>{}</p>", ""),
        ("<p style='color:red; DISPLAY : NONE'>{}</p>", ""),
        ("<p style='visibility:hidden'>{}</p>", ""),
        ("<p style='font-size:0px'>{}</p>", ""),
        ("<p style='position:absolute; left:-5000px'>{}</p>", ""),
        ("<p style='text-indent:-9999px'>{}</p>", ""),
        ("<p style='position:absolute;clip:rect(0,0,0,0)'>{}</p>", ""),
        ("<p class='a x9'>{}</p>", "<style>.x9{display:none}</style>"),
        ("<p class='x9'>{}</p>", "<style>p.x9 { color: red; display: none !important }</style>"),
        ("<p id=x9>{}</p>", "<style>h1{color:red} #y, #x9{display:none}</style>"),
        ("<div id=x9><p>{}</p></div>", "<style>#x9, .y { display : none; }</style>"),
        ("<p class='x9'>{}</p>", "<style>/* a */ .x9{display:none}\n@media print{.b{display:none}}</style>"),
        ("<p>In <span class=x9>{}</span> town.</p>", "<style>.x9{display:none}</style>"),
    ],
)  # fmt: skip
def test_hidden_text_is_excluded(hidden, head):
    text = text_of(page(hidden.format("Buy cheap pills at our secret store today."), head=head))
    assert "cheap pills" not in text
    assert has_story(text)


@pytest.mark.parametrize(
    ("shown", "head"),
    [
        ("<p class=x9>{}</p>", "<style>@media print{.x9{display:none}}</style>"),
        ("<p class=x9>{}</p>", "<style>.x9{display:none} .js .x9{display:block}</style>"),
        ("<p class=x9>{}</p>", "<style>.x99{display:none}</style>"),
        ("<p class=x9>{}</p>", "<style>div.x9{display:none}</style>"),
        ("<p class=x9>{}</p>", "<style>.menu .x9{display:none}</style>"),
        ("<p class=x9>{}</p>", "<style media=print>.x9{display:none}</style>"),
        ("<p class=x9>{}</p>", "<noscript><style>.x9{display:none}</style></noscript>"),
        ("<p hidden=until-found>{}</p>", ""),
        ("<div hidden id=S:1><p>{}</p></div>", ""),
        ("<p style='opacity:0'>{}</p>", ""),
        ("<div aria-hidden=true><p>{}</p></div>", ""),
    ],
)
def test_text_that_is_shown_is_kept(shown, head):
    more = "The mayor thanked the fire brigade, which had worked for three nights in the rain."
    text = text_of(page(shown.format(more), head=head))
    assert more in text
    assert has_story(text)


@pytest.mark.parametrize("how", ["hidden", "style='display:none'", "class=fold"])
def test_hidden_text_that_is_most_of_the_story_is_kept(how):
    html = whole(
        f"<article><h1>Weir</h1>{PARAGRAPHS[0]}<div {how}>{''.join(PARAGRAPHS[1:])}</div></article>",
        "<style>.fold{display:none}</style>",
    )
    assert has_story(text_of(html))


@pytest.mark.parametrize(
    "section",
    [
        "<section id=comments>{}</section>",
        "<div class='comments-area'>{}</div>",
        "<div class='post-comments'>{}</div>",
        "<div class='commentsSection'>{}</div>",
        "<div id=disqus_thread>{}</div>",
        "<details class=CommentBox>{}</details>",
        "<div id=kommentare>{}</div>",
        "<div class=article-kommentarer>{}</div>",
        "<div class='liste-commentaires'><h2>Vos commentaires</h2>{}</div>",
        "<div id=comentarios>{}</div>",
        "<div class=commenti>{}</div>",
        "<div class=komentarze>{}</div>",
        "<div class=reacties>{}</div>",
        "<div id=yorumlar>{}</div>",
        "<div class='комментарии'>{}</div>",
        "<div class='コメント'>{}</div>",
        "<div id='评论'>{}</div>",
        "<div class=留言>{}</div>",
        "<div class=댓글>{}</div>",
        "<div class=댓글-목록>{}</div>",
        "<div class=talk aria-label=Comments>{}</div>",
        "<h3>4 Comments</h3><div>{}</div>",
        "<h2>Kommentare (4)</h2>{}",
        "<div><h3>4 comentarios</h3></div><div>{}</div>",
        "<div class=discussion>{}</div>",
        "<div class=responses>{}</div>",
    ],
)
@pytest.mark.parametrize(
    "item",
    [
        "<div class=comment><span class=author>Ada B.</span><p>{}</p></div>",
        "<li class='comment even depth-1'><p>{}</p></li>",
    ],
)
@pytest.mark.parametrize("times", [1, 6])
def test_comments_are_excluded(section, item, times):
    items = "".join(item.format(f"{text} {times}") for text in TALK) * times
    html = whole(f"<article><h1>Weir</h1>{''.join(PARAGRAPHS)}{section.format(items)}</article>")
    text = text_of(html)
    assert has_story(text)
    assert not [part for part in TALK if part in text]


@pytest.mark.parametrize(
    "html",
    [
        whole(f"<div id=comments><h1>Weir</h1>{''.join(PARAGRAPHS)}</div>"),
        whole(f"<div class=comments>{''.join(PARAGRAPHS)}</div>"),
        whole(f"<article class='post comment'><h1>Weir</h1>{''.join(PARAGRAPHS)}</article>"),
        whole(f"<article class='comment has-comments comments-open'><h1>Weir</h1>{''.join(PARAGRAPHS)}</article>"),
        whole(f"<article><h1>Weir</h1>{''.join(PARAGRAPHS)}</article>", attributes="class='single comment comments-open'"),
        whole(f"<article><h1>Weir</h1><h4>3 Comments</h4>{''.join(PARAGRAPHS)}</article>"),
        whole(f"<article><h1>Weir</h1>{''.join(PARAGRAPHS[:3])}<h2>Comments</h2>{''.join(PARAGRAPHS[3:])}</article>"),
        whole(f"<article><h1>Weir</h1>{''.join(PARAGRAPHS[:3])}<section id=discussion><h2>Discussion</h2>{''.join(PARAGRAPHS[3:])}</section></article>"),
        page("<div class=commentary><p>The engineer's commentary fills nine pages and has no pictures.</p></div>"),
        page("<p class=no-comments>Nobody in the hall wanted to say a word about it afterwards.</p>"),
    ],
)  # fmt: skip
def test_a_name_alone_excludes_nothing(html):
    assert has_story(text_of(html))


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><td></td><td>2025</td><td>2026</td></tr><tr><td>Water</td><td></td><td>12</td></tr><tr><td>Fish</td><td>3</td><td></td></tr>",
         ["|2025|2026", "Water||12", "Fish|3|"]),
        ("<thead><tr><th></th><th>2025</th></tr></thead><tbody><tr><th>Water</th><td>7</td></tr></tbody>", ["|2025", "Water|7"]),
        ("<tr><td>a</td><td colspan=2>b</td><td>c</td></tr><tr><td>1</td><td>2</td><td>3</td><td>4</td></tr>", ["a|b||c", "1|2|3|4"]),
        ("<tr><td rowspan=2>a</td><td>b</td><td>c</td></tr><tr><td>d</td><td>e</td></tr>", ["a|b|c", "|d|e"]),
        ("<tr><td>a</td><td rowspan=2>b</td></tr><tr><td>c</td></tr>", ["a|b"]),
        ("<tr><td>a<br>b</td><td>c</td></tr><tr><td>&nbsp;</td><td>d</td></tr>", ["a b|c", "|d"]),
        ("<tr><td>a</td><td colspan=x>b</td></tr>", ["a|b"]),
    ],
)  # fmt: skip
def test_a_value_of_a_table_is_in_its_column(table, rows):
    found = blocks_of(page(f"<table>{table}</table>"), "table-row")
    assert [row.replace(" ", "").replace("ab|", "a b|") for row in found] == rows


def test_a_layout_table_has_no_rows_of_data():
    table = "".join(f"<tr><td></td><td>{text}</td></tr>" for text in STORY)
    article = clean_page(whole(f"<h1>Weir</h1><table>{table}</table>"))
    assert [block.text for block in article.blocks if block.kind == "paragraph"] == STORY


def test_a_line_break_makes_no_second_item_or_heading():
    html = page(
        "<ul><li>Coal<br>wharf</li><li>North <b>pier</b><br/>closed</li><li>Mill<br><br>pond</li></ul>"
        "<h2>What<br>next</h2>"
    )
    assert blocks_of(html, "list-item") == ["Coal wharf", "North pier closed", "Mill pond"]
    assert blocks_of(html, "heading") == ["What next"]


@pytest.mark.parametrize("blank", ["&nbsp;", "&#160;", " &nbsp; ", " ", "<b>&nbsp;</b>"])
@pytest.mark.parametrize("tag", ["p", "div"])
def test_a_blank_line_ends_a_paragraph(tag, blank):
    html = whole(f"<h1>Weir</h1><{tag}>" + f"<br>{blank}<br>".join(STORY) + f"</{tag}>")
    assert blocks_of(html, "paragraph") == STORY


def wrapped(text, width=72):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


@pytest.mark.parametrize(
    "html",
    [
        whole("<h1>Weir</h1><div>" + "<br><br>".join("<br>".join(wrapped(text)) for text in STORY) + "</div>"),
        whole("<h1>Weir</h1><pre>" + "\n\n".join("\n".join(wrapped(text)) for text in STORY) + "</pre>"),
    ],
)  # fmt: skip
def test_hard_wrapped_lines_are_joined_to_paragraphs(html):
    assert blocks_of(html, "paragraph") == STORY


@pytest.mark.parametrize("width", [60, 72, 78])
def test_hard_wrapped_lines_of_a_plain_text_page_are_joined_to_paragraphs(width):
    lines = ["Home", "News", "", "Varnholm rebuilds its weir", ""]
    for text in STORY:
        lines += [*wrapped(text, width), ""]
    lines += ["A link with a very long address that no page of that width would have had in it: https://a.example/", ""]  # fmt: skip
    article = clean_page("\n".join(lines), content_type="text/plain")
    assert [block.text for block in article.blocks][: len(STORY)] == STORY


def test_verses_keep_their_lines():
    verses = [
        "The mill is still, the weir is gone,",
        "the river runs as it has run,",
        "and no one asks",
    ]
    text = text_of(page(f"<div>{'<br>'.join(verses)}</div>"))
    assert verses[0] + " " + verses[1] not in text


@pytest.mark.parametrize(
    "attribute", ["shadowrootmode=open", "shadowrootmode='closed'", "shadowroot=open"]
)
def test_the_content_of_shadow_roots_is_read(attribute):
    html = page(
        f"<x-lead><template {attribute}><style>p{{color:red}}</style><h2>The plan</h2><slot name=t></slot>"
        "<p>It was drawn by an engineer who had lived in the valley for thirty years.</p></template>"
        "<p slot=t>The plan lay on the table of the town hall for all to see that week.</p></x-lead>"
    )
    text = text_of(html)
    assert has_story(text)
    places = [
        text.index(part) for part in (STORY[1], "The plan\n", "town hall", "engineer who", STORY[2])
    ]
    assert places == sorted(places)


def test_noscript_is_read_if_the_page_has_no_other_story():
    inner = "".join(PARAGRAPHS)
    html = whole(
        f"<h1>Weir</h1><div id=app>Loading</div><noscript><article>{inner}</article></noscript>"
    )
    assert has_story(text_of(html))
    note = "<noscript><p>Please enable JavaScript in your browser to read on, dear reader.</p></noscript>"
    assert "JavaScript" not in text_of(page(note))


@pytest.mark.parametrize(
    ("markup", "headings"),
    [
        (
            "<h3><button aria-expanded=false>What about the fish?</button></h3>",
            ["What about the fish?"],
        ),
        (
            "<h3><span><button>What about <i>the</i> fish?<svg></svg></button></span></h3>",
            ["What about the fish?"],
        ),
        (
            "<button class=acc><h3>What about the fish?</h3><svg></svg></button>",
            ["What about the fish?"],
        ),
        ("<button><span><h3>What about the fish?</h3></span></button>", ["What about the fish?"]),
        ("<h3>The fish <button>Share</button></h3>", ["The fish"]),
    ],
)
def test_headings_in_buttons_are_kept(markup, headings):
    html = page(f"{markup}<p>They get a ladder of stone with eleven basins, the engineer said.</p>")
    assert blocks_of(html, "heading") == headings
    assert "Share" not in text_of(html)


@pytest.mark.parametrize(
    "html",
    [
        whole("<h1>Weir</h1>" + "".join(f"<div class={c}>{''.join(PARAGRAPHS)}</div>" for c in ("phone", "desktop"))),
        whole("<h1>Weir</h1>" + "".join(f"<div class=a>{p}</div><div class=b>{p}</div>" for p in PARAGRAPHS)),
        whole("<h1>Weir</h1>" + "".join(f"<div class={c}><div>{''.join(PARAGRAPHS[:2])}</div></div>" for c in "ab") + "".join(PARAGRAPHS[2:])),
    ],
)  # fmt: skip
def test_the_second_copy_of_a_run_is_excluded(html):
    text = text_of(html)
    assert [text.count(paragraph) for paragraph in STORY] == [1] * len(STORY)


def test_a_refrain_and_a_quotation_are_kept():
    refrain = "<p>Turn, old wheel, turn.</p><p>The water has no time for us.</p>"
    text = text_of(page(f"<div>{refrain}</div>", PARAGRAPHS[2], f"<div>{refrain}</div>"))
    assert text.count("Turn, old wheel, turn.") == 2
    quote = "<blockquote>Nobody can run a mill with a garden hose.</blockquote>"
    assert text_of(page(quote, PARAGRAPHS[3], quote)).count("a garden hose.") == 3
