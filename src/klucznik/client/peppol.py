"""Peppol providers known to KSeF. Rule: auth.md section 8."""

from __future__ import annotations

from klucznik.client.flow import Flow, ask
from klucznik.wire import peppol
from klucznik.wire.endpoint import Call
from klucznik.wire.peppol import PeppolProvider, PeppolQuery, QueryPeppolProvidersResponse

PAGE_SIZE = 100


def query(page_offset: int = 0, page_size: int = PAGE_SIZE) -> Call[QueryPeppolProvidersResponse]:
    """GET /peppol/query, one page, newest first; `page_offset` counts pages."""
    return peppol.QUERY(query=PeppolQuery(page_offset=page_offset, page_size=page_size))


def query_all() -> Flow[list[PeppolProvider]]:
    """All of them; one that registers while we read may be there once, never twice."""
    found: dict[str, PeppolProvider] = {}
    offset = 0
    while True:
        page = yield from ask(query(offset))
        for provider in page.peppol_providers:
            found.setdefault(provider.id, provider)
        if not page.has_more or not page.peppol_providers:
            return list(found.values())
        offset += 1
