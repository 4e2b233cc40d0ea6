"""Why KSeF refused, as one text: its own words, the next step, and the cause that only a local KSeF tells."""

from __future__ import annotations

from klucznik.errors import KlucznikError
from klucznik.portal.visit import Visit


async def explained(visit: Visit, error: KlucznikError) -> str:
    """What to show a person of a refusal; `Visit.tell` flashes the same in several lines."""
    cause = await cause_of(visit, getattr(error, "trace_id", ""))
    return f"{visit.said(error)} {cause}".strip()


async def cause_of(visit: Visit, key: str) -> str:
    """The newest cause under a trace id or reference number, if it is of the visitor's context; else ""."""
    for cause in (await visit.causes(key))[:1]:
        return visit.t(f"Cause: {cause}.", f"Przyczyna: {cause}.", f"Ursache: {cause}.")
    return ""
