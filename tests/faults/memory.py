"""What an operation leaves in memory when it is over: of the gateway's own objects none, and few bytes."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

KEPT = frozenset(
    {
        # The state of each producer, for as long as the gateway runs.
        *("ProducerState", "CircuitBreaker", "Capacity", "ProducerLimits", "ProducerMetrics", "RetryBudget"),
        "RollingCounts",
        # Access tokens that were verified, by their digests: a bounded number of them.
        *("AccessToken", "_Verified"),
        # Connections to the database that are kept, of which there are only so many.
        *("KeptConnection", "Alarm"),
        # Where each endpoint is, of a bounded number of them.
        *("Target", "Origin"),
        # The document, and what was decided about what is selected in it: in caches of a bounded size.
        *("Document", "Runnable", "Plans", "Variables", "_Verbatim", "_Steered"),
        *("Decision", "Question", "StatusSelection", "Form", "Ground"),
    }
)
"""What the first operation leaves for the next."""

REGISTRY = frozenset(
    f"gateway.model.{name}" for name in ("connection", "consumer", "grant", "producer", "purpose", "registry", "text")
)
"""Where the classes are of what the gateway reads of its registry in the background, and may just have read anew."""

MOST_BYTES = 1_000_000
"""Less than the smallest answer that is too large. In it are what Python and the libraries remember of a first time,
and the buffers of a new TLS connection at both of its ends, of 256 KiB each."""

LOOKS = 50


class Memory:
    """What came into being since the context was entered, and is still there."""

    def objects(self) -> Counter[str]:
        """Objects of the gateway's own classes, by class, those in KEPT and REGISTRY apart."""
        gc.collect()
        classes = [type(one) for one in gc.get_objects()]
        return Counter(
            one.__qualname__
            for one in classes
            if one.__module__.startswith("gateway.") and one.__module__ not in REGISTRY and one.__name__ not in KEPT
        )

    async def objects_in_the_end(self) -> Counter[str]:
        """The same, less what the gateway holds for a moment, as when it reads its registry meanwhile."""
        for _ in range(LOOKS):
            if not self.objects():
                break
            await asyncio.sleep(0.02)
        else:
            return self.objects()
        return Counter()

    async def bytes_in_the_end(self) -> int:
        """The same of bytes: what was received may be held until its connection has closed."""
        for _ in range(LOOKS):
            if self.bytes() < MOST_BYTES:
                break
            await asyncio.sleep(0.02)
            gc.collect()
        return self.bytes()

    def bytes(self) -> int:
        """Bytes in all."""
        return tracemalloc.get_traced_memory()[0]


@contextmanager
def watched_memory() -> Iterator[Memory]:
    """Looks at nothing that was there before."""
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    try:
        yield Memory()
    finally:
        tracemalloc.stop()
        gc.unfreeze()
