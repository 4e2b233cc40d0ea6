"""Reading the limits in force. Rule: limits.md section 4."""

from __future__ import annotations

from klucznik.wire import limits
from klucznik.wire.endpoint import Call
from klucznik.wire.limits import EffectiveApiRateLimits, EffectiveContextLimits, EffectiveSubjectLimits


def rates() -> Call[EffectiveApiRateLimits]:
    """GET /rate-limits: calls per second, minute and hour, by group, in the current context."""
    return limits.RATE_LIMITS()


def of_context() -> Call[EffectiveContextLimits]:
    """GET /limits/context: sizes in MB of 1,000,000 bytes, invoices per session."""
    return limits.CONTEXT()


def of_subject() -> Call[EffectiveSubjectLimits]:
    """GET /limits/subject: certificates and enrolments of the person or firm logged in."""
    return limits.SUBJECT()
