"""The words of all languages: the file, and the expressions that are built from it."""

import ast
import json
import re
import re._parser as parser
from pathlib import Path

import pytest

import cleanwire.extract
from cleanwire.extract import vocabulary
from cleanwire.extract.body import comments
from cleanwire.extract.metadata import date_labels
from cleanwire.extract.metadata.authors import line_authors, person_names

ROOT = Path(cleanwire.extract.__file__).parent
ENTRIES = [
    (language, category, entry)
    for language, categories in vocabulary.LANGUAGES.items()
    for category, entries in categories.items()
    for entry in entries
]


def asked_for():
    """The categories that modules name in calls of the vocabulary."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "alternation",
                "by_language",
                "words",
            ):
                found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    return found


def repetitions(tree):
    """The quantifiers in a parsed expression: the most repetitions, and those inside."""
    for operation, argument in tree:
        if operation in (parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT):
            yield argument[1], list(repetitions(argument[2]))
        elif operation is parser.SUBPATTERN:
            yield from repetitions(argument[3])
        elif operation in (parser.ASSERT, parser.ASSERT_NOT):
            yield from repetitions(argument[1])
        elif operation is parser.BRANCH:
            for branch in argument[1]:
                yield from repetitions(branch)


def test_modules_ask_for_the_categories_that_exist_and_for_all_of_them():
    # date_labels builds the names of its six categories from the three kinds.
    built = {f"{kind}{end}" for kind in date_labels.KINDS for end in ("", "_unspaced")}
    assert asked_for() | built == set(vocabulary.CATEGORIES)
    assert {category for _, category, _ in ENTRIES} == set(vocabulary.CATEGORIES)


def test_the_file_is_sorted():
    text = (ROOT / vocabulary.FILE).read_text("utf-8")
    data = json.loads(text)
    assert text == json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    for categories in data["languages"].values():
        for entries in categories.values():
            assert entries == sorted(set(entries))


def test_languages_are_primary_subtags():
    assert all(re.fullmatch("[a-z]{2,3}", language) for language in vocabulary.LANGUAGES)


def test_entries_are_in_lower_case_where_texts_are():
    cased = {"author_class_parts", "date_class_parts", "beside"}
    assert all(entry == entry.lower() for _, category, entry in ENTRIES if category not in cased)


def test_entries_are_single_lines_of_single_blanks():
    assert all(entry and entry == " ".join(entry.split()) for _, _, entry in ENTRIES)


@pytest.mark.parametrize(
    "entry", sorted({entry for _, _, entry in ENTRIES if vocabulary.is_pattern(entry)})
)
def test_patterns_compile_and_are_bounded(entry):
    compiled = re.compile(entry[1:-1])
    assert compiled.groups == 0
    assert not compiled.fullmatch("")
    for most, inside in repetitions(parser.parse(entry[1:-1])):
        assert most is not parser.MAXREPEAT
        assert not inside


@pytest.mark.parametrize("category", sorted(vocabulary.CATEGORIES))
def test_an_alternation_reads_each_of_its_words_whole(category):
    compiled = re.compile(rf"(?:{vocabulary.alternation(category)})(?!\w)", re.IGNORECASE)
    for entries in vocabulary.by_language(category).values():
        for entry in entries:
            if not vocabulary.is_pattern(entry):
                assert compiled.match(entry)[0] == entry


def test_unknown_categories_and_misplaced_patterns_are_errors(monkeypatch):
    with pytest.raises(KeyError, match="nothing"):
        vocabulary.words("nothing")
    with pytest.raises(ValueError, match="a pattern"):
        vocabulary.words("no_author")
    monkeypatch.setattr(vocabulary, "LANGUAGES", {})
    with pytest.raises(ValueError, match="no words"):
        vocabulary.alternation("by")


def test_words_are_the_longest_first_and_each_once(monkeypatch):
    languages = {"qaa": {"by": ["b", "aa", "c"]}, "qab": {"by": ["aa", "a"]}}
    monkeypatch.setattr(vocabulary, "LANGUAGES", languages)
    assert vocabulary.words("by") == ("aa", "a", "b", "c")
    assert vocabulary.by_language("by") == {"qaa": ("b", "aa", "c"), "qab": ("aa", "a")}
    assert vocabulary.words("written") == ()


@pytest.fixture
def made_up(monkeypatch):
    """A made-up language, added to the loaded data and not to the file."""
    words = {
        "by": ["zorb"],
        "by_or_name": ["zorb"],
        "written": ["klaat"],
        "join": ["ux"],
        "roles": ["skrivlo"],
        "published": ["eldrupt"],
        "modified": ["vandrupt"],
        "comment_headings": ["mumblor"],
        "comment_sections": ["mumblor"],
    }
    monkeypatch.setitem(vocabulary.LANGUAGES, "qaa", words)


def read_line(line):
    return line_authors.authors_in_lines([line], (), language="qaa")


@pytest.mark.usefixtures("made_up")
def test_a_byline_of_a_new_language_is_read(monkeypatch):
    assert read_line("Klaat zorb Ada Quill | 3") == ()
    monkeypatch.setattr(line_authors, "_BYLINE", line_authors.byline_pattern())
    assert read_line("Klaat zorb Ada Quill | 3") == ("Ada Quill",)
    assert read_line("Zorb Ada Quill | 3") == ("Ada Quill",)


@pytest.mark.usefixtures("made_up")
def test_a_name_in_an_element_of_a_new_language_is_read(monkeypatch):
    monkeypatch.setattr(person_names, "_LABELLED", person_names.labelled_pattern())
    monkeypatch.setattr(person_names, "_BY", person_names.by_pattern())
    monkeypatch.setattr(person_names, "_LANGUAGES_OF_BY", person_names.languages_of_by())
    monkeypatch.setattr(person_names, "_BY_OR_NAME", frozenset(vocabulary.words("by_or_name")))
    monkeypatch.setattr(person_names, "_SPLIT", person_names.split_pattern())
    byline = "Klaat zorb Ada Quill ux Bo Marsh"
    assert person_names.names([byline], language="qaa") == ("Ada Quill", "Bo Marsh")
    # The word is `by` in its own language, and may be a name in every other language.
    assert person_names.names(["Zorb Ada Quill"], single=True, language="en") == ("Zorb Ada Quill",)
    assert person_names.names(["Zorb Ada Quill"], single=True, language="qaa") == ("Ada Quill",)


@pytest.mark.usefixtures("made_up")
def test_labels_of_dates_of_a_new_language_are_read(monkeypatch):
    monkeypatch.setattr(date_labels, "_LABEL", date_labels.label_pattern())
    assert date_labels.kind_of("Eldrupt 3") == "published"
    assert date_labels.kind_of("Vandrupt 3") == "modified"


@pytest.mark.usefixtures("made_up")
def test_comments_of_a_new_language_are_looked_for(monkeypatch):
    assert comments.kind_by_names("div", ' class="mumblor-list"') == 0
    monkeypatch.setattr(comments, "_SECTIONS", comments.section_names())
    monkeypatch.setattr(comments, "_STEMS", comments.stems())
    assert comments.kind_by_names("div", ' class="mumblor-list"') == comments.SECTION
