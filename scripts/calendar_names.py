#!/usr/bin/env python3
"""Names of months and of halves of the day: the CLDR -> cleanwire/extract/metadata/calendar.json.

    python scripts/calendar_names.py           write the file
    python scripts/calendar_names.py --check   say whether it is what the CLDR has

The data come from Babel, a dependency of development only. The months are those of every locale, in
full and abbreviated, both as in a date and standing alone. A name that means the same month in all
widely written languages is read on every page. A name that means two months, or a short name of a
language that few pages are written in, is read only if the page declares that language.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

from babel import Locale, localedata

from cleanwire.extract.metadata.months import folded

OUTPUT = (
    Path(__file__).resolve().parents[1] / "cleanwire" / "extract" / "metadata" / "calendar.json"
)

WIDELY_WRITTEN = frozenset(
    (
        "af ar az be bg bn bs ca cs cy da de el en es et eu fa fi fil fr ga gl gu he hi hr hu hy "
        "id is it ja ka kk km kn ko ky lo lt lv mk ml mn mr ms my nb ne nl nn no pa pl ps pt ro "
        "ru si sk sl sq sr sv sw ta te th tr uk ur uz vi zh"
    ).split()
)
"""Languages whose short names are read on every page, because most pages are written in them."""

NOON = 12 * 60 * 60
LONG_ENOUGH = 4
"""Names with fewer letters are also words of other languages."""

Names = dict[str, dict[str, set[int]]]
"""Folded name -> language -> months that it means in that language."""


def calendar() -> dict[str, object]:
    """The content of the file: months by name, months by language and name, halves of the day."""
    everywhere: dict[str, int] = {}
    by_language: dict[str, dict[str, int]] = defaultdict(dict)
    for name, languages in sorted(month_names().items()):
        meanings = {
            language: min(found) for language, found in languages.items() if len(found) == 1
        }
        wide = {number for language, number in meanings.items() if language in WIDELY_WRITTEN}
        if not wide and len(name) >= LONG_ENOUGH:
            wide = set(meanings.values())
        common = min(wide) if len(wide) == 1 else None
        if common is not None:
            everywhere[name] = common
        for language, number in meanings.items():
            if number != common:
                by_language[language][name] = number
    halves = {half: sorted(names) for half, names in day_halves().items()}
    return {"months": everywhere, "by_language": dict(sorted(by_language.items()))} | halves


def locales() -> list[Locale]:
    """All locales of the CLDR that Babel can read."""
    found = []
    for identifier in localedata.locale_identifiers():
        try:
            found.append(Locale.parse(identifier))
        except ValueError:
            continue
    return found


def month_names() -> Names:
    """All names of months, folded, without those with digits, which are read without a list."""
    names: Names = defaultdict(lambda: defaultdict(set))
    for locale in locales():
        for widths in locale.months.values():
            for width in ("wide", "abbreviated"):
                for number, name in widths.get(width, {}).items():
                    key = folded(name)
                    if key and not any(map(str.isdigit, key)) and not key.endswith("月"):
                        names[key][locale.language].add(number)
    return names


def day_halves() -> dict[str, set[str]]:
    """Names of the halves of the day and of periods within one, in widely written languages."""
    found: dict[str, set[str]] = {"am": set(), "pm": set()}
    for locale in locales():
        if locale.language not in WIDELY_WRITTEN:
            continue
        periods = {"am": "am", "pm": "pm"} | hours(locale)
        for widths in locale.day_periods.values():
            for width in ("wide", "abbreviated"):
                for period, half in periods.items():
                    if name := widths.get(width, {}).get(period):
                        found[half].add(" ".join(name.casefold().split()))
    both = found["am"] & found["pm"]
    return {half: {name for name in names - both if len(name) > 1} for half, names in found.items()}


def hours(locale: Locale) -> dict[str, str]:
    """Periods that lie within one half of the day, such as "in the evening", and that half."""
    found = {}
    for rules in locale.day_period_rules.values():
        for period, spans in rules.items():
            if all("from" in span and "before" in span for span in spans):
                if all(span["from"] < span["before"] <= NOON for span in spans):
                    found[period] = "am"
                elif all(NOON <= span["from"] < span["before"] for span in spans):
                    found[period] = "pm"
    return found


def main() -> int:
    """Write the file, or say whether it has what the CLDR has; returns 1 if it does not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    text = json.dumps(calendar(), ensure_ascii=False, indent=0, sort_keys=True) + "\n"
    if arguments.check:
        same = OUTPUT.read_text("utf-8") == text
        print(f"{OUTPUT.name} is {'what' if same else 'not what'} the CLDR has")
        return int(not same)
    OUTPUT.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
