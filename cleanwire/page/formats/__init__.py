"""A record of raw-pages -> its page, in every format that crawlers write.

Invariant: the page's fields, and so its article's id, do not depend on the format. Each format is
one module, and `record_page` is the only place that chooses between them.
"""
