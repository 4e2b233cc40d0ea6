"""Peppol providers known to KSeF. Rules: auth.md section 8, permissions.md section 5."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from klucznik.wire.base import Int32, Model, Timestamp
from klucznik.wire.endpoint import Endpoint, LimitGroup
from klucznik.wire.ids import PeppolId


class PeppolProvider(Model):
    id: PeppolId
    name: Annotated[str, Field(max_length=256)]
    date_created: Timestamp


class QueryPeppolProvidersResponse(Model):
    peppol_providers: list[PeppolProvider]
    has_more: bool


class PeppolQuery(Model):
    """Query parameters of GET /peppol/query; `page_offset` counts pages."""

    page_offset: Annotated[Int32, Field(ge=0)] = 0
    page_size: Annotated[Int32, Field(ge=10, le=100)] = 10


QUERY = Endpoint(
    "GET",
    "/peppol/query",
    None,
    QueryPeppolProvidersResponse,
    200,
    limits=LimitGroup.anonymous,
    bearer="anonymous",
    refuses=(21001, 21405),
    query=PeppolQuery,
)
