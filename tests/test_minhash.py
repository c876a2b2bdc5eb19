import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.minhash import FLOOR, SCALE, SHINGLE, SHORT, VERSION, Signature, sign, signature

TEXT = "The ferry to Norhaven carried 214 passengers and 2.5 tonnes of mail on Monday, 3 November."


def words(count, start=0):
    return " ".join(f"w{n}" for n in range(start, start + count))


def test_golden_values_that_must_never_change():
    assert VERSION == 2
    found = signature(TEXT)
    assert found.digest.hex() == GOLDEN_DIGEST
    assert found.shingles == 14
    assert [hex(value) for value in found.sample[:3].tolist()] == GOLDEN_SAMPLE
    assert len(found.figures) == 3
    assert signature("東京で会議が開かれた。").digest.hex() == GOLDEN_JAPANESE


GOLDEN_DIGEST = "0b33b6914daa44aa"
GOLDEN_SAMPLE = ["0x1daafd0f26b13d3d", "0x46dbc9f66588b35f", "0x4c753c8c0f6c1598"]
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
    "packed", ["", "AAAA", "not base64 at all!", "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="]
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
