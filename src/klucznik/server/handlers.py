"""The modules that answer rows and do the work behind them."""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    "attachments",
    "auth",
    "authentication",
    "batch",
    "certificates",
    "collective",
    "enrollments",
    "exports",
    "invoices",
    "overrides",
    "packing",
    "peppol",
    "permission_queries",
    "permission_work",
    "permissions",
    "publickeys",
    "rates",
    "sending",
    "session_end",
    "session_invoices",
    "sessions",
    "subject_limits",
    "testdata",
    "tokens",
    "unpacking",
    "upos",
    "verification",
    "why",
)


def load() -> None:
    """Import them all, which registers their handlers and steps."""
    for module in _MODULES:
        import_module(f"klucznik.server.{module}")
