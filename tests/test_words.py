"""The compiled loop over a text: against the same loop in plain Python, and normalised or not."""

import importlib.util
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cleanwire import native
from cleanwire.similarity import tokens as words
from cleanwire.similarity.minhash import sign
from cleanwire.similarity.tokens import (
    FLOOR,
    MAX_FIGURES,
    SCALE,
    SHINGLE,
    SHORT,
    distinct,
    mix,
    read_words,
    sample_of,
    shingle_hashes,
    sketch,
    text_hash,
)


def uncompiled():
    """The module `tokens`, loaded once more without compilation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "compiled", lambda _: lambda function: function)
        patch.setattr(native, "inlined", lambda function: function)
        spec = importlib.util.spec_from_file_location("plain_words", words.__file__)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


PLAIN = uncompiled()
native.require()

# Characters of each class of the loop, and characters that normalisation and folding change.
LETTERS = "aZß_éÀİŉǅςΣµªжЖбأהँक한가ﬁＡ𝐀😀\u00ad\u0301\u0345\ufe0f\u200d"
FIGURES = "0129²½①٣３"
SIGNS = " .,\n…‥-–—‗․″'’“€$%+→↉⁄½×÷\u00a0\u00a8\u00b7\u037e\u2003\u2028¿。、・،"
BLANKLESS = "東京会議かなカナｶ々〇ภาษาไทยລາວកខမြབོ𠀋"
MIXED = st.text(
    st.one_of(st.sampled_from(LETTERS + FIGURES + SIGNS + BLANKLESS), st.characters()),
    max_size=60,
)


def as_bytes(text):
    return np.frombuffer(bytearray(text.encode("utf-8", "replace")), np.uint8)


def normalized(text):
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


def read(text):
    """The words of a text and its figures, read plain or after normalisation."""
    known, found, figures = read_words(as_bytes(text), False)
    if not known:
        _, found, figures = read_words(as_bytes(normalized(text)), True)
    return found.tolist(), figures.tolist()


def count(text):
    return len(read(text)[0])


def same(one, other):
    return all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))


def hashes(numbers):
    return np.array([int(mix(number + 1)) for number in numbers], np.uint64)


def uneven(size):
    """`size` distinct hashes, all in the upper half of the range."""
    return np.unique(hashes(range(size)) | np.uint64(1 << 63))


@settings(max_examples=150, deadline=None)
@given(MIXED, st.booleans())
def test_the_compiled_loop_reads_what_plain_python_reads(text, normal):
    data = as_bytes(normalized(text) if normal else text)
    with np.errstate(over="ignore"):
        expected = PLAIN.read_words(data, normal)
        assert same(read_words(data, normal), expected)
        assert same(sketch(data, normal), PLAIN.sketch(data, normal))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=30))
@example([0, 0, 0, 0])
@example([2**64 - 1] * 5)
def test_compiled_hashes_are_those_of_plain_python(values):
    array = np.array(values, np.uint64)
    with np.errstate(over="ignore"):
        assert [int(mix(value)) for value in array] == [int(PLAIN.mix(value)) for value in array]
        assert int(text_hash(array)) == int(PLAIN.text_hash(array))
        assert same(distinct(array), PLAIN.distinct(array))
        assert same(shingle_hashes(array), PLAIN.shingle_hashes(array))
        assert same(sample_of(distinct(array)), PLAIN.sample_of(distinct(array)))


@pytest.mark.parametrize(
    "size",
    [0, 1, FLOOR, FLOOR + 1, FLOOR * 3 // 2, FLOOR * 3 // 2 + 1, 300, SHORT, SHORT + 1, 3000],
)
@pytest.mark.parametrize("make", [lambda size: hashes(range(size)), uneven])
def test_a_sample_is_all_that_is_below_its_bound(size, make):
    values = make(size)
    bound, sample = sample_of(values[::-1].copy())
    told = [value for value in values[::-1].tolist() if value <= int(bound)]
    assert sample.tolist() == told, "in the order in which they came"
    bound, sample = sample_of(values)
    with np.errstate(over="ignore"):
        assert same((bound, sample), PLAIN.sample_of(values))
    assert sample.tolist() == [value for value in values.tolist() if value <= int(bound)]
    if size <= FLOOR:
        assert (int(bound), len(sample)) == (2**64 - 1, size)
    elif size <= SHORT:
        assert (int(bound), len(sample)) == (int(sample.max()), FLOOR)
    else:
        assert int(bound) == (2**64 - 1) // SCALE


@pytest.mark.slow
def test_every_character_is_read_plain_as_it_is_read_once_normalised():
    plain = 0
    for point in range(sys.maxunicode + 1):
        if 0xD800 <= point < 0xE000:
            continue
        character = chr(point)
        text = f"Ab{character}c {character} 1{character}5 x.{character}"
        known, found, figures = read_words(as_bytes(text), False)
        if known:
            plain += 1
            _, others, other_figures = read_words(as_bytes(normalized(text)), True)
            assert found.tobytes() == others.tobytes(), hex(point)
            assert figures.tobytes() == other_figures.tobytes(), hex(point)
    assert plain > 3000


@settings(max_examples=300, deadline=None)
@given(MIXED)
def test_every_text_is_read_plain_as_it_is_read_once_normalised(text):
    known, found, figures = read_words(as_bytes(text), False)
    if known:
        expected = read_words(as_bytes(normalized(text)), True)
        assert same((1, found, figures), expected)


@settings(max_examples=100, deadline=None)
@given(MIXED)
def test_what_was_normalised_is_read_alike_plain_or_not(text):
    text = normalized(text)
    known, found, figures = read_words(as_bytes(text), False)
    if known:
        assert same((1, found, figures), read_words(as_bytes(text), True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("ΣΟΦΟΣ", "σοφος"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("ﬁne", "fine"),
        ("cafe\u0301", "CAFÉ"),
        ("m² 5", "m2 5"),
        ("ｶﾅ", "カナ"),
        ("３．５", "3.5"),
    ],
)
def test_what_normalisation_and_folding_change_is_one_word(one, other):
    assert read(one) == read(other)


def test_a_character_without_blanks_is_a_word_that_knows_the_last_few_before_it():
    assert count("東京で会議") == 5
    assert count("ภาษาไทย") == 7
    assert count("東京 Tokyo 東京") == 5
    word = {text: read(text)[0] for text in ("東京会議場所", "西京会議場所", "東 京 会 議")}
    # From the fifth character on, the first one makes no difference.
    assert [mine == yours for mine, yours in zip(*list(word.values())[:2], strict=True)] == (
        [False] * 4 + [True] * 2
    )
    assert word["東 京 会 議"] == [read(character)[0][0] for character in "東京会議"]
    one, other = read("กขคงจฉชซฌญ")[0], read("ฮขคงจฉชซฌญ")[0]
    assert [mine == yours for mine, yours in zip(one, other, strict=True)] == (
        [False] * 8 + [True] * 2
    )


def test_a_word_of_letters_ends_where_one_without_blanks_begins():
    letters = read("abc")[0]
    assert read("abc東")[0] == [*letters, *read("東")[0]]
    assert read("東abc")[0] == [*read("東")[0], *letters]
    assert read("東5京")[1] == read("5")[1]


@pytest.mark.parametrize(
    ("text", "numbers", "figures"),
    [
        ("2.5", 1, 1),
        ("1,000.25", 1, 1),
        ("2 5", 2, 2),
        ("2.", 1, 1),
        (".5", 1, 1),
        ("2..5", 2, 2),
        ("2.,5", 2, 2),
        ("2.x", 2, 1),
        ("x.2", 2, 1),
        ("a.b", 2, 0),
        ("v2.5b, c3", 2, 2),
        ("2.5.", 1, 1),
        (",", 0, 0),
        ("3,", 1, 1),
        ("2.é", 2, 1),
        ("2…5", 2, 2),
        ("é5", 1, 1),
        ("5é", 1, 1),
    ],
)
def test_a_point_or_a_comma_between_digits_belongs_to_the_figure(text, numbers, figures):
    assert tuple(map(len, read(text))) == (numbers, figures)


def test_figures_are_other_words_than_their_digits():
    assert len({read(text)[0][0] for text in ("2.5", "2,5", "25", "2")}) == 4


def test_of_many_figures_the_lowest_hashes_stay():
    text = " ".join(map(str, range(500)))
    expected = sorted(set(read(text)[1]))[:MAX_FIGURES]
    assert sign(text)[0].figures.tolist() == expected


@pytest.mark.parametrize("point", [0xD800, 0xDFFF])
def test_half_a_character_is_no_letter(point):
    half = chr(point)
    assert sign(f"one{half}two {half} three")[1] == 3
    assert sign(f"one{half}two")[0].digest == sign("one two")[0].digest
    assert sign(f"Ａ{half}")[0].digest == sign("a")[0].digest


def test_words_that_would_make_a_polynomial_collide_do_not():
    word = "a"
    for _ in range(10):
        word += word.translate(str.maketrans("ab", "ba"))
        complement = word.translate(str.maketrans("ab", "ba"))
        assert read(word) != read(complement)
    assert len(word) == 1024


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from("a b ab 1 1.5 é 東 京 ก жук".split()), max_size=40),
    st.sampled_from([" ", ", ", "… ", "\n", "。"]),
)
def test_the_shingles_are_the_set_of_word_triples(tokens, between):
    found, _ = read(between.join(tokens))
    assert len(found) == len(tokens)
    width = min(SHINGLE, len(tokens))
    expected = {tuple(tokens[at : at + width]) for at in range(len(tokens) - width + 1)}
    made = shingle_hashes(np.array(found, np.uint64))
    assert len(made) == len(set(made.tolist())) == (len(expected) if tokens else 0)
