"""XAdES signatures: `sign` and `verify`, and what they give and refuse with."""

from __future__ import annotations

from klucznik.crypto.xades_guard import SignatureProblem
from klucznik.crypto.xades_sign import sign
from klucznik.crypto.xades_verify import Verified, verify

__all__ = ["SignatureProblem", "Verified", "sign", "verify"]
