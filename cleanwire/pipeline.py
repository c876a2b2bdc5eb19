"""The whole pipeline on a plain iterable: batch mode, and the oracle of the stream.

Invariant: for the same raw-page events in the same order, its outcomes are those that the stream
publishes, field by field.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import Deduper, outcome_event
from cleanwire.dedupe.policy import Window
from cleanwire.errors import PageRejected
from cleanwire.events import Article, CleanArticle, DuplicateArticle, Rejection, Source
from cleanwire.page.formats.raw_record import RawRecord
from cleanwire.similarity.index import Thresholds

OutcomeEvent = CleanArticle | DuplicateArticle | Rejection
"""What becomes of one raw-page event."""


class Pipeline:
    """Clean, compare and decide, page by page.

    Args:
        window: how long articles are known, in event time.
        thresholds: when two texts are one story.
        most_bytes: the oldest articles are evicted above this much content; None for no bound.
        max_page_bytes: a larger body is rejected as `too-large`; None for no limit.
        require_article: whether a page that is no article is rejected.
    """

    def __init__(
        self,
        *,
        window: Window | None = None,
        thresholds: Thresholds | None = None,
        most_bytes: int | None = None,
        max_page_bytes: int | None = None,
        require_article: bool = True,
    ) -> None:
        self._deduper = Deduper(window=window, thresholds=thresholds, most_bytes=most_bytes)
        self._max_page_bytes = max_page_bytes
        self._require_article = require_article

    def process(
        self,
        value: bytes | RawRecord | None,
        source: Source,
        *,
        received_at: float | None = None,
        is_replay: bool = False,
    ) -> OutcomeEvent:
        """The outcome of one raw page.

        Args:
            value: the record as it is in Kafka; or the value alone of a raw-page event.
            source: where the event came from.
            received_at: when it was received, in seconds since the epoch; caps its event time.
            is_replay: whether its page was put on the bus again after a fix of the cleaner.
        """
        try:
            article = clean_event(
                value,
                max_page_bytes=self._max_page_bytes,
                require_article=self._require_article,
            )
            return self.decide(article, source, received_at=received_at, is_replay=is_replay)
        except PageRejected as error:
            return rejection(error, source)

    def decide(
        self,
        article: Article,
        source: Source,
        *,
        received_at: float | None = None,
        is_replay: bool = False,
    ) -> CleanArticle | DuplicateArticle:
        """The outcome of an article that was cleaned elsewhere.

        Args:
            article: the article.
            source: where its page came from.
            received_at: when the page was received, in seconds since the epoch; caps its event
                time.
            is_replay: whether its page was put on the bus again after a fix of the cleaner.

        Raises:
            Withdrawn: the article was taken down.
        """
        decision = self._deduper.decide(article, received_at, is_replay=is_replay)
        return outcome_event(article, source, decision)

    def withdraw(
        self, *, ids: Collection[str] = (), pages: Collection[bytes] = (), at: float | None = None
    ) -> Sequence[str]:
        """Take articles down, as `Deduper.withdraw` does; returns the ids of all of them."""
        return self._deduper.withdraw(ids=ids, pages=pages, at=at)

    def run(
        self, pages: Iterable[tuple[bytes | RawRecord | None, Source]]
    ) -> Iterator[OutcomeEvent]:
        """The outcomes of many raw pages, in the same order, one at a time."""
        for value, source in pages:
            yield self.process(value, source)


def rejection(error: PageRejected, source: Source) -> Rejection:
    """The rejection of a page, as an event."""
    return Rejection(reason=error.reason, detail=error.detail, source=source)
