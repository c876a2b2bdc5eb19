"""Signatures: golden values, words, figures, samples and packing."""

import base64
import sys
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.similarity.minhash import (
    FLOOR,
    SCALE,
    SHINGLE,
    SHORT,
    VERSION,
    Signature,
    sign,
    signature,
)

TEXT = "The ferry to Norhaven carried 214 passengers and 2.5 tonnes of mail on Monday, 3 November."


def words(count, start=0):
    return " ".join(f"w{n}" for n in range(start, start + count))


def test_golden_values_that_must_never_change():
    assert VERSION == 3
    found = signature(TEXT)
    assert found.digest.hex() == GOLDEN_DIGEST
    assert found.shingles == 14
    assert [hex(value) for value in found.sample[:3].tolist()] == GOLDEN_SAMPLE
    assert found.places[:6].tolist() == GOLDEN_PLACES
    assert len(found.figures) == 3
    assert [hex(value) for value in found.figures.tolist()] == GOLDEN_FIGURES
    assert [hex(value) for value in signature(HINDI).figures.tolist()] == GOLDEN_HINDI
    assert [hex(value) for value in signature(CHINESE).figures.tolist()] == GOLDEN_CHINESE
    assert signature("東京で会議が開かれた。").digest.hex() == GOLDEN_JAPANESE


HINDI = "दिल्ली में तापमान ३१ डिग्री रहा।"
CHINESE = "最高气温三十一度"
GOLDEN_DIGEST = "0b33b6914daa44aa"
GOLDEN_SAMPLE = ["0x1daafd0f26b13d3d", "0x46dbc9f66588b35f", "0x4c753c8c0f6c1598"]
GOLDEN_PLACES = [12, 9, 10, 4, 2, 11]
GOLDEN_FIGURES = ["0x3e2424334fc867b4", "0xefe0d8daaee08c5a", "0xf7b6d0333596af6f"]
GOLDEN_HINDI = ["0x53bdf221c809db0b"]
GOLDEN_CHINESE = ["0x51b6404df6c7c4fd"]
GOLDEN_JAPANESE = "54dd3e37fb2a6ee3"


@pytest.mark.parametrize(
    "variant",
    [
        TEXT.upper(),
        TEXT.replace(" ", "\u00a0 \n"),
        TEXT.replace("Monday,", "“Monday” —"),
        TEXT.replace("ferry", "\ufb01erry").replace("\ufb01erry", "ferry"),
        "\u2018" + TEXT + "\u2019",
    ],
)
def test_what_syndication_changes_is_invisible(variant):
    assert signature(variant).digest == signature(TEXT).digest


def test_figures_are_whole_numbers_with_their_separators():
    assert signature("It rose 2.4 percent").digest != signature("It rose 2 4 percent").digest
    assert len(signature("1,000 and 1,000 and 3.5").figures) == 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("...", 0),
        ("one", 1),
        ("one two", 2),
        ("don't", 2),
        ("Привет, мир", 2),
        ("東京 and 京都", 5),
        ("한국어 단어", 2),
        ("a_b 2.4, x.", 3),
        ("€5 → 6", 2),
    ],
)
def test_words(text, count):
    assert sign(text)[1] == count


def test_a_text_shorter_than_a_shingle_is_one_shingle():
    assert signature("one").shingles == signature("one two").shingles == 1
    assert signature("one").digest != signature("two").digest
    assert signature("").shingles == 0


def test_short_texts_keep_every_shingle_and_long_ones_a_sample():
    short = signature(words(50))
    assert len(short.sample) == short.shingles == 50 - SHINGLE + 1
    assert short.bound == 2**64 - 1
    middle = signature(words(400))
    assert len(middle.sample) == FLOOR
    assert middle.bound == int(middle.sample[-1])
    assert middle.bound < (2**64 - 1) // 2
    assert len(signature(words(SHORT + SHINGLE)).sample) < FLOOR
    long = signature(words(20_000))
    assert long.bound == (2**64 - 1) // SCALE
    assert abs(len(long.sample) - 20_000 / SCALE) < 200


@given(st.text(max_size=400))
def test_any_text_has_a_signature_that_packs_and_unpacks(text):
    made = signature(text)
    again = Signature.unpack(made.pack())
    assert again.digest == made.digest
    assert again.bound == made.bound
    assert again.shingles == made.shingles
    assert np.array_equal(again.sample, made.sample)
    assert np.array_equal(again.places, made.places)
    assert sorted(made.places.tolist()) == list(range(len(made.sample)))
    assert np.array_equal(again.figures, made.figures)
    assert np.all(made.sample[1:] > made.sample[:-1])
    assert made.shingles >= len(made.sample)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=4), max_size=40))
def test_the_shingles_are_those_of_the_words(tokens):
    found = signature(" ".join(tokens))
    width = min(SHINGLE, len(tokens))
    expected = {tuple(tokens[at : at + width]) for at in range(len(tokens) - width + 1)}
    assert found.shingles == (len(expected) if tokens else 0)


@pytest.mark.parametrize(
    "packed", ["", "AAAA", "not base64 at all!", "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="]
)
def test_what_is_no_signature_is_refused(packed):
    with pytest.raises(ValueError, match="signature"):
        Signature.unpack(packed)


@pytest.mark.parametrize("marks", ["\u0300\u0316", "\uff9e\u0300", "\u0315\u0300\u05ae"])
def test_marks_without_end_on_one_letter_take_no_time_of_their_own(marks):
    began = time.process_time()
    long, longer = (sign(f"{TEXT} e{marks * count} {TEXT}")[0] for count in (2000, 200_000))
    assert time.process_time() - began < 5
    assert long.digest == longer.digest
    few, none = sign(f"{TEXT} e{marks} {TEXT}")[0], sign(f"{TEXT} {TEXT}")[0]
    assert len({few.digest, none.digest, long.digest}) == 3


OTHER_DIGITS = [
    ("درجة ٣١ و٢٢", 2),
    ("۳۱ درجه و ۲۲", 2),
    ("३१ डिग्री, २२ डिग्री", 2),
    ("৩১ ডিগ্রি", 1),
    ("૩૧ ૨૨ ૧૪", 3),
    ("੩੧ ੨੨", 2),
    ("௩௧ ௨௨", 2),
    ("౩౧", 1),
    ("೩೧ ೨೨", 2),
    ("൩൧", 1),
    ("߃߁", 1),
    ("᠑᠒ ᠓", 2),
    ("อุณหภูมิ ๓๑ องศา", 1),
    ("อุณหภูมิ๓๑องศา๒๒", 2),
    ("သည်၃၁ဒီဂရီ", 1),
    ("ក៣១ខ២២", 2),
    ("໓໑", 1),
    ("༣༡", 1),
    ("３１度", 1),
    ("𝟛𝟙 degrees", 1),
    ("𞥓𞥑", 1),
    ("气温31度，湿度六十七", 2),
    ("三十一度，二十二度，风力三级", 3),
    ("二〇二六年十一月", 2),
    ("二〇二六，二〇二五", 2),
    ("壹佰贰拾元", 1),
    ("気温は三十一度", 1),
    ("一个人一些十分千万", 1),
    ("没有一个", 0),
    ("ثلاثون درجة", 0),
    ("四 三 二", 3),
]


@pytest.mark.parametrize(("text", "count"), OTHER_DIGITS)
def test_digits_of_every_script_and_han_numerals_are_figures(text, count):
    assert len(signature(text).figures) == count


def test_every_decimal_digit_of_unicode_makes_a_figure():
    digits = [
        chr(point)
        for point in range(sys.maxunicode + 1)
        if unicodedata.category(chr(point)) == "Nd"
    ]
    # Scripts that came with Unicode 15 and later have no figures here: a signature never changes.
    without = [
        digit
        for digit in digits
        if len(signature(f"x {digit}{digit} y").figures) != 1 and ord(digit) not in LATER
    ]
    assert len(digits) >= 650
    assert without == []


LATER = {
    zero + more
    for zero in (0x11F50, 0x1E4F0, 0x10D40, 0x116D0, 0x116DA, 0x11BF0, 0x16D70, 0x1E5F1, 0x1CCF0)
    for more in range(10)
}


def test_figures_of_scripts_without_blanks_are_runs_of_their_digits():
    one, other = signature("อุณหภูมิ๓๑องศา๒๒"), signature("ที่๒๒และ๓๑")
    assert one.figures.tolist() == other.figures.tolist()
    assert signature("三十一度").figures.tolist() == signature("共三十一人").figures.tolist()
    assert signature("三十一度").figures.tolist() != signature("三十二度").figures.tolist()


def test_a_signature_of_an_older_version_is_refused():
    data = base64.urlsafe_b64decode(signature(TEXT).pack())
    for version in (1, 2, 4):
        packed = base64.urlsafe_b64encode(bytes([version]) + data[1:]).decode()
        with pytest.raises(ValueError, match=f"version {version}, expected 3"):
            Signature.unpack(packed)
