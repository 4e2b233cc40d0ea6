"""Limits of a context, as they are and as a test may change them. Rules: limits.md sections 2, 4 and 5."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from klucznik.lang import both
from klucznik.server.access import Context
from klucznik.server.ask import Ask, answers
from klucznik.server.prepared import Prepared
from klucznik.server.tables import context_limits
from klucznik.wire import codes, overrides
from klucznik.wire.endpoint import LimitGroup
from klucznik.wire.limits import (
    GROUPS,
    BatchSessionEffectiveContextLimits,
    CollectiveIdentifierEffectiveContextLimits,
    EffectiveContextLimits,
    OnlineSessionEffectiveContextLimits,
    Rates,
)
from klucznik.wire.overrides import SetRateLimitsRequest, SetSessionLimitsRequest
from klucznik.wire.problems import Problem

#: Figures of a context that differ from those of the server, by group.
OwnRates: TypeAlias = Mapping[LimitGroup, Rates]

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

#: A group may be raised to so many times what production allows.
_MOST: Final = 10

_OWN = Prepared(
    select(context_limits.c.rates, context_limits.c.session).where(
        context_limits.c.context_type == bindparam("type"),
        context_limits.c.context_value == bindparam("value"),
    )
)


def rates_of(db: Connection, context: Context) -> OwnRates:
    """The call rates that a context has of its own; empty where it has none."""
    own = _OWN.one(db, type=context.type, value=context.value)
    if own is None or own.rates is None:
        return {}
    return {LimitGroup(name): Rates(*figures) for name, figures in json.loads(own.rates).items()}


def limits_of(db: Connection, context: Context) -> EffectiveContextLimits:
    """Sizes and counts in force in a context: in megabytes of 1,000,000 bytes, and invoices."""
    own = _OWN.one(db, type=context.type, value=context.value)
    if own is None or own.session is None:
        return CONTEXT_DEFAULTS
    return EffectiveContextLimits.parse(own.session)


def _keep(ask: Ask[Any], **values: str | None) -> None:
    """Change one part of what a context has of its own, leaving the other."""
    key = {"context_type": ask.caller.context.type, "context_value": ask.caller.context.value}
    if not ask.db.execute(update(context_limits).filter_by(**key).values(**values)).rowcount:
        ask.db.execute(insert(context_limits).values(**key, **values))
    # A context with nothing of its own leaves no row.
    empty = delete(context_limits).filter_by(**key, rates=None, session=None)
    ask.db.execute(empty)


def _keep_rates(ask: Ask[Any], rates: OwnRates) -> None:
    figures = {
        group.value: [each.per_second, each.per_minute, each.per_hour] for group, each in rates.items()
    }
    _keep(ask, rates=json.dumps(figures, sort_keys=True))


@answers(overrides.SET_RATES)
def set_rates(ask: Ask[SetRateLimitsRequest]) -> None:
    """POST /testdata/rate-limits: 13 groups, each between 1 and ten times what production allows."""
    rates: dict[LimitGroup, Rates] = {}
    faults: list[str] = []
    for name, given in ask.body.rate_limits.model_dump(by_alias=True).items():
        group = LimitGroup(name)
        usual = GROUPS[group]
        for window, most in (
            ("perSecond", usual.per_second),
            ("perMinute", usual.per_minute),
            ("perHour", usual.per_hour),
        ):
            if not 1 <= given[window] <= most * _MOST:
                faults.append(
                    f"'rateLimits.{name}.{window}' must be between 1 and {most * _MOST}. "
                    f"You entered {given[window]}."
                )
        rates[group] = Rates(given["perSecond"], given["perMinute"], given["perHour"])
    if faults:
        first = "; ".join(faults[:5])
        why = both(
            f"beyond ten times production: {first}", f"ponad dziesięć razy tyle, co na produkcji: {first}"
        )
        raise Problem(codes.INVALID_INPUT, faults, why=why)
    _keep_rates(ask, rates)


@answers(overrides.RESET_RATES)
def reset_rates(ask: Ask[None]) -> None:
    """DELETE /testdata/rate-limits: what the server was started with."""
    _keep(ask, rates=None)


@answers(overrides.PRODUCTION_RATES)
def production_rates(ask: Ask[None]) -> None:
    """POST /testdata/rate-limits/production: all groups of a context, also those that nobody can set."""
    _keep_rates(ask, {group: rates for group, rates in GROUPS.items() if group != LimitGroup.anonymous})


@answers(overrides.SET_SESSION)
def set_session_limits(ask: Ask[SetSessionLimitsRequest]) -> None:
    """POST /testdata/limits/context/session."""
    _keep(ask, session=ask.body.json_bytes().decode())


@answers(overrides.RESET_SESSION)
def reset_session_limits(ask: Ask[None]) -> None:
    """DELETE /testdata/limits/context/session: the defaults again."""
    _keep(ask, session=None)
