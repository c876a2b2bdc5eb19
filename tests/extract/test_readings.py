"""A page is read again where the story is in what is not read first."""

import pytest

from cleanwire.extract.extractor import html_steps

PARAGRAPHS = "".join(
    f"<p>The keeper wrote on day {number} that the sea was calm, that the lamp burned well, and that "
    "nobody had come to visit the island since the boat had left in the spring.</p>"
    for number in range(12)
)
TEASER = (
    "<p>A short line that says, as such lines do, that a longer text is to be found below this one, "
    "and that it is worth the reader's time to go on and read it to its very end today.</p>"
)


def steps(body):
    head = "<title>The keeper's diary</title>"
    return html_steps(f"<html><head>{head}</head><body>{body}</body></html>")


@pytest.mark.parametrize("tag", ["footer", "nav"])
def test_a_story_in_the_footer_of_an_article_is_found(tag):
    found = steps(
        f"<article><h1>The keeper's diary</h1>{TEASER * 3}<{tag}>{PARAGRAPHS}</{tag}></article>"
    )
    assert found.reading == "with navigation"
    assert sum("keeper wrote" in block.text for block in found.blocks) == 12


def test_a_long_menu_is_no_reason_to_read_a_page_again():
    links = "".join(
        f"<li><a href='/{n}'>Department number {n} of the city</a></li>" for n in range(200)
    )
    found = steps(f"<nav><ul>{links}</ul></nav><article>{PARAGRAPHS}</article>")
    assert found.reading == "page"
    assert found.page.pruned_text < 400


def test_a_long_imprint_does_not_take_the_place_of_a_longer_story():
    imprint = (
        "<p>All rights in these pages are reserved by the society of the lamp keepers.</p>" * 12
    )
    found = steps(f"<article>{PARAGRAPHS}</article><footer>{imprint}</footer>")
    assert all("rights" not in block.text for block in found.blocks)


def test_scripts_in_a_footer_are_no_text():
    script = f"<script>var data = '{'word ' * 3000}';</script>"
    found = steps(f"<article>{PARAGRAPHS}</article><footer>{script}</footer>")
    assert found.page.pruned_text == 0
