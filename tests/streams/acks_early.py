"""A worker with a broken delivery, to see that a fault run notices: it acks what it has yet to send."""

import dataclasses
import sys
from typing import Any

from streams import delivery
from streams.cli.main import main

keep = delivery.Delivery.put


@dataclasses.dataclass
class Acked:
    message: Any

    def ack(self):
        """Done before."""


async def put(self, event, outcome):
    event.ack()
    await keep(self, Acked(event.message), outcome)


delivery.Delivery.put = put

if __name__ == "__main__":
    sys.argv[1:1] = ["worker"]
    main()
