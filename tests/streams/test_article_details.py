"""Details of articles on a topic of their own: what is written, withdrawn, created and read."""

import orjson
import pytest

from cleanwire import Source
from cleanwire.dedupe.published import DETAILS, joined
from cleanwire.events import CleanArticle, from_json, to_dict
from cleanwire.explain import differences
from helpers.harness import (
    Worker,
    cleanwire,
    page,
    publish,
    records,
    wait_for_outcomes,
    wait_until,
)
from helpers.oracle import oracle
from helpers.schemas import example, validator
from streams.kafka import clients
from streams.kafka.topics import check_topics, ensure_topics
from streams.ops.audit import audit
from streams.testing.samples import sample_pages
from streams.testing.samples.stories import BRIDGE
from streams.web.articles.page_story import published_of
from streams.web.articles.record_reader import Found
from streams.web.store.model import Place
from streams.web.store.record import read_record

APART = {"article_details": "topic"}


@pytest.fixture
def apart(bare_settings):
    settings = bare_settings.model_copy(update=APART)
    ensure_topics(settings)
    return settings


def events(settings, topic):
    """The last event of each key of a topic, and the number of its partition."""
    return {
        record.key.decode(): (record.value and orjson.loads(record.value), record.partition)
        for record in records(settings, topic)
    }


def text_of(record):
    return {name: value.decode() for name, value in record.headers}


def assert_headers_fit(article, details):
    """The details have the headers of the article, and are an event of their own."""
    mine, theirs = text_of(details), text_of(article)
    assert details.key == article.key
    assert {name for name in mine if mine[name] != theirs[name]} == {
        "ce_source",
        "ce_type",
        "ce_dataschema",
    }
    assert mine["ce_dataschema"] == "urn:cleanwire:article-details:v1"
    assert mine["ce_type"] == "cleanwire.article-details.v1"
    # CloudEvents takes two records of one source and id for one event.
    assert (mine["ce_source"], mine["ce_id"]) != (theirs["ce_source"], theirs["ce_id"])


@pytest.mark.broker
def test_an_article_and_its_details_are_together_what_the_article_was(apart):
    values = [sample.value for sample in sample_pages()]
    with Worker(apart):
        publish(apart, values, partition=0)
        wait_for_outcomes(apart, len(values))
        wanted = {one.id: one for one in oracle(values) if isinstance(one, CleanArticle)}
        articles, details = (
            events(apart, topic) for topic in (apart.topics.clean, apart.topics.details)
        )
        assert articles.keys() == details.keys() == wanted.keys()
        for name, (event, partition) in articles.items():
            apart_from_it, its_partition = details[name]
            assert not set(DETAILS) & event.keys()
            validator("clean-article").validate(event)
            validator("article-details").validate(apart_from_it)
            assert its_partition == partition
            whole = orjson.loads(orjson.dumps(to_dict(wanted[name])))
            whole["source"]["topic"] = apart.topics.raw
            assert joined(event, apart_from_it) == whole
            assert {one: whole[one] for one in apart_from_it} == apart_from_it
        assert_headers_fit(
            *(records(apart, topic)[0] for topic in (apart.topics.clean, apart.topics.details))
        )
        # A candidate that is delivered again repeats both records.
        before = {
            topic: len(records(apart, topic))
            for topic in (apart.topics.clean, apart.topics.details)
        }
        again = [record.value for record in records(apart, apart.topics.candidates)]
        publish(apart, [*again, *again], topic=apart.topics.candidates, partition=0)
        wait_until(
            lambda: len(records(apart, apart.topics.clean)) == 3 * before[apart.topics.clean]
        )
        wait_until(
            lambda: len(records(apart, apart.topics.details)) == 3 * before[apart.topics.details]
        )
        assert events(apart, apart.topics.details) == details
    report, unreadable = audit(apart)
    assert report.holds
    assert not unreadable


@pytest.mark.broker
@pytest.mark.parametrize(("shards", "then"), [(1, "topic"), (3, "inline")])
def test_a_takedown_reaches_details_and_flat_articles_whatever_the_settings_have_become(
    bare_settings, shards, then
):
    first = bare_settings.model_copy(
        update={**APART, "flat_articles": True, "dedupe_shards": shards}
    )
    ensure_topics(first)
    story = page(1, text=" ".join(BRIDGE.paragraphs))
    with Worker(first) as worker:
        publish(first, [story, page(2)], partition=0)
        ((_, event),) = wait_for_outcomes(first, 2)[0, 0]
        assert worker.stop() == 0
    update = {"article_details": then, "flat_articles": then == "topic"}
    second = first.model_copy(update=update)
    with Worker(second) as worker:
        done = cleanwire(second, "takedown", event["id"])
        assert done.returncode == 0, done.stderr
        # A replay of the withdrawn page sends the tombstones once more.
        publish(second, [story], partition=0)
        wait_for_outcomes(second, 3)
        assert worker.stop() == 0
    for topic in (second.topics.clean, second.topics.details, second.topics.flat):
        values = [r.value for r in records(second, topic) if r.key.decode() == event["id"]]
        assert [value is None for value in values] == [False, True, True], topic
    assert (
        sum(value is not None for value, _ in events(second, second.topics.details).values()) == 1
    )
    assert audit(second)[0].holds


@pytest.mark.broker
def test_the_topic_is_made_and_asked_for_only_by_the_setting(settings):
    topic = settings.topics.details
    with clients.admin(settings) as admin:
        assert topic not in admin.list_topics()
    apart = settings.model_copy(update=APART)
    assert [str(one) for one in check_topics(apart)] == [f"{topic} is missing"]
    refused = cleanwire(apart, "worker", "--without-web")
    assert refused.returncode == 3
    assert f"{topic} is missing" in refused.stderr.decode()
    assert ensure_topics(apart) == [topic]
    assert check_topics(apart) == check_topics(settings) == []


@pytest.mark.broker
def test_a_topic_that_a_consumer_let_the_brokers_create_is_named(settings):
    # Brokers create a topic that somebody subscribes to, with options of their own.
    apart = settings.model_copy(update=APART)
    with clients.admin(apart) as admin:
        admin.create_topics({apart.topics.details: {"num_partitions": 1, "replication_factor": 1}})
    told = {(one.what, one.found) for one in check_topics(apart)}
    assert told >= {("partitions", "1"), ("cleanup.policy", "delete")}
    refused = cleanwire(apart, "worker", "--without-web")
    assert refused.returncode == 3
    assert f"{apart.topics.details} has" in refused.stderr.decode()


@pytest.mark.broker
def test_the_topic_has_as_many_partitions_as_the_articles_have_and_not_as_are_set(settings):
    more = settings.model_copy(update={**APART, "raw_partitions": settings.raw_partitions + 3})
    assert cleanwire(more, "topics", "--grow", "--yes").returncode == 3
    ensure_topics(more)
    assert cleanwire(more, "topics", "--grow", "--yes").returncode == 0
    with clients.consumer(more) as consumer:
        found = {
            topic: consumer.partitions_for_topic(topic)
            for topic in (more.topics.clean, more.topics.details, more.topics.raw)
        }
    assert found[more.topics.clean] == found[more.topics.details] == {0, 1, 2, 3}
    assert len(found[more.topics.raw]) == 7
    assert check_topics(more) == []
    with clients.admin(more) as admin:
        admin.create_partitions({more.topics.details: 5})
    (difference,) = check_topics(more)
    assert str(difference) == f"{more.topics.details} has partitions=5, not 4"


@pytest.mark.broker
def test_the_setting_is_switched_there_and_back_and_each_article_stays_as_it_was(bare_settings):
    ensure_topics(bare_settings)
    apart = bare_settings.model_copy(update=APART)
    ensure_topics(apart)
    for number, settings in enumerate((bare_settings, apart, bare_settings)):
        with Worker(settings) as worker:
            publish(settings, [page(number)], partition=0)
            found = wait_for_outcomes(settings, number + 1)
            ((name, _),) = found[0, number]
            assert name == "clean"
            assert worker.stop() == 0
    forms = {
        event["source"]["offset"]: "signature" in event
        for event, _ in events(apart, apart.topics.clean).values()
    }
    assert forms == {0: True, 1: False, 2: True}
    assert len(records(apart, apart.topics.details)) == 1


@pytest.mark.parametrize("lacking", [(), ("blocks",), DETAILS])
def test_a_published_article_is_read_in_either_form(lacking):
    event = {name: value for name, value in example("clean-article").items() if name not in lacking}
    article, why = published_of(Found(value=orjson.dumps(event)))
    assert why == ""
    whole = CleanArticle(
        **from_json(example("clean-article") | {"source": Source(**event["source"])})
    )
    assert article.text == whole.text
    assert differences(whole, article) == ()


def test_the_view_keeps_no_headline_of_a_duplicate():
    """A takedown of the original leaves the row of its copy, and no words of the story may stay."""
    place = Place(topic="duplicate-articles", partition=0, offset=1)
    event = example("duplicate-article")
    seen = read_record("duplicate", place, None, orjson.dumps(event), (), 1)
    assert event["title"]
    assert seen.title is None


def test_joining_leaves_what_is_whole_and_needs_details_for_what_is_not():
    whole = example("clean-article")
    details = example("article-details")
    event = {name: value for name, value in whole.items() if name not in DETAILS}
    assert joined(event, details) == whole
    assert joined(whole, details) == joined(whole, None) == whole
    assert joined(event, None) == event
