"""A model of the stage `dedupe`: shards with inboxes and changelogs, crashes and redelivery."""

from hypothesis import strategies as st

from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import DAY, Candidate
from cleanwire.dedupe.records import pack_matches, pack_record, unpack_matches, unpack_record
from cleanwire.dedupe.shard import Shard, home
from cleanwire.similarity.key_table import hash_of
from cleanwire.similarity.minhash import signature
from helpers.stories import NOW, story

WIDTH = DAY


NO_CAP = 10_000


TEXTS = [
    story(number, 90) + " " + story(tail, length)
    for number in range(4)
    for tail, length in ((8, 0), (8, 12), (9, 40), (7, 400))
] + [" ".join(story(number, 90).split()[:30]) for number in range(4)]


SIGNATURES = [signature(text) for text in TEXTS]


pages = st.tuples(
    st.integers(0, len(TEXTS) - 1),  # which text
    st.integers(0, 6),  # on which page
    st.integers(0, 36),  # on which day
    st.integers(0, 3),  # how much later than its place it was fetched
)


def candidate(sequence, page, name=None, **more):
    text, url, day, late = page
    return Candidate(
        id=name or hash_of(f"{sequence}").hex(),
        url=f"https://u{url}.example/",
        url_key=hash_of(f"https://u{url}.example/"),
        signature=SIGNATURES[text],
        fetched=NOW + day * DAY + sequence - 2 * late,
        event_time=NOW + day * DAY,
        sequence=sequence,
        **more,
    )


class Bus:
    """Shards with their inboxes and changelogs; what is not committed is delivered again."""

    def __init__(self, shards):
        self.count = shards
        self.inboxes = [[] for _ in range(shards)]
        self.logs = [[] for _ in range(shards)]
        self.done = [0] * shards
        self.committed = [0] * shards
        self.shards = [self.new(number) for number in range(shards)]
        self.outcomes = {}
        self.refused = set()

    def new(self, number):
        return Shard(number=number, shards=self.count, cap=NO_CAP)

    def work(self, number):
        if self.done[number] == len(self.inboxes[number]):
            return False
        arrived = self.inboxes[number][self.done[number]]
        shard = self.shards[number]
        if arrived[0] is None:
            writes = shard.drop(*arrived[1:])
        elif isinstance(arrived[0], Takedown):
            writes = []
            if number + 1 < self.count:
                self.inboxes[number + 1].append(arrived)
            else:
                done = shard.withdraw(arrived[0])
                writes = done.writes
                self.note(done.dropped, arrived[0].sequence)
        else:
            article, carried = arrived
            step = shard.take(article, unpack_matches(carried))
            writes = step.writes
            if step.is_withdrawn:
                self.refused.add(article.sequence)
            elif step.decision is None:
                self.inboxes[number + 1].append((article, pack_matches(step.matches)))
            else:
                self.tell(article, step.decision)
            self.note(step.dropped, article.sequence)
        self.logs[number] += [
            (key, None if record is None else pack_record(record, WIDTH)) for key, record in writes
        ]
        self.done[number] += 1
        return True

    def tell(self, article, decision):
        """Whatever is delivered again has the outcome that it had."""
        assert self.outcomes.setdefault(article.sequence, decision) == decision

    def note(self, dropped, sequence):
        for name in dropped:
            self.inboxes[home(name, self.count)].append((None, name, sequence))

    def crash(self, number):
        """All that was sent is there; what was taken since the last commit comes again."""
        self.done[number] = self.committed[number]
        self.shards[number] = shard = self.new(number)
        for key, value in compacted(self.logs[number]):
            shard.apply(key, None if value is None else unpack_record(key, value, WIDTH))

    def go_on(self, draw):
        """Some work, commits and crashes."""
        for _ in range(draw.randint(0, 2 * self.count)):
            number = draw.randrange(self.count)
            happens = draw.random()
            if happens < 0.1:
                self.crash(number)
            elif happens < 0.3:
                self.committed[number] = self.done[number]
            else:
                self.work(number)

    def finish(self):
        while sum(self.work(number) for number in range(self.count)):
            pass


def compacted(log):
    """Of a key the latest record alone, where it stands."""
    latest = {key: place for place, (key, _) in enumerate(log)}
    return [log[place] for place in sorted(latest.values())]
