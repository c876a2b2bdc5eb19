"""What the processes of the tests do: the first word of a request says it, for as long as it takes."""

import hashlib
import os
import signal
import time


def answer(request):
    """The answer to one request; some of them end or stop the process that makes it."""
    word, _, rest = bytes(request).partition(b" ")
    return _WORDS[word](rest)


def _sleep(rest):
    time.sleep(float(rest))
    return b"slept"


def _signal(rest):
    os.kill(os.getpid(), int(rest))
    time.sleep(60)
    return b"alive"


_WORDS = {
    b"digest": lambda rest: hashlib.sha256(rest).hexdigest().encode(),
    b"exit": lambda rest: os._exit(int(rest)),
    b"raise": lambda _: 1 / 0,
    b"repeat": lambda rest: rest * 100_000,
    b"signal": _signal,
    b"sleep": _sleep,
    b"who": lambda _: str(os.getpid()).encode(),
    b"sigint": lambda _: str(signal.getsignal(signal.SIGINT)).encode(),
}
