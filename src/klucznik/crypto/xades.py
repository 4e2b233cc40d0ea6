"""XAdES signatures: `sign` and `verify`, and what they give and refuse with."""

from __future__ import annotations

from klucznik.crypto.xades_guard import SignatureProblem
from klucznik.crypto.xades_sign import sign
from klucznik.crypto.xades_verify import AS_ELSEWHERE, AS_PRODUCTION, Strictness, Verified, verify

__all__ = ["AS_ELSEWHERE", "AS_PRODUCTION", "SignatureProblem", "Strictness", "Verified", "sign", "verify"]
