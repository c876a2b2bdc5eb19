"""The compiled scan finds what a regular expression and a loop in Python find."""

import itertools
import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire import native
from cleanwire.extract.dom import blocks, tag_names
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.dom.parsing import name_hash
from cleanwire.extract.dom.serialised import scan
from cleanwire.extract.dom.serialised.scanned import block_list, scanned
from tests.extract import reference_blocks
from tests.extract.mutated_pages import LABELLED, PIECES, pages

FIELDS = "texts linked links bold inside raw parted tags attributes parents starts ends".split()
SHEET = Sheet(".gone{display:none}")


def fields_of(page: object) -> dict[str, object]:
    found = {name: getattr(page, name) for name in FIELDS}
    return found | {"attributes": list(found["attributes"])}


def body_of(html: str) -> str:
    body = LexborHTMLParser(html).body
    return (body.html or "") if body is not None else ""


def equal_blocks(html: str) -> bool:
    """Whether the scan and the loop find the same blocks of a page."""
    tree = LexborHTMLParser(html)
    tree.strip_tags(list(blocks.INVISIBLE))
    body = tree.body
    written = (body.html or "") if body is not None else ""
    expected = fields_of(reference_blocks.blocks_of(written, SHEET))
    return fields_of(blocks._read(written, SHEET)) == expected


@given(st.lists(st.sampled_from(PIECES), max_size=60))
@example(["<p>", "a", "\n", "<br>", "b"])
@example(["<p>", "a", "<br>", "&nbsp;", "<br>", "b"])
@example(["<pre>", " ", "a", "<br>", " b\n\n", "<br>", "c"])
@example(["<a href='/x?a=1&b=2'>", "<div>", "</div>", "x"])
def test_scan_equals_the_loop(pieces: list[str]) -> None:
    assert equal_blocks("".join(pieces))


@given(st.text(alphabet="<>/!-=\"' ab&;\n\u00e9\u65e5", max_size=80))
def test_bytes_that_lexbor_did_not_write(html: str) -> None:
    """Whatever the bytes are, the loop and the scan skip the same tags."""
    expected = fields_of(reference_blocks._walk(reference_blocks._TOKEN.findall(html)))
    assert fields_of(block_list(scanned(html, sheet_hides=True))) == expected


def test_scan_equals_the_loop_on_pages_of_people() -> None:
    if not LABELLED.is_dir():
        pytest.skip("the labelled pages are not beside the repository")
    for name, html in pages(16, 60, 3):
        assert equal_blocks(html), name


def test_attributes_of_all_tags_are_found() -> None:
    html = body_of("<p class='a' id=b><img data-src='no'><i title='c'>x</i><p class='a' id=b>")
    text = scanned(html, sheet_hides=False).written().text()
    for needed in (' class="a"', ' id="b"', ' title="c"', "c"):
        assert text.holds(needed)
    for other in ("data-src", "title=b", "zzzz"):
        assert not text.holds(other)
    assert text._text == ' class="a" id="b" title="c"'


def colliding(prefix: str, bits: int) -> Iterator[str]:
    """Names whose 32-bit FNV-1a hashes have the same low bits, the prefix before them included."""

    def low(text: str, state: int) -> int:
        for byte in text.encode():
            state = ((state ^ byte) * 16777619) % 2**bits
        return state

    draw = random.Random(1)
    state = low(prefix, 2166136261)
    choices = []
    for _ in range(16):
        seen: dict[int, str] = {}
        while True:
            part = "".join(draw.choices("abcdefghij", k=6))
            other = seen.setdefault(low(part, state), part)
            if other != part:
                break
        choices.append((other, part))
        state = low(part, state)
    return map("".join, itertools.product(*choices))


def test_attributes_with_one_hash_take_bounded_time() -> None:
    names = list(itertools.islice(colliding(' class="', 20), 20_000))
    html = "".join([f'<p class="{name}">x</p>' for name in names])
    native.require()
    found = scanned(f"<body>{html}</body>", sheet_hides=False).written()
    began = time.process_time()
    text = found.text()
    assert time.process_time() - began < 2
    assert text.holds(f' class="{names[0]}" class="{names[1]}"')
    assert text.holds(names[-1])


def test_a_name_with_the_hash_of_pre_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "apovancr83o+6)89s252"
    assert name_hash(name) == name_hash("pre")
    run = scan.scan

    def checked(*arrays: object) -> None:
        data, *_, raw, _ = arrays
        assert len(raw) >= len(data)
        run(*arrays)

    monkeypatch.setattr(scan, "scan", checked)
    page = block_list(scanned(f"<body><{name}>{'a b  c ' * 100}</{name}></body>", sheet_hides=True))
    assert page.texts == [" ".join(["a b c"] * 100)]


def test_tag_table_has_every_name_once() -> None:
    entries = [entry >> 8 for entry in tag_names.TAG_ENTRIES.tolist() if entry]
    assert sorted(entries) == list(range(1, len(tag_names.TAG_NAMES)))
    assert len(set(tag_names.TAG_NAMES)) == len(tag_names.TAG_NAMES)
