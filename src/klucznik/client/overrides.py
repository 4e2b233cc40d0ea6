"""Limits of the current context, changed for a test; TEST environment only. Rule: limits.md section 5."""

from __future__ import annotations

from klucznik.wire import overrides
from klucznik.wire.endpoint import Call, Nothing
from klucznik.wire.overrides import ApiRateLimitsOverride, SetRateLimitsRequest, SetSessionLimitsRequest


def set_rates(rates: ApiRateLimitsOverride) -> Call[Nothing]:
    """POST /testdata/rate-limits: for everybody in the context."""
    return overrides.SET_RATES(SetRateLimitsRequest(rate_limits=rates))


def reset_rates() -> Call[Nothing]:
    """DELETE /testdata/rate-limits: the environment's defaults again."""
    return overrides.RESET_RATES()


def production_rates() -> Call[Nothing]:
    """POST /testdata/rate-limits/production: the figures of production."""
    return overrides.PRODUCTION_RATES()


def set_session(limits: SetSessionLimitsRequest) -> Call[Nothing]:
    """POST /testdata/limits/context/session: sizes in MB of 1,000,000 bytes, and counts."""
    return overrides.SET_SESSION(limits)


def reset_session() -> Call[Nothing]:
    """DELETE /testdata/limits/context/session: the defaults again."""
    return overrides.RESET_SESSION()
