"""What the stream must give: the outcomes of `Pipeline` for the same values in the same order."""

import orjson

from cleanwire import Pipeline, Source
from cleanwire.events import CleanArticle, DuplicateArticle, to_dict
from cleanwire.similarity.index import Thresholds


def oracle(values):
    """What `Pipeline` makes of values on partition 0 of a topic, in that order."""
    pipeline = Pipeline(thresholds=Thresholds(near=0.45, excerpt=0.7))
    return [
        pipeline.process(value, Source(topic="raw-pages", partition=0, offset=offset))
        for offset, value in enumerate(values)
    ]


def assert_same(found, expected, topic):
    """One outcome per raw record, field by field the pipeline's."""
    for offset, outcome in enumerate(expected):
        ((name, event),) = found[0, offset]
        if isinstance(outcome, CleanArticle | DuplicateArticle):
            wanted = orjson.loads(orjson.dumps(to_dict(outcome)))
            wanted["source"]["topic"] = topic
            assert event == wanted
            assert name == ("clean" if isinstance(outcome, CleanArticle) else "duplicate")
        else:
            assert (name, event["reason"], event["detail"]) == (
                "rejected",
                outcome.reason,
                outcome.detail,
            )
