"""What travels: one row per operation of the contract, its models, ids, codes and problems.

Importing this package fills `endpoint.ROWS`. It imports nothing heavier than pydantic.
"""

from klucznik.wire import auth, invoices, limits, security, sessions, testdata, tokens
from klucznik.wire.endpoint import ROWS, Call, Endpoint

__all__ = [
    "ROWS",
    "Call",
    "Endpoint",
    "auth",
    "invoices",
    "limits",
    "security",
    "sessions",
    "testdata",
    "tokens",
]
