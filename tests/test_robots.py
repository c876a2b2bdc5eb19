import pytest

from cleanwire import clean_page
from cleanwire.clean import clean_event
from cleanwire.explain import explain_event
from cleanwire.extract.metadata.robots import (
    MOST_RULE,
    MOST_RULES,
    rules_in_header,
    rules_in_metas,
)
from cleanwire.page.formats.raw_record import RawRecord
from helpers.archived import http, record

PAGE = (
    "<!DOCTYPE html><html><head>{}<title>Lock</title></head><body><p>"
    + "The canal lock at Aldmoor opens again on Monday after nine weeks without a boat. " * 8
    + "</p></body></html>"
)


@pytest.mark.parametrize(
    ("contents", "rules"),
    [
        (["noindex"], ["noindex"]),
        (["NoIndex, NOFOLLOW"], ["noindex", "nofollow"]),
        (["noindex,nofollow", "noarchive, noindex"], ["noindex", "nofollow", "noarchive"]),
        (["none"], ["noindex", "nofollow"]),
        (["None, noai"], ["noindex", "nofollow", "noai"]),
        (["index, follow, max-image-preview: large, max-snippet:-1"], ["index", "follow", "max-image-preview:large", "max-snippet:-1"]),
        (["noindex nofollow"], ["noindex", "nofollow"]),
        (["noindex; nofollow"], ["noindex", "nofollow"]),
        (["noindex max-snippet:50"], ["noindex", "max-snippet:50"]),
        (["unavailable_after: 25-Aug-2030 15:00:00 EST, noai"], ["unavailable_after:25-aug-2030 15:00:00 est", "noai"]),
        (["unavailable_after: Saturday, 25-Jun-30 15:00:00 GMT, noai"], ["unavailable_after:saturday, 25-jun-30 15:00:00 gmt", "noai"]),
        (["unavailable_after: Jun 25, 2030, noai"], ["unavailable_after:jun 25, 2030", "noai"]),
        (["noai,noimageai"], ["noai", "noimageai"]),
        (["{{ robots }}", "", " , ,", "<b>"], []),
        (["noindex,\u00e9t\u00e9"], ["noindex"]),
    ],
)  # fmt: skip
def test_metas_give_rules_in_lower_case_each_once(contents, rules):
    assert list(rules_in_metas(contents)) == rules


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ("noindex, nofollow", ["noindex", "nofollow"]),
        ("googlebot: noindex", []),
        ("googlebot: noindex, nofollow", []),
        ("noarchive, googlebot: noindex, nofollow", ["noarchive"]),
        ("googlebot: noindex\nnoai", ["noai"]),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST", ["unavailable_after:25 jun 2030 15:00:00 pst"]),
        ("unavailable_after: Fri, 25 Jun 2030 15:00:00 PST, noai", ["unavailable_after:fri, 25 jun 2030 15:00:00 pst", "noai"]),
        ("max-snippet: 20, otherbot: none", ["max-snippet:20"]),
        ("NONE", ["noindex", "nofollow"]),
        ("", []),
    ],
)  # fmt: skip
def test_the_header_gives_the_rules_that_name_no_crawler(said, rules):
    assert list(rules_in_header({"X-Robots-TAG": said, "Server": "noindex"})) == rules


def test_rules_are_bounded_in_number_and_length():
    many = ",".join(f"rule{number}" for number in range(500))
    assert len(rules_in_metas([many])) == MOST_RULES
    assert len(rules_in_header({"x-robots-tag": many})) == MOST_RULES
    long = rules_in_metas(["max-snippet:" + "9" * MOST_RULE, "noai", "x" * 5000])
    assert long == ("noai",)


def test_an_article_has_the_rules_of_its_header_before_those_of_its_metas():
    page = PAGE.format(
        '<meta name="ROBOTS" content="noarchive, noai"><meta name=googlebot content=noindex>'
    )
    article = clean_page(page, headers={"x-robots-tag": "noai, max-snippet:5"})
    assert article.robots == ("noai", "max-snippet:5", "noarchive")
    bare = clean_page(PAGE.format(""))
    assert bare.robots == ()
    # The rules say nothing of the text or the identity.
    assert clean_page(page).text == bare.text
    assert clean_page(page).id == clean_page(page, headers={"x-robots-tag": "noindex"}).id


def test_a_text_page_has_the_rules_of_its_header():
    text = "\n\n".join(
        ["The canal lock at Aldmoor opens again on Monday after nine weeks. " * 6] * 3
    )
    found = clean_page(
        text, content_type="text/plain", headers={"X-Robots-Tag": "noindex"}, require_article=False
    )
    assert found.robots == ("noindex",)


def test_the_header_comes_with_every_format_and_is_explained():
    page = PAGE.format('<meta name="robots" content="noarchive">').encode()
    archived = record(block=http(page, "X-Robots-Tag: noai"))
    html = RawRecord(
        value=page,
        key=b"https://a.example/1",
        headers=(("cleanwire.format", b"html"), ("x-robots-tag", b"noai")),
        timestamp=1.7e9,
    )
    for one in (RawRecord(value=archived, unmarked="warc"), html):
        assert clean_event(one).robots == ("noai", "noarchive")
        explained = explain_event(one)
        assert explained.article == clean_event(one)
        (field,) = [field for field in explained.fields if field.name == "robots"]
        assert field.value == ("noai", "noarchive")
        stands = {place.where: place.stands for place in field.places}
        assert stands == {"header X-Robots-Tag": "used", "meta robots": "agrees"}
