"""`cleanwire replay` that appends a page every 50 ms, so that it can be stopped in the middle."""

import sys
import time

from streams.cli.main import main
from streams.ops import replay

send = replay._send


def sends_slowly(*given):
    """Send, and wait."""
    time.sleep(0.05)
    return send(*given)


replay._send = sends_slowly

if __name__ == "__main__":
    sys.argv[1:1] = ["replay"]
    main()
