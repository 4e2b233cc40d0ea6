"""GET /rate-limits, /limits/context. Rules: limits.md sections 2 and 4."""

from __future__ import annotations

from typing import Final

from klucznik.server.ask import Ask, answers
from klucznik.wire import limits
from klucznik.wire.endpoint import LimitGroup
from klucznik.wire.limits import (
    GLOBAL,
    BatchSessionEffectiveContextLimits,
    CollectiveIdentifierEffectiveContextLimits,
    EffectiveApiRateLimits,
    EffectiveApiRateLimitValues,
    EffectiveContextLimits,
    OnlineSessionEffectiveContextLimits,
    Rates,
)

#: What a context starts with: sizes in MB (of 1,000,000 bytes), invoices in a session.
CONTEXT_DEFAULTS: Final = EffectiveContextLimits(
    online_session=OnlineSessionEffectiveContextLimits(
        max_invoice_size_in_mb=1, max_invoice_with_attachment_size_in_mb=3, max_invoices=10_000
    ),
    batch_session=BatchSessionEffectiveContextLimits(
        max_invoice_size_in_mb=1, max_invoice_with_attachment_size_in_mb=3, max_invoices=10_000
    ),
    collective_identifier=CollectiveIdentifierEffectiveContextLimits(max_invoices=500),
)


@answers(limits.RATE_LIMITS)
def rate_limits(ask: Ask[None]) -> EffectiveApiRateLimits:
    """GET /rate-limits: all groups; -1 is without limit."""
    figures = {group.value: _values(ask.ksef.limiter.rates(group)) for group in LimitGroup}
    return EffectiveApiRateLimits.model_validate({**figures, "global": _values(GLOBAL)})


def _values(rates: Rates) -> EffectiveApiRateLimitValues:
    return EffectiveApiRateLimitValues(
        per_second=rates.per_second, per_minute=rates.per_minute, per_hour=rates.per_hour
    )


@answers(limits.CONTEXT)
def context_limits(ask: Ask[None]) -> EffectiveContextLimits:
    """GET /limits/context."""
    return CONTEXT_DEFAULTS
