"""Peppol providers: listed from their first login on. Rules: auth.md section 8, permissions.md section 5."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, insert, select

from klucznik.server.ask import Ask, answers
from klucznik.server.tables import instant, peppol_providers, stamp
from klucznik.wire import peppol
from klucznik.wire.peppol import PeppolProvider, PeppolQuery, QueryPeppolProvidersResponse

_LONGEST_NAME = 256


def register(db: Connection, provider: str, sud: str, now: datetime) -> None:
    """Note a provider that has logged in with its seal; `sud` is what the seal says of it, as JSON."""
    if db.execute(select(peppol_providers.c.id).where(peppol_providers.c.id == provider)).first():
        return
    subject = json.loads(sud)
    name = subject.get("organizationName") or subject.get("commonName") or provider
    db.execute(insert(peppol_providers).values(id=provider, name=name[:_LONGEST_NAME], created=stamp(now)))


@answers(peppol.QUERY)
def providers(ask: Ask[None]) -> QueryPeppolProvidersResponse:
    """GET /peppol/query: newest first."""
    query: PeppolQuery = ask.query
    found = (
        select(peppol_providers)
        .order_by(peppol_providers.c.created.desc(), peppol_providers.c.id)
        .offset(query.page_offset * query.page_size)
        .limit(query.page_size + 1)
    )
    rows = ask.db.execute(found).all()
    return QueryPeppolProvidersResponse(
        has_more=len(rows) > query.page_size,
        peppol_providers=[
            PeppolProvider(id=row.id, name=row.name, date_created=instant(row.created))
            for row in rows[: query.page_size]
        ],
    )
