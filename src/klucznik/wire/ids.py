"""Identifiers of the contract: NIP, PESEL, InternalId, reference numbers, KSeF numbers.

Rules: ksef-number.md, auth.md section 8, invoice-verification.md section 5.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

ReferenceNumber = Annotated[str, Field(min_length=36, max_length=36)]
