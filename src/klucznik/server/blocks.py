"""How long a counter that ran over is blocked, and how that grows. Rule: limits.md section 1.

The real system's block is dynamic, and longer for who goes on calling. Here it lasts until the window has
room again, and every second in which somebody calls in spite of it makes it longer by a fixed time, ten times
at most (docs/divergences.md). Who waits as long as `Retry-After` says is let in.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from klucznik.lang import both
from klucznik.wire.problems import TooMany, Window

#: Seconds by which a call in spite of a block makes it longer, by the window that ran over.
_MORE: Final[Mapping[Window, int]] = {"second": 1, "minute": 5, "hour": 30}
_MOST_TIMES: Final = 10
#: Seconds that count as one: whoever sends ten calls at once has not been told ten times.
_ONCE: Final = 1.0
_KEPT: Final = 20_000


@dataclass(slots=True)
class _Block:
    limit: int
    window: Window
    until: float
    counted: float
    times: int = 0


class Blocks:
    """The blocks in force, by the key of their counter."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[Hashable, _Block] = OrderedDict()

    def forget(self) -> None:
        """All are free: the clock was moved."""
        self._blocks.clear()

    def begin(self, key: Hashable, limit: int, window: Window, seconds: float, now: float) -> TooMany:
        """Block a counter until its window has room, in so many seconds; the refusal to raise."""
        self._blocks[key] = _Block(limit, window, now + seconds, now)
        if len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        return TooMany(limit, window, max(1, math.ceil(seconds)))

    def standing(self, key: Hashable, limits: Mapping[Window, int], now: float) -> TooMany | None:
        """The refusal of a call while its counter is blocked; None once it is free.

        `limits` are the figures in force: where they were changed meanwhile, the block is over.
        """
        block = self._blocks.get(key)
        if block is None:
            return None
        if now >= block.until or limits[block.window] != block.limit:
            del self._blocks[key]
            return None
        if now >= block.counted + _ONCE and block.times < _MOST_TIMES:
            block.times += 1
            block.counted = now
            block.until += _MORE[block.window]
        why = both(
            f"the limit of {block.limit} per {block.window} ran over, and {block.times} calls since made "
            "the block longer: wait for Retry-After",
            f"przekroczono limit {block.limit} ({block.window}), a {block.times} kolejnych wywołań wydłużyło "
            "blokadę; odczekaj Retry-After",
        )
        return TooMany(block.limit, block.window, max(1, math.ceil(block.until - now)), why=why)
