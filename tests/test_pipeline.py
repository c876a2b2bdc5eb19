import dataclasses

import pytest

import cleanwire
from cleanwire import CleanArticle, Deduper, DuplicateArticle, Pipeline, Source, clean_page
from cleanwire.errors import REASONS, NoArticle, PageRejected
from streams.testing.samples import sample_pages


def fate(outcome):
    if isinstance(outcome, CleanArticle):
        return "clean"
    if isinstance(outcome, DuplicateArticle):
        return f"duplicate/{outcome.kind}"
    return f"rejected/{outcome.reason}"


def test_every_sample_page_has_the_outcome_it_is_there_for():
    pipeline = Pipeline()
    place = Source(topic="raw-pages", partition=0, offset=0)
    found = {s.name: fate(pipeline.process(s.value, place)) for s in sample_pages()}
    assert found == {sample.name: sample.expected for sample in sample_pages()}


def test_run_is_process_for_every_page():
    values = [
        (sample.value, Source(topic="t", partition=0, offset=n))
        for n, sample in enumerate(sample_pages())
    ]
    one, other = Pipeline(), Pipeline()
    assert list(one.run(values)) == [other.process(*page) for page in values]


STORY = "<h1>Ferry opens</h1>" + "".join(
    f"<p>The ferry number {n} left the harbour with all its passengers on board.</p>"
    for n in range(9)
)


def test_the_library_cleans_and_compares():
    deduper = Deduper()
    article = clean_page(
        STORY, url="https://a.example/1?utm_source=x", fetched_at="2026-11-03T10:00:00Z"
    )
    assert article.title == "Ferry opens"
    assert article.text.count("\n\n") == 8
    assert deduper.add(article).outcome == "clean"
    copy = clean_page(STORY.encode(), url="https://b.example/", content_type="text/html")
    verdict = deduper.add(copy)
    assert verdict.is_duplicate
    assert verdict.duplicate_of == article.id
    again = clean_page(STORY, url="https://a.example/1", fetched_at="2026-11-04T10:00:00Z")
    assert deduper.add(again).outcome == "recrawl"


def test_pages_without_a_url_are_pages_of_their_own():
    deduper = Deduper()
    other = STORY.replace("ferry", "balloon").replace("passengers", "sandbags on the deck")
    assert deduper.add(clean_page(STORY)).outcome == "clean"
    assert deduper.add(clean_page(other)).revision == 1


def test_the_exception_tree_has_one_leaf_per_reason():
    assert all(issubclass(leaf, PageRejected) for leaf in REASONS.values())
    assert {leaf.reason for leaf in PageRejected.__subclasses__()} == set(REASONS)
    with pytest.raises(NoArticle, match="no-article"):
        clean_page("")


def test_the_public_api_is_pinned():
    assert cleanwire.__all__ == sorted(cleanwire.__all__)
    assert set(cleanwire.__all__) == {
        "Article", "CleanArticle", "CleanwireError", "Deduper", "DuplicateArticle", "PageRejected",
        "Pipeline", "RawPage", "Rejection", "Source", "Thresholds", "Verdict", "Window", "clean_page",
    }  # fmt: skip


def test_a_signature_of_another_version_is_made_anew():
    deduper = Deduper()
    article = clean_page(STORY, url="https://a.example/1")
    foreign = dataclasses.replace(article, signature="AgAA")
    assert deduper.add(foreign).outcome == "clean"
    assert deduper.add(clean_page(STORY, url="https://b.example/1")).outcome == "exact"
