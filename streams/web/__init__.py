"""The web view of a worker, in Faust's own web server.

Invariant: it shows what stands on the topics, for all workers, and serves nothing else: no
table contents, no page bodies. What comes from pages is escaped where it is written. Whoever asks
from another host gives a token.
"""

from streams.web.guard import require_token
from streams.web.view import attach

__all__ = ["attach", "require_token"]
