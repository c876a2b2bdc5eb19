"""The web view of a worker, in Faust's own web server.

Invariants:

- The view shows what is on the topics, for all workers. It serves no table contents. It shows the
  body of a page on that page's own story only, as text.
- Text from pages is escaped where it is written into HTML.
- A request from another host must carry the token.
"""

from streams.web.guard import require_token
from streams.web.view import attach

__all__ = ["attach", "require_token"]
