"""Rate limits: sliding windows per (context, IP), groups and texts of limits.md."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Literal

from klucznik.server.blocks import Blocks
from klucznik.wire.endpoint import Endpoint, LimitGroup
from klucznik.wire.limits import GROUPS, Rates
from klucznik.wire.problems import Window

RateProfile = Literal["production", "x10", "off"]

#: Window length in seconds, and its name.
_WINDOWS: tuple[tuple[int, Window], ...] = ((1, "second"), (60, "minute"), (3600, "hour"))

#: Counters kept at most; the one unused longest goes first.
_COUNTERS = 20_000

#: What is counted, in which context, from which address.
Key = tuple[str, str, str]

_NONE: Mapping[LimitGroup, Rates] = {}


class Limiter:
    """Counts calls; refuses with 429 the one that would exceed a window.

    Refused calls are not counted (limits.md section 1, inferred). A counter remembers as many
    instants as its largest limit: the call number L back is younger than the window exactly when
    the window is full.
    """

    def __init__(self, profile: RateProfile = "production") -> None:
        self.profile: RateProfile = profile
        self._seen: OrderedDict[Key, deque[float]] = OrderedDict()
        self._blocks = Blocks()

    def forget(self) -> None:
        """Count anew: the clock was moved, and the instants seen belong to another time."""
        self._seen.clear()
        self._blocks.forget()

    def rates(self, group: LimitGroup, own: Mapping[LimitGroup, Rates] = _NONE) -> Rates:
        """The figures in force for a group in a context with figures of its `own`; -1 is unlimited."""
        if group in own:
            return own[group]
        rates = GROUPS[group]
        if self.profile == "production":
            return rates
        if self.profile == "off":
            return Rates(-1, -1, -1)
        return Rates(*(value * 10 if value > 0 else value for value in _figures(rates)))

    async def count(
        self,
        row: Endpoint[object],
        context: str,
        client_ip: str,
        now: float,
        own: Mapping[LimitGroup, Rates] = _NONE,
    ) -> None:
        """Count one call, or raise `TooMany`. In group `other` each endpoint counts apart."""
        if self.profile == "off" and row.limits not in own:
            return
        name = f"{row.method} {row.path}" if row.limits == LimitGroup.other else row.limits.value
        await self.within(self.rates(row.limits, own), (name, context, client_ip), now)

    async def within(self, rates: Rates, key: Key, now: float) -> None:
        """Count a call of a key against these figures, or raise `TooMany`."""
        self.note(rates, key, now)

    def note(self, rates: Rates, key: Key, now: float) -> None:
        """The same, where the counters are."""
        limits = dict(zip((window for _, window in _WINDOWS), _figures(rates), strict=True))
        if standing := self._blocks.standing(key, limits, now):
            raise standing
        seen = self._seen.get(key)
        largest = max(*_figures(rates), 1)
        if seen is None:
            seen = self._seen[key] = deque(maxlen=largest)
            if len(self._seen) > _COUNTERS:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(key)
            if largest > (seen.maxlen or 0):  # the context was given more meanwhile
                seen = self._seen[key] = deque(seen, maxlen=largest)
        for limit, (seconds, unit) in zip(_figures(rates), _WINDOWS, strict=True):
            if 0 < limit <= len(seen) and (oldest := seen[-limit]) > now - seconds:
                raise self._blocks.begin(key, limit, unit, oldest + seconds - now, now)
        seen.append(now)


def _figures(rates: Rates) -> tuple[int, int, int]:
    return rates.per_second, rates.per_minute, rates.per_hour
