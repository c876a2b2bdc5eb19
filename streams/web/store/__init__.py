"""The view's store: the outcomes of all pages in a SQLite file, so that pages can be looked up.

`model` has the types, `record` reads a record of a topic, `store` is the store of one process,
which others use. Its queries are in `queries` and `search`.

Invariants:

- The store is a copy of what is on the outcome topics, and can be deleted at any time.
- A takedown reaches it: no text of a withdrawn article stays in any of its files.
- It never stops or slows a stage. Where it fails, it is off, and says why.
"""
