"""GET /rate-limits, /limits/context. Rules: limits.md sections 2 and 4."""

from __future__ import annotations

from klucznik.server.ask import Ask, answers
from klucznik.server.overrides import limits_of, rates_of
from klucznik.wire import limits
from klucznik.wire.endpoint import LimitGroup
from klucznik.wire.limits import (
    GLOBAL,
    EffectiveApiRateLimits,
    EffectiveApiRateLimitValues,
    EffectiveContextLimits,
    Rates,
)


@answers(limits.RATE_LIMITS)
def rate_limits(ask: Ask[None]) -> EffectiveApiRateLimits:
    """GET /rate-limits: all groups; -1 is without limit."""
    own = rates_of(ask.db, ask.caller.context)
    figures = {group.value: _values(ask.ksef.limiter.rates(group, own)) for group in LimitGroup}
    return EffectiveApiRateLimits.model_validate({**figures, "global": _values(GLOBAL)})


def _values(rates: Rates) -> EffectiveApiRateLimitValues:
    return EffectiveApiRateLimitValues(
        per_second=rates.per_second, per_minute=rates.per_minute, per_hour=rates.per_hour
    )


@answers(limits.CONTEXT)
def context_limits(ask: Ask[None]) -> EffectiveContextLimits:
    """GET /limits/context."""
    return limits_of(ask.db, ask.caller.context)
