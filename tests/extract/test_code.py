"""Code between the paragraphs of a story is kept, and the numbers of its lines are not."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanwire.explain import explain_page
from cleanwire.extract.body.code import MOST_BETWEEN, code_between, code_of, line_numbers, with_code
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.hidden import sheet_of
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.feature_names import WORDS as WORDS_ROW
from cleanwire.extract.model.select_blocks import BlockSelection

BEFORE = "<p>The ferry writes its position into a file, one line for every minute of the trip.</p>"
AFTER = "<p>A second program reads the file and draws the course of the ferry on a chart.</p>"
CODE = "<pre>open log\nwrite north east\nclose log</pre>"
WORDS = "open log"


def story(*parts):
    return f"<article>{BEFORE}{''.join(parts)}{AFTER}</article>"


def decided(body, chosen=None, rules=None, style=""):
    """The chosen texts once code was looked at, and the rules.

    Without `chosen`, all blocks but those of code are chosen.
    """
    tree = parsed(f"<html><head><style>{style}</style></head><body>{body}</body></html>")
    sheet = sheet_of(tree.css("style"))
    page = read_html(tree)
    if chosen is None:
        chosen = [index for index in range(len(page)) if not in_code(page, index)]
    else:
        chosen = [
            index for index, text in enumerate(page.texts) if any(map(text.startswith, chosen))
        ]
    rows = features(page, Hints(), forest.NAMES)
    selection = BlockSelection(chosen, np.full(len(page), 0.5), rows)
    rules = {} if rules is None else dict.fromkeys(range(len(page)), rules)
    found = with_code(page, selection, sheet, rules)
    assert found.chosen == sorted(set(found.chosen))
    return [page.texts[index] for index in found.chosen], set(rules.values())


def in_code(page, index):
    element = page.inside[index]
    while element > 0 and page.tags[element] != "pre":
        element = page.parents[element]
    return element > 0


@pytest.mark.parametrize(
    "body",
    [
        story(CODE),
        story(f"<div class=highlight>{CODE}</div>"),
        story(f"<figure><figcaption>log.txt</figcaption><div><code>{CODE}</code></div></figure>"),
        story("<span>Copy</span>", CODE, "<pre>draw chart</pre>"),
        f"<section><h2>Log</h2>{BEFORE}{CODE}</section><section><h2>Chart</h2>{AFTER}</section>",
        f"<article>{BEFORE}<ul><li>First, open it:</li></ul>{CODE}{AFTER}</article>",
    ],
)
def test_code_between_paragraphs_is_kept(body):
    texts, rules = decided(body, chosen=["The ferry", "A second", "First"])
    assert any(text.startswith(WORDS) for text in texts)
    assert rules == {"code"}


@pytest.mark.parametrize(
    ("body", "style"),
    [
        (f"<article>{BEFORE}{AFTER}</article><div>{CODE}</div>", ""),
        (f"<div>{CODE}</div><article>{BEFORE}{AFTER}</article>", ""),
        (f"<div>{BEFORE}{BEFORE}</div><aside>{CODE}</aside><div>{AFTER}{AFTER}</div>", ""),
        (story(f"<p>{'advertising ' * (MOST_BETWEEN + 1)}</p>", CODE), ""),
        (story(f"<div hidden>{CODE}</div>"), ""),
        (story(f"<div class=data>{CODE}</div>"), ".data { display: none }"),
    ],
)
def test_other_code_is_left_to_the_model(body, style):
    texts, rules = decided(body, chosen=["The ferry", "A second"], style=style)
    assert not any(text.startswith(WORDS) for text in texts)
    assert rules == set()


def test_what_a_rule_took_out_stays_out():
    texts, rules = decided(story(CODE), rules="second printing")
    assert len(texts) == 2
    assert rules == {"second printing"}


def numbered(numbers):
    lines = "\n".join(map(str, numbers))
    return story(f"<table><tr><td class=gutter><pre>{lines}</pre></td><td>{CODE}</td></tr></table>")


def test_the_numbers_of_lines_are_no_text():
    body = numbered(range(1, 4))
    for chosen in (None, ["The ferry", "A second", "1 2 3", WORDS], ["The ferry", "A second", "1"]):
        texts, _ = decided(body, chosen=chosen)
        assert [text[:8] for text in texts] == ["The ferr", "open log", "A second"]


@pytest.mark.parametrize("numbers", [[3, 1, 2], [1, 2, 4], [10, 20, 30], ["1", "two"]])
def test_other_numbers_are_text(numbers):
    assert len(decided(numbered(numbers))[0]) == 4
    alone = story("<pre>1\n2\n3</pre>")
    assert "1 2 3" in decided(alone)[0]


def test_an_explanation_names_the_rule(monkeypatch):
    def likes_long_blocks(rows):
        return np.where(rows[WORDS_ROW] > 4, 0.9, 0.1)

    monkeypatch.setattr(forest, "BLOCKS", likes_long_blocks)
    page = f"<html><body><article>{BEFORE}<pre>open log</pre>{AFTER}</article></body></html>"
    explanation = explain_page(page)
    found = {block.text: (block.fate, block.by) for block in explanation.blocks.listed}
    assert found["open log"] == ("body", "code")
    assert "open log" in explanation.article.text


PIECES = st.lists(
    st.sampled_from([BEFORE, AFTER, CODE, "<pre>1\n2</pre>", "<div>", "</div>", "<table><tr><td>", "</table>", "<pre>"]),
    max_size=30,
)  # fmt: skip


@given(PIECES, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_only_code_is_added_and_only_numbers_go(pieces, random):
    page = read_html(parsed(f"<html><body>{''.join(pieces)}</body></html>"))
    chosen = [index for index in range(len(page)) if random.random() < 0.7]
    if not len(page):
        return
    rules = {}
    before = BlockSelection(chosen, np.full(len(page), 0.5), features(page, Hints(), forest.NAMES))
    after = with_code(page, before, sheet_of([]), rules).chosen
    added, gone = set(after) - set(chosen), set(chosen) - set(after)
    assert rules == dict.fromkeys(added, "code") | dict.fromkeys(gone, "line numbers")
    assert all(in_code(page, index) for index in added | gone)
    assert all(min(chosen) < index < max(chosen) for index in added)


def test_code_in_many_elements_takes_bounded_time():
    body = f"{BEFORE}{'<div>' * 3000}{'<pre>1</pre><pre>a</pre>' * 16000}{AFTER}"
    page = read_html(parsed(f"<body>{body}</body>"))
    code = code_of(page)
    began = time.process_time()
    assert line_numbers(page, code) == set()
    assert time.process_time() - began < 1


def test_code_that_may_be_hidden_takes_bounded_time():
    code = "<div class=a>" * 2000 + "<pre>a</pre>" * 2000 + "</div>" * 2000
    page = read_html(parsed(f"<body><article>{BEFORE}{code}{AFTER}</article></body>"))
    last = len(page) - 1
    began = time.process_time()
    found = code_between(page, code_of(page), [0, last], (), sheet_of(()))
    assert time.process_time() - began < 1
    assert found == list(range(1, last))
