"""Records of the outcome topics as a store takes them, and a naive model of the store."""

import dataclasses

from cleanwire.urls import normalize_url
from streams.web.store.model import OutcomeRecord, Place, Tombstone

NOW = 1_800_000_000_000
TOPICS = {
    "clean": "clean-articles",
    "duplicate": "duplicate-articles",
    "rejected": "rejected-pages",
}


def name_of(number):
    return f"{number:032x}"


def outcome(number, kind, **more):
    """An outcome of raw page `number`, at offset `number` of its topic."""
    topic = (
        "clean"
        if kind in {"new", "revision"}
        else "duplicate"
        if kind in {"recrawl", "exact", "near", "excerpt"}
        else "rejected"
    )
    base = {
        "place": Place(topic=TOPICS[topic], topic_id="t", partition=0, offset=number),
        "at": NOW - 1000 * (1000 - number),
        "outcome": topic,
        "kind": kind,
        "source": Place(topic="raw-pages", topic_id="r", partition=0, offset=number),
    }
    if topic != "rejected":
        base |= {"article": name_of(number), "url": f"https://s{number}.example/a"}
        base |= {"site": f"s{number}.example", "fetched": base["at"] - 5000}
    return OutcomeRecord(**base | more)


class Model:
    """What a store holds, as a dict: no index, no database, and no shared code but the types."""

    def __init__(self, age_ms):
        self.age = age_ms
        self.rows = {}
        self.withdrawn = {}
        self.counted = []

    def enter(self, entry, now=NOW):
        if isinstance(entry, Tombstone):
            self._withdraw(entry.article, entry.at)
            return
        if entry.at < now - self.age:
            return
        if entry.kind == "withdrawn" and entry.article:
            self._withdraw(entry.article, entry.at)
        key = (entry.source, entry.kind)
        if key in self.rows:
            known = self.rows[key]
            if known.place != entry.place and known.place.offset < entry.place.offset:
                self.rows[key] = dataclasses.replace(known, place=entry.place)
            return
        self.counted.append(entry)
        self.rows[key] = entry
        before = len(self.rows)
        self._apply()
        if len(self.rows) < before:
            # It was not let in.
            self.counted.pop()

    def _withdraw(self, article, at):
        known = self.withdrawn.setdefault(article, {"at": at, "url": None, "fetched": None})
        known["at"] = max(known["at"], at)
        self._apply()

    def _apply(self):
        """Learn the URLs of withdrawn articles, and delete what is about them."""
        for record in self.rows.values():
            for article, known in self.withdrawn.items():
                if record.article == article and record.kind != "withdrawn":
                    known["url"] = known["url"] or normalize_url(record.url)
                    known["fetched"] = known["fetched"] or record.fetched
                elif record.copy_of == article and record.copy_of_url:
                    known["url"] = known["url"] or normalize_url(record.copy_of_url)
        self.rows = {
            key: self._blanked(record)
            for key, record in self.rows.items()
            if not self._is_withdrawn(record)
        }

    def _is_withdrawn(self, record):
        if record.kind == "withdrawn":
            return False
        if record.article in self.withdrawn:
            return True
        url = record.url and normalize_url(record.url)
        for article, known in self.withdrawn.items():
            if url is None or known["url"] != url:
                continue
            if record.copy_of == article:
                return True
            if record.outcome == "rejected":
                if record.at <= known["at"]:
                    return True
            elif known["fetched"] is not None and record.fetched <= known["fetched"]:
                return True
        return False

    def _blanked(self, record):
        if record.copy_of in self.withdrawn:
            return dataclasses.replace(record, copy_of_url=None, copy_of_site=None)
        return record

    def expire(self, now):
        self.rows = {k: r for k, r in self.rows.items() if r.at >= now - self.age}

    def newest_first(self, wanted=None):
        return sorted(filter(wanted, self.rows.values()), key=lambda record: -record.at)
