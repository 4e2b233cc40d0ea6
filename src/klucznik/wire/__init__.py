"""What travels: one row per operation of the contract, its models, ids, codes and problems.

Importing this package fills `endpoint.ROWS`. It imports nothing heavier than pydantic.
"""

from klucznik.wire import (
    auth,
    certificates,
    collective,
    exports,
    invoices,
    limits,
    overrides,
    peppol,
    permission_queries,
    permissions,
    security,
    sessions,
    testdata,
    tokens,
)
from klucznik.wire.endpoint import ROWS, Call, Endpoint

__all__ = [
    "ROWS",
    "Call",
    "Endpoint",
    "auth",
    "certificates",
    "collective",
    "exports",
    "invoices",
    "limits",
    "overrides",
    "peppol",
    "permission_queries",
    "permissions",
    "security",
    "sessions",
    "testdata",
    "tokens",
]
