"""Calls functions in killable processes, with whatever pickle takes.

Invariant: a call ends in what the function returns or raises, or in what it did to its process.
"""

import pickle
from collections.abc import Callable, Sequence
from typing import TypeVar

from cleanwire.errors import PageRejected
from streams.runtime.killable.child import Role
from streams.runtime.killable.processes import KillableProcesses

Answer = TypeVar("Answer")


class CallingProcesses(KillableProcesses):
    """Processes that call any function, for work that is rare.

    Args:
        count: how many calls are made at a time.
        seconds: wall time for one call.
        memory_bytes: as for `Role`.
        niceness: as for `Role`.
        preload: as for `Role`.
        work: as for `KillableProcesses`.
    """

    def __init__(  # noqa: PLR0913 - what a process may cost, each by its name
        self,
        count: int,
        *,
        seconds: float,
        memory_bytes: int = 0,
        niceness: int = 0,
        preload: Sequence[str] = (),
        work: str = "cleaning",
    ) -> None:
        role = Role(
            handler=call,
            seconds=seconds,
            memory_bytes=memory_bytes,
            niceness=niceness,
            preload=preload,
        )
        super().__init__(count, role, work=work)

    async def run(self, function: Callable[..., Answer], *args: object) -> Answer | PageRejected:
        """Call a function in one of the processes.

        Args:
            function: a function of a module, as pickle demands.
            args: its arguments.

        Returns:
            What the function returns, or what it did to its process, as `ask` says.

        Raises:
            Exception: what the function raises, and as for `ask`.
        """
        answer = await self.ask([pickle.dumps((function, args))])
        if isinstance(answer, PageRejected):
            return answer
        returned, raised = pickle.loads(answer)  # noqa: S301 - from our own process
        if raised is not None:
            raise raised
        result: Answer = returned
        return result


def call(request: memoryview) -> bytes:
    """Call the function of a request, in a process."""
    function, args = pickle.loads(request)  # noqa: S301 - from our own parent
    try:
        return pickle.dumps((function(*args), None))
    except Exception as error:  # noqa: BLE001 - it is the caller's
        return pickle.dumps((None, error))
