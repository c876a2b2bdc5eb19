"""What a parent and its process say to each other over their socket.

Invariant: both directions are rows of frames whose length is known from their beginning. A request
names a place in the shared memory; an answer carries its bytes.
"""

import struct

REQUEST = struct.Struct("<QQQ")
"""The number of a page, where its request is in the shared memory, and its bytes."""

ANSWER = struct.Struct("<QQ")
"""The number of a page and the bytes of its answer, which follow. The first one has the number 0
and says that the process is ready."""
