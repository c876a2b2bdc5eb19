"""Dates in the forms in which pages of all languages write them."""

import datetime as dt
import importlib.util
from pathlib import Path

import pytest
from babel import Locale, localedata

from cleanwire.extract.metadata.date_labels import dates_in, dates_of
from cleanwire.extract.metadata.dates import DateHints, find_date, latest_of
from cleanwire.extract.metadata.months import folded, month_of

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2025-11-20 10:15 PM", "2025-11-20T22:15:00"),
        ("20.11.2025 3:15 p.m.", "2025-11-20T15:15:00"),
        ("Nov 20, 2025 12:15 AM", "2025-11-20T00:15:00"),
        ("20 November 2025 at 10.15am", "2025-11-20T10:15:00"),
        ("2025-11-20 下午 3:15", "2025-11-20T15:15:00"),
        ("2025年11月20日 上午10:15", "2025-11-20T10:15:00"),
        ("2025年11月20日 午後3時15分", "2025-11-20T15:15:00"),
        ("2025년 11월 20일 오후 3:15", "2025-11-20T15:15:00"),
        ("2025. 11. 20. 오전 9:05", "2025-11-20T09:05:00"),
        ("20 Νοεμβρίου 2025, 3:15 μ.μ.", "2025-11-20T15:15:00"),
        ("20 de noviembre de 2025 3:15 p. m.", "2025-11-20T15:15:00"),
        ("20 Kasım 2025 ÖS 3:15", "2025-11-20T15:15:00"),
        ("20 نوفمبر 2025 3:15 م", "2025-11-20T15:15:00"),
        ("20 novembre 2025 à 10:15 du matin", "2025-11-20T10:15:00"),
        ("20 de novembro de 2025 10:15 em Lisboa", "2025-11-20T10:15:00"),
        ("2025年11月20日 晚上12:00", "2025-11-20"),
        ("20 November 2025 5:45 min read", "2025-11-20"),
        ("20 November 2025, 45:30", "2025-11-20"),
        ("20. listopadu 2025", "2025-11-20"),
        ("2025. november 20.", "2025-11-20"),
        ("2025. gada 20. novembris", "2025-11-20"),
        ("2025 m. lapkričio 20 d.", "2025-11-20"),
        ("2025(e)ko azaroaren 20(a)", "2025-11-20"),
        ("20. novembrī 2025", "2025-11-20"),
        ("20 NOIEMBRIE 2025", "2025-11-20"),
        ("20 de novembre del 2025", "2025-11-20"),
        ("Nobyembre 20, 2025", "2025-11-20"),
        ("20 בנובמבר 2025", "2025-11-20"),
        ("20 تشرين الثاني/نوفمبر 2025", "2025-11-20"),
        ("20 tháng 11, 2025", "2025-11-20"),
        ("20 กรกฎาคม 2568", "2025-07-20"),
        ("20 พ.ย. 2568 10:15", "2025-11-20T10:15:00"),
        ("20.11.2568", "2025-11-20"),
        ("٢٠ نوفمبر ٢٠٢٥", "2025-11-20"),
        ("۲۰۲۵/۱۱/۲۰", "2025-11-20"),
        ("२० नवंबर २०२५", "2025-11-20"),
        ("২০ নভেম্বর ২০২৫", "2025-11-20"),
        ("๒๐ พฤศจิกายน ๒๕๖๘", "2025-11-20"),
        ("民國114年11月20日", "2025-11-20"),
        ("令和7年11月20日", "2025-11-20"),
        ("20-Nov-2025", "2025-11-20"),
        ("2019. 3. 5.", "2019-03-05"),
        ("20. 11. 2025", "2025-11-20"),
        ("20251120T101500Z", "2025-11-20T10:15:00Z"),
        ("20251120", "2025-11-20"),
        ("Thu Nov 20 10:15:00 2025", "2025-11-20T10:15:00"),
        ("Thu Nov 20 10:15:00 +0000 2025", "2025-11-20T10:15:00+00:00"),
        ("Thu Nov 20 2025 10:15:00 GMT+0100 (CET)", "2025-11-20T10:15:00+01:00"),
        ("20 persons of 3 towns met in November 2025", None),
        ("Article 20251120 of the archive", None),
        ("1763633700", None),
        ("04/09/2025", None),
        ("20. listopada 2025", None),
        ("2025", None),
    ],
)
def test_forms_of_dates(text, date):
    assert find_date(text) == date


@pytest.mark.parametrize(("language", "month"), [("hr", "10"), ("pl", "11"), ("en", None)])
def test_a_name_of_two_months_means_the_month_of_the_language_of_the_page(language, month):
    date = f"2025-{month}-20" if month else None
    assert find_date("20. listopada 2025", language=language) == date


@pytest.mark.parametrize("epoch", ["1763633700", "1763633700123", "1763633700.5"])
def test_seconds_since_1970_are_a_time_only_in_values_for_programs(epoch):
    assert find_date(epoch, coded=True) == "2025-11-20T10:15:00Z"
    assert find_date(epoch) is None


# Words between a day and a year in other languages, and a mark in a name.
UNREAD = {
    ("mrh", "di"),
    ("dua", "di"),
    ("sc", "ghe"),
    ("luo", "dan"),
    ("yrl", "ye"),
    ("byn", "ም/ት"),
    ("byn", "ም/ም"),
}


def test_every_month_of_every_locale_is_read():
    unread = {
        (language, name)
        for language, name, number in months_of_the_cldr()
        if find_date(f"20 {name} 2025", language=language) != f"2025-{number:02}-20"
    }
    # Python knows no letters of the Sunuwar script; Shavian begins a name with a dot.
    assert {
        (language, name) for language, name in unread if language != "suz" and name[0] != "·"
    } == UNREAD


def months_of_the_cldr():
    found = set()
    for identifier in localedata.locale_identifiers():
        try:
            locale = Locale.parse(identifier)
        except ValueError:
            continue
        for widths in locale.months.values():
            for width in ("wide", "abbreviated"):
                names = {number: folded(name) for number, name in widths.get(width, {}).items()}
                if len(set(names.values())) == 12 and not any(map(has_digit, names.values())):
                    found.update((locale.language, name, number) for number, name in names.items())
    return sorted(found)


def has_digit(name):
    return any(map(str.isdigit, name)) or name.endswith("月")


def test_the_calendar_file_equals_the_cldr():
    spec = importlib.util.spec_from_file_location("calendar_names", SCRIPTS / "calendar_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.calendar()
    kept = module.json.loads(module.OUTPUT.read_text("utf-8"))
    assert kept == module.json.loads(module.json.dumps(made))


def test_other_words_are_no_months():
    assert month_of("marchers", inflected=False) is None
    assert [month_of(word) for word in ("persons", "updated", "read", "http")] == [None] * 4


@pytest.mark.parametrize(
    ("date", "may"),
    [
        ("2026-11-21", True), ("2026-11-22", False), ("2026-11-21T10:00:00Z", True),
        ("2026-11-21T10:00:01Z", False), ("2026-11-21T12:00:00+02:00", True),
        ("2026-11-21T11:00:00", False), ("2020-01-01", True),
    ],
)  # fmt: skip
def test_a_date_after_the_fetch_is_no_date_of_the_page(date, may):
    hints = DateHints(latest=latest_of("2026-11-20T10:00:00Z"))
    assert (hints.find(date) == date) is may
    assert DateHints(latest=latest_of(None)).find(date) == date
    assert latest_of("yesterday") is None
    assert latest_of("2026-11-20T10:00:00") == dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("line", "published", "modified"),
    [
        ("Updated 12 November 2026 | Published 3 November 2026", "2026-11-03", "2026-11-12"),
        ("3 November 2026 (updated 12 November 2026)", "2026-11-03", "2026-11-12"),
        ("Last updated: 12 Nov 2026", None, "2026-11-12"),
        ("Aktualisiert: 12.11.2026, Veröffentlicht: 3.11.2026", "2026-11-03", "2026-11-12"),
        ("Mis à jour le 12 novembre 2026 - Publié le 3 novembre 2026", "2026-11-03", "2026-11-12"),
        ("Actualizado: 12 de noviembre de 2026", None, "2026-11-12"),
        ("Aggiornato il 12 novembre 2026", None, "2026-11-12"),
        ("Обновлено: 12 ноября 2026, опубликовано 3 ноября 2026", "2026-11-03", "2026-11-12"),
        ("Son Güncelleme: 12 Kasım 2026, Yayınlanma: 3 Kasım 2026", "2026-11-03", "2026-11-12"),
        ("2026年11月3日 公開 2026年11月12日 更新", "2026-11-03", "2026-11-12"),
        ("发布时间：2026-11-03 更新时间：2026-11-12", "2026-11-03", "2026-11-12"),
        (
            "입력 2026.11.03 10:15 | 수정 2026.11.12 11:00",
            "2026-11-03T10:15:00",
            "2026-11-12T11:00:00",
        ),
        ("3 November 2026 - 10:15 (Updated at 11:00)", "2026-11-03T10:15:00", None),
        ("Today is Friday, November 20, 2026", None, None),
        ("© 2026-01-01 Valley Post", None, None),
    ],
)
def test_labels_in_a_line_tell_published_and_modified_dates(line, published, modified):
    assert dates_in(line, DateHints(day_first=True)) == (published, modified)


def test_a_label_alone_belongs_to_the_line_below():
    lines = ["Last updated", "12 November 2026", "Published", "3 November 2026", "By Ada Quill"]
    assert dates_of(lines, DateHints(), words=14) == ("2026-11-03", "2026-11-12")


@pytest.mark.parametrize(
    ("text", "day_first", "date"),
    [
        ("11/20/25", False, "2025-11-20"),
        ("20/11/25 10h20", True, "2025-11-20T10:20:00"),
        ("04/09/25", None, None),
        ("Published on 11/20/25", None, "2025-11-20"),
        ("20.11.25", None, "2025-11-20"),
        ("1.2.25", None, None),
        ("Nov 20, '25", None, "2025-11-20"),
        ("20 Nov ’25", None, "2025-11-20"),
        ("20-Nov-25", None, "2025-11-20"),
        ("20.Nov.25", None, "2025-11-20"),
        ("20 Nov 10:25", None, None),
        ("20 Nov. 25", None, "2025-11-20"),
        ("20 พ.ย. 68", None, "2025-11-20"),
        ("20 พฤศจิกายน พ.ศ. 2568", None, "2025-11-20"),
        ("Thu Nov 20 10:15:00 EST 2025", None, "2025-11-20T10:15:00-05:00"),
        ("2025. 11. 20.", None, "2025-11-20"),
        ("20251120", None, "2025-11-20"),
        ("202511201015", None, "2025-11-20T10:15:00"),
        ("24/7/365", None, None),
        ("Wed, 07/05/2023 - 10:00", None, "2023-07-05T10:00:00"),
        ("Fri, 07/05/2024", None, "2024-07-05"),
        ("Tue, 07/11/2023 - 17:57", None, None),
    ],
)
def test_short_years_and_digits_alone(text, day_first, date):
    assert find_date(text, day_first=day_first) == date


def test_a_superscript_beside_a_date_is_no_number():
    assert find_date("120 m\u00b2, seit 3. Mai 2026 zu haben", language="de") == "2026-05-03"
    assert find_date("\u00b2 3 May 2026") == "2026-05-03"
