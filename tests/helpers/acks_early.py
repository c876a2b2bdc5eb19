"""A worker with a broken delivery, to see that a fault run notices: it acks what it has yet to send.

It sends slowly and commits often, so that a kill is sure to find something between the two.
"""

import asyncio
import dataclasses
import sys
from typing import Any

from streams.cli.main import main
from streams.runtime.delivery import Delivery

put, produce = Delivery.put, Delivery._produce


@dataclasses.dataclass
class Acked:
    message: Any

    def ack(self):
        """Done before."""


async def acks_and_puts(self, event, outcome):
    event.ack()
    if not event.message.offset % 20:
        await self._app.consumer.commit()
    await put(self, Acked(event.message), outcome)


async def produces_late(self, record):
    await asyncio.sleep(0.005)
    return await produce(self, record)


Delivery.put, Delivery._produce = acks_and_puts, produces_late

if __name__ == "__main__":
    sys.argv[1:1] = ["worker"]
    main()
