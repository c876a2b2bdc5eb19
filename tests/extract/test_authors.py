"""The names of people in data, bylines and elements of pages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.metadata.authors.byline_ends import without_other_roles, without_tail
from cleanwire.extract.metadata.authors.line_authors import authors_at_end, authors_in_lines
from cleanwire.extract.metadata.authors.person_names import names
from cleanwire.extract.metadata.metadata import read_metadata, with_elements


def read(head="", body="", url="https://valley.example/news/mill", lang="en"):
    tree = LexborHTMLParser(f"<html lang='{lang}'><head>{head}</head><body>{body}</body></html>")
    metadata = read_metadata(tree, url)
    return with_elements(metadata, tree, read_html(tree), url)


def data(node):
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def person(name):
    return data({"@type": "NewsArticle", "author": {"@type": "Person", "name": name}})


@pytest.mark.parametrize(
    ("name", "authors"),
    [
        ("Robert F. Kennedy, Jr.", ("Robert F. Kennedy, Jr.",)),
        ("Ada Quill, MD", ("Ada Quill, MD",)),
        ("Martin Luther King III", ("Martin Luther King III",)),
        ("Di Wang", ("Di Wang",)),
        ("Da Chen", ("Da Chen",)),
        ("Von Miller", ("Von Miller",)),
        ("Par Anders", ("Par Anders",)),
        ("Por Nopporn", ("Por Nopporn",)),
        ("By Larsen", ("By Larsen",)),
        ("By Ada Quill", ("Ada Quill",)),
        ("José Ortega y Gasset", ("José Ortega y Gasset",)),
        ("Josep Puig i Cadafalch", ("Josep Puig i Cadafalch",)),
        ("María García y Juan Pérez", ("María García", "Juan Pérez")),
        ("Quill, Ada", ("Ada Quill",)),
        ("van Dyke, Ada", ("Ada van Dyke",)),
        ("Ada Quill, CNN", ("Ada Quill",)),
        ("Ada Quill, Business Columnist", ("Ada Quill",)),
        ("Ada Quill, Valley Courier", ("Ada Quill",)),
        ("Thomas More", ("Thomas More",)),
        ("Jimmy Page", ("Jimmy Page",)),
        ("Christopher Guest", ("Christopher Guest",)),
        ("Tom By", ("Tom By",)),
        ("Min Jin Lee", ("Min Jin Lee",)),
        ("Ada Quill Staff Writer", ("Ada Quill",)),
        ("Ada Quill For The Valley Courier", ("Ada Quill",)),
        ("Guest author: Ada Quill", ("Ada Quill",)),
        ("Tidewater feed", ()),
        ("Valley Example", ()),
        ("Tidewater Editorial Team", ()),
        ("Staff Writer", ()),
        ("Guest Author", ()),
        ("Read More", ()),
        ("5 min read", ()),
        ("Follow", ()),
        ("Share", ()),
        ("CNN", ()),
        ("Front Page", ()),
        ("作者：张三", ("张三",)),
        ("记者 张三", ("张三",)),
        # The character for a writer is a common one in names.
        ("李文亮", ("李文亮",)),
        ("吉田文", ("吉田文",)),
        ("林文郎", ("林文郎",)),
        ("文", ()),
        ("著名记者", ()),
        ("责任编辑：李四", ()),
        ("홍길동 기자", ("홍길동",)),
    ],
)
def test_one_person_is_one_author(name, authors):
    found = read(person(name))
    assert found.authors == authors


def test_a_word_that_means_by_in_the_language_of_the_page_is_no_name():
    assert read(person("Von Ada Quill"), lang="de").authors == ("Ada Quill",)
    assert read(body="<span class=author>von Ramona Ek</span>", lang="de").authors == ("Ramona Ek",)


def test_citation_metas_are_one_author_each():
    head = "".join(
        f"<meta name=citation_author content='{name}'>" for name in ("Quill, Ada", "Lund, Bo")
    )
    assert read(head).authors == ("Ada Quill", "Bo Lund")


@pytest.mark.parametrize(
    ("body", "authors"),
    [
        ("<p><a class=author href=/1>Ada Quill</a>, <a class=author href=/2>Bo Lund</a></p>",
         ("Ada Quill", "Bo Lund")),
        ("<ul><li><a rel=author href=/1>Ada Quill</a><li><a rel=author href=/2>Bo Lund</a></ul>",
         ("Ada Quill", "Bo Lund")),
        ("<p>By <b itemprop=author>Ada Quill</b> and <b itemprop=author>Bo Lund</b></p>",
         ("Ada Quill", "Bo Lund")),
        ("<div class=byline><span>Ada Quill</span><span>Business Columnist</span></div>", ("Ada Quill",)),
        ("<p class=by>Ada Quill</p>", ("Ada Quill",)),
        ("<p class=post-by>Ada Quill</p>", ("Ada Quill",)),
        ("<p class=baby-names>Ada Quill</p>", ()),
        ("<p class=port-authority>Ada Quill</p>", ()),
        ("<div class=Responsive><p class=author>Ada Quill</p></div>", ("Ada Quill",)),
        ("<div class=author-bio><p class=author>Ada Quill</p></div>", ()),
        ("<article><p>Text.</p><footer class=entry-footer>By <a rel=author href=/1>Ada Quill</a></footer></article>",
         ("Ada Quill",)),
        ("<article><nav><span class=byline>By Ada Quill</span></nav><p>Text.</p></article>", ("Ada Quill",)),
        ("<article><header><p class=byline>By Ada Quill</p></header></article>", ("Ada Quill",)),
        ("<footer><span class=author>Ada Quill</span></footer>", ()),
        ("<article><footer><address>Ada Quill Street</address></footer></article>", ()),
        ("<section><p class=author>Ada Quill</p></section>" + "<section><p>" + "Long text. " * 40
         + "</p><p class=author>Otto Other</p></section>", ("Ada Quill",)),
    ],
)  # fmt: skip
def test_authors_in_elements(body, authors):
    assert read(body=body).authors == authors


@pytest.mark.parametrize(
    ("byline", "authors"),
    [
        ("文/张三", ("张三",)),
        ("本报记者 张三 李四", ("张三", "李四")),
        ("（记者 张三 编辑 李四）", ("张三",)),
        ("記者張三／台北報導", ("張三",)),
        ("責任編輯：李四", ()),
        ("执笔 来源：新华社", ()),
        ("執筆：山田 太郎", ("山田 太郎",)),
        ("文＝山田太郎", ("山田太郎",)),
        ("作者：李文亮", ("李文亮",)),
        ("기자 홍길동", ("홍길동",)),
        ("홍길동·김철수 기자", ("홍길동", "김철수")),
        ("사진 기자", ()),
    ],
)
def test_eastern_bylines(byline, authors):
    assert names([byline]) == authors


@pytest.mark.parametrize(
    "author",
    [
        {"@type": "Person", "name": {"@type": "Person", "name": "Ada Quill"}},
        {"@type": "Person", "givenName": "Ada", "familyName": "Quill"},
        [{"@type": "Person", "name": ["Ada Quill"]}],
    ],
)
def test_a_name_that_is_an_object_or_in_parts(author):
    node = {"@type": "NewsArticle", "author": author}
    assert read(data(node)).authors == ("Ada Quill",)


def test_suffixes_among_several_authors():
    assert names(["Joe Lund, Sr, Ada Quill, MD"]) == ("Joe Lund, Sr", "Ada Quill, MD")


@pytest.mark.parametrize(
    ("body", "authors"),
    [
        # A role, the reviewer or the translator stands beside the name.
        ("<div class=author><h3>Ada Quill</h3><p>Ferry Engineer</p></div>", ("Ada Quill",)),
        (("<p class=byline>By <a href=/author/ada-quill/>Ada Quill</a>. Medically reviewed by "
         "<a href=/author/bo-lund/>Bo Lund</a></p>"), ("Ada Quill",)),
        (("<p>Reviewed by <a rel=author href=/1>Bo Lund</a></p>"
         "<p>By <a rel=author href=/2>Ada Quill</a></p>"), ("Ada Quill",)),
        ("<span class=author>Ada Quill, translated by Bo Lund</span>", ("Ada Quill",)),
        # One word is a name if the address of the author's page has it too.
        ("<div class=author><a href=https://tide.example/author/ada/>Ada</a></div>", ("Ada",)),
        ("<div class=author><a href=https://tide.example/author/all/>Ferries</a></div>", ()),
        # Words of the interface.
        ("<span class=author>See all</span>", ()),
        ("<span class=author>Latest stories</span>", ()),
        ("<span class=author>Alle Beiträge</span>", ()),
        ("<span class=author>設定</span>", ()),
        ("<span class=author>登录</span>", ()),
        ("<p class=author>Ada Quill <a href=mailto:a>Email the author</a> ada@tide.example</p>", ("Ada Quill",)),
        ("<p class='pb-sig-line hasnt-bio'><span class=pb-byline>By Ada Quill</span></p>", ("Ada Quill",)),
        ("<p class='has-bio author-bio'><span class=author>By Ada Quill</span></p>", ()),
        ("<p>Of <a href=/people/ada-quill>Ada</a> and others</p>", ()),
        ("<span class=author>Ada Quill and Bo Lund</span>", ("Ada Quill", "Bo Lund")),
        ("<span class=author>Von Ada Quill und Bo Lund</span>", ("Ada Quill", "Bo Lund")),
        ("<span class=authorSeeLink>作者： Ada Quill 翻訳者 山田 太郎</span>", ("Ada Quill",)),
        ("<div class=author>文●山田太郎</div>", ("山田太郎",)),
        ("<div class=author>著者：山田太郎　訳者：佐藤花子</div>", ("山田太郎",)),
    ],
)  # fmt: skip
def test_who_is_not_the_writer_is_left_out(body, authors):
    assert read(body=body).authors == authors


@pytest.mark.parametrize(
    ("head", "body", "authors"),
    [
        ("<meta name=author content='Tidewater House'><meta name=copyright content='© 2031 Tidewater House Ltd'>",
         "<p class=byline>By Ada Quill</p>", ("Ada Quill",)),
        ("<meta name=author content=Valley><meta name=x content=y>",
         "<p class=byline>By Ada Quill</p>", ("Ada Quill",)),
        ("<meta property=og:site_name content='Tide Daily'>",
         "<p class=byline>By Ada Quill Tide Daily</p>", ("Ada Quill",)),
        ("<meta property=article:section content='Real Life'>",
         "<p class=author>Real Life</p><p class=author>Ada Quill</p>", ("Ada Quill",)),
        # The names of works in a list are microdata; the page's own author has a tag of its own.
        ("<meta name=dc.creator content='Ada Quill'>",
         "<li itemscope><meta itemprop=author content='Otto Other'></li>", ("Ada Quill",)),
        ("", "<div itemscope><meta itemprop=author content='Ada Quill'></div>", ("Ada Quill",)),
    ],
)  # fmt: skip
def test_a_publisher_or_a_section_is_no_person(head, body, authors):
    assert read(head, body).authors == authors


ORGANISATION = {"@type": "NewsMediaOrganization", "name": "Valley News"}


@pytest.mark.parametrize(
    ("head", "body", "organisations"),
    [
        (data({"@type": "NewsArticle", "author": ORGANISATION, "publisher": ORGANISATION}), "",
         ("Valley News",)),
        (data({"@type": "Article", "author": {"@type": "Organization", "name": "Friends of ferries"}}),
         "", ("Friends of ferries",)),
        (data({"@type": "Article", "author": {"@type": "Person", "name": "Tidewater Editorial Team"}}),
         "", ("Tidewater Editorial Team",)),
        ("", "<a rel=author href=/1>Tidewater Staff</a>", ("Tidewater Staff",)),
        ("", "<a rel=author href=/1>Staff</a>", ()),
        ("", "<a rel=author href=/1>News Desk</a>", ()),
        ("", "<span class=author>Die Redaktion</span>", ()),
        ("", "<a rel=author href=/1>quill_99</a>", ("quill_99",)),
        ("", "<a rel=author href=/1>AQ</a>", ("AQ",)),
        ("", "<a rel=author href=/1>oradmin</a>", ()),
        # The page names an agency, so the site is not asked.
        (data({"@type": "NewsArticle", "author": ORGANISATION, "publisher": ORGANISATION}),
         "<p class=byline>Por Agencia Marea</p>", ("Agencia Marea",)),
    ],
)  # fmt: skip
def test_if_no_person_is_named_an_organisation_or_a_pseudonym_may_be(head, body, organisations):
    found = read(head, body, url="https://tide.example/a")
    assert found.authors == ()
    assert found.organisations == organisations


@pytest.mark.parametrize(
    ("lines", "authors"),
    [
        (["By", "Ada Quill"], ("Ada Quill",)),
        (
            ["By", "The ferry left the pier, and those who waited saw it go across the grey water"],
            (),
        ),
        (["Autorin: Ada Quill, Leiterin der Fähre"], ("Ada Quill",)),
        (["Ein Artikel von Ada Quill | 27.01.2031"], ("Ada Quill",)),
        (["Texte : Ada Quill"], ("Ada Quill",)),
        (["Text messages cost more on the ferry"], ()),
        (["Author of the year is announced"], ()),
        (["Researched by Ada Quill + Bo Lund"], ("Ada Quill", "Bo Lund")),
    ],
)
def test_labels_in_lines(lines, authors):
    assert authors_in_lines(lines, ()) == authors


@pytest.mark.parametrize(
    ("lines", "authors"),
    [
        (["The ferry came back.", "Written by Ada Quill"], ("Ada Quill",)),
        (["The ferry came back.", "(Text: Ada Quill)"], ("Ada Quill",)),
        (["Autoren: Ada Quill und Bo Lund"], ("Ada Quill", "Bo Lund")),
        (["More stories", "By Otto Other"], ()),
        (["He was driven by Otto Other"], ()),
        (["Photos by Otto Other"], ()),
    ],
)
def test_behind_a_story_only_a_label_names_its_author(lines, authors):
    assert authors_at_end(lines, ()) == authors


@pytest.mark.parametrize(
    ("lines", "authors"),
    [
        (["作者：", "Ada Quill", "翻訳者", "佐藤 花子"], ("Ada Quill",)),
        (["記者：", "山田太郎"], ("山田太郎",)),
        # A paragraph is no byline, though it begins with the character for a writer.
        (["文化庁は１日、渡し船、港、桟橋、灯台の四部門で優れた作品を顕彰すると発表した。" + "港の話が続く。" * 9], ()),
        (["文在寅大統領が港を訪れた"], ()),
        (["3 May 2031 · Ada Quill on behalf of the harbour council"], ()),
    ],
)  # fmt: skip
def test_eastern_labels_in_lines(lines, authors):
    assert authors_in_lines(lines, ()) == authors


@given(st.text(max_size=200))
def test_a_byline_is_only_cut_at_its_end(text):
    assert text.startswith(without_other_roles(text))
    assert " ".join(text.split()).startswith(without_tail(text))
