"""One row per operation of the contract: the server answers rows, the client calls rows.

Nothing about an operation is written twice. The router, the permission check, the limiter, the
published OpenAPI and the contract test all read `ROWS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from pydantic import RootModel

from klucznik.wire.base import Model
from klucznik.wire.ids import CertificateSerialNumber, KsefNumber, PermissionId, ReferenceNumber


class Xml(bytes):
    """A document that travels as it is (`application/xml`): bytes, never re-serialised."""


class Nothing:
    """An empty body: what 204 and the empty 200 of /testdata answer."""


#: Who may call. `anonymous`: no bearer. Otherwise the kind of JWT asked for.
Bearer = Literal["anonymous", "access", "authentication", "refresh", "access-or-refresh"]


class LimitGroup(StrEnum):
    """Counters of limits.md section 2; in `other` every endpoint has a counter of its own."""

    onlineSession = "onlineSession"
    onlineSessionClose = "onlineSessionClose"
    batchSession = "batchSession"
    batchSessionClose = "batchSessionClose"
    invoiceSend = "invoiceSend"
    invoiceStatus = "invoiceStatus"
    sessionList = "sessionList"
    sessionInvoiceList = "sessionInvoiceList"
    sessionMisc = "sessionMisc"
    invoiceMetadata = "invoiceMetadata"
    invoiceExport = "invoiceExport"
    invoiceExportStatus = "invoiceExportStatus"
    invoiceDownload = "invoiceDownload"
    collectiveIdentifier = "collectiveIdentifier"
    other = "other"
    anonymous = "anonymous"


Res = TypeVar("Res")
Gives = type[Model] | type[RootModel[Any]] | type[Xml] | type[Nothing]

#: What stands in the `{names}` of a path: the type each of them is checked against.
PATH_TYPES: dict[str, Any] = {
    "referenceNumber": ReferenceNumber,
    "invoiceReferenceNumber": ReferenceNumber,
    "upoReferenceNumber": ReferenceNumber,
    "ksefNumber": KsefNumber,
    "permissionId": PermissionId,
    "certificateSerialNumber": CertificateSerialNumber,
    "serialNumber": CertificateSerialNumber,
}

#: Every operation that is built, by (method, path).
ROWS: dict[tuple[str, str], Endpoint[Any]] = {}


@dataclass(frozen=True, eq=False)
class Endpoint(Generic[Res]):
    """An operation: `Endpoint("POST", "/tokens", GenerateTokenRequest, GenerateTokenResponse, 202, …)`.

    `path` is below `/v2`, with `{names}` as in the contract; `takes` the request model, `Xml`, or
    None; `gives` the response model, `Xml` or `Nothing`; `status` the success code; `query` a model
    of query and header parameters (a header field has `json_schema_extra={"in": "header"}`);
    `permissions` any one of which suffices (Owner satisfies all but VatUeManage); `refuses` the
    codes of HTTP 400 that the contract lists for it; `gone` whether it may answer 410.
    """

    method: str
    path: str
    takes: type[Model] | type[Xml] | None
    gives: type[Res]
    status: int
    limits: LimitGroup = LimitGroup.other
    bearer: Bearer = "access"
    permissions: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    query: type[Model] | None = None
    gone: bool = False
    body_required: bool = True
    key: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.method, self.path))
        if self.key in ROWS:
            raise ValueError(f"{self.method} {self.path} is described twice")
        ROWS[self.key] = self

    def __repr__(self) -> str:
        return f"<{self.method} {self.path}>"

    @property
    def path_names(self) -> list[str]:
        """The `{names}` in the path, in order; their types stand in `PATH_TYPES`."""
        return re.findall(r"{(\w+)}", self.path)

    def __call__(
        self,
        body: Model | bytes | None = None,
        *,
        query: Model | None = None,
        **path: str,
    ) -> Call[Res]:
        """A call of this row: data that a client carries out."""
        return Call(self, body, query, path)


@dataclass(frozen=True)
class Call(Generic[Res]):
    """A call as data: which row, with what. `Ksef.call` and `AsyncKsef.call` carry it out."""

    row: Endpoint[Res]
    body: Model | bytes | None = None
    query: Model | None = None
    path: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:  # bodies may hold secrets
        return f"Call({self.row.method} {self.row.path})"
