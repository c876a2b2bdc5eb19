"""A store of the view, open, with its queries at hand."""

import datetime as dt

from helpers.view_records import NOW
from streams.web.store import damage, search
from streams.web.store.bounds import Bounds
from streams.web.store.model import Filter
from streams.web.store.writer import Writer

AGE = dt.timedelta(days=30)
DAY = 86_400_000


class Opened:
    """A store that is open, with a clock of its own."""

    def __init__(self, folder, *, most_bytes=1 << 30, age=AGE):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.now = NOW
        self.connection = damage.connect(folder)
        self.writer = Writer(
            self.connection, Bounds(most_bytes=most_bytes, age=age), lambda: self.now
        )

    def enter(self, *entries):
        self.writer.enter(entries, [])

    def found(self, **wanted):
        return [one.record for one in search.search(self.connection, Filter(**wanted)).items]

    def bytes(self):
        return b"".join(path.read_bytes() for path in self.folder.iterdir())
