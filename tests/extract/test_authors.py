"""The names of people in data, bylines and elements of pages."""

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.metadata.metadata import read_metadata, with_elements
from cleanwire.extract.metadata.person_names import names


def read(head="", body="", url="https://valley.example/news/mill", lang="en"):
    tree = LexborHTMLParser(f"<html lang='{lang}'><head>{head}</head><body>{body}</body></html>")
    metadata = read_metadata(tree, url)
    return with_elements(metadata, tree, read_html(tree), url)


def person(name):
    node = {"@type": "NewsArticle", "author": {"@type": "Person", "name": name}}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


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
    assert read(f'<script type="application/ld+json">{json.dumps(node)}</script>').authors == (
        "Ada Quill",
    )


def test_suffixes_among_several_authors():
    assert names(["Joe Lund, Sr, Ada Quill, MD"]) == ("Joe Lund, Sr", "Ada Quill, MD")
