"""Ids of articles, normalised URLs and sites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.urls import article_id, normalize_url, site_of


def test_golden_ids_that_must_never_change():
    assert (
        article_id("https://a.example/", "2026-11-03T10:00:00Z", "é")
        == "84af326453f5d572b4f8076465d7bf9e"
    )
    assert article_id("", "", b"") == "9d908ecfb6b256def8b49a7c504e6c88"


def test_an_id_is_over_bytes_and_lengths():
    assert article_id("u", "t", "é") == article_id("u", "t", "é".encode())
    assert article_id("ab", "c", b"") != article_id("a", "bc", b"")
    assert len(article_id("u", "t", "x")) == 32


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTP://Example.COM:80/a/../b#frag", "http://example.com/b"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example:443/?b=2&a=1", "https://a.example/?a=1&b=2"),
        ("https://a.example:8443/", "https://a.example:8443/"),
        ("https://a.example/x?utm_source=m&id=7&fbclid=z", "https://a.example/x?id=7"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://a.example/%7euser/%41", "https://a.example/~user/A"),
        ("file:///tmp/a.html", "file:///tmp/a.html"),
    ],
)
def test_normal_forms(url, normal):
    assert normalize_url(url) == normal


def test_what_leads_to_another_page_stays():
    assert normalize_url("https://a.example/?id=1") != normalize_url("https://a.example/?id=2")
    assert normalize_url("https://a.example/A") != normalize_url("https://a.example/a")
    assert normalize_url("http://a.example/") != normalize_url("https://a.example/")


@given(
    st.text(max_size=60).map("https://a.example/".__add__)
    | st.text(max_size=40)
    | st.from_regex(r"https?://[a-z.:0-9@%\[\]]{0,20}/[ -~]{0,30}", fullmatch=True)
)
def test_normalisation_never_raises_and_is_idempotent(url):
    normal = normalize_url(url)
    assert normalize_url(normal) == normal


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.paper.co.uk/x", "paper.co.uk"),
        ("https://me.blogspot.com/", "me.blogspot.com"),
        ("https://news.a.example/", "a.example"),
        ("http://192.0.2.7:8080/", "192.0.2.7"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
        ("http://localhost/", "localhost"),
        ("file:///tmp/x", None),
        ("https://[broken", None),
    ],
)
def test_sites(url, site):
    assert site_of(url) == site
