"""Klucznik: a local KSeF, a client, a vault and a gateway for KSeF tokens."""

__version__ = "0.1.0"
