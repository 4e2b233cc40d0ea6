"""When KSeF tokens end: the policy of `--tokens`. Rules: tokens.md section 8.

What happens after a token's end is our invention, since nothing is published: docs/divergences.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, bindparam, insert, select

from klucznik.clock import WARSAW
from klucznik.lang import both
from klucznik.server.prepared import Prepared
from klucznik.server.tables import instant, stamp, token_ends

Policy = Literal["legacy", "cutoff-2026", "v2-expiring"]

#: The first instant of 2027 in Poland, and that after 2027-11-30.
YEAR_2027: Final = datetime(2027, 1, 1, tzinfo=WARSAW)
_OLD_TOKENS_END: Final = datetime(2027, 12, 1, tzinfo=WARSAW)
LONGEST_DAYS: Final = 365

_END = Prepared(select(token_ends.c.ends).where(token_ends.c.ref == bindparam("by_ref")))
_KEEP = Prepared(insert(token_ends), ["ref", "ends"])


@dataclass
class TokenPolicy:
    """The policy in force, and the life in days (1 to 365) of tokens that v2-expiring issues from 2027."""

    name: Policy = "legacy"
    days: int = LONGEST_DAYS

    def closed(self, now: datetime) -> str | None:
        """Why no token is issued any more, if so."""
        if self.name != "cutoff-2026" or now < YEAR_2027:
            return None
        return both(
            "policy cutoff-2026: KSeF tokens are issued up to 2026-12-31 only; use a KSeF certificate",
            "polityka cutoff-2026: tokeny KSeF wydaje się tylko do 2026-12-31; użyj certyfikatu KSeF",
        )

    def issue(self, db: Connection, ref: str, now: datetime) -> None:
        """Note the end of a token issued now, where it gets one of its own."""
        if self.name == "v2-expiring" and now >= YEAR_2027:
            _KEEP.do(db, ref=ref, ends=stamp(now + timedelta(days=self.days)))

    def end(self, db: Connection, ref: str, created: int) -> datetime | None:
        """The instant from which a token (created at a stamp) is no longer good; None is never."""
        if self.name == "legacy":
            return None
        if self.name == "cutoff-2026":
            return YEAR_2027
        issued = instant(created)
        if issued < YEAR_2027:
            return _OLD_TOKENS_END
        own = _END.one(db, by_ref=ref)
        # Issued under another policy, so without an end of its own.
        return instant(own.ends) if own else issued + timedelta(days=LONGEST_DAYS)

    def ended(self, db: Connection, ref: str, created: int, now: datetime) -> str | None:
        """Why a token is no longer good at this moment, if so."""
        end = self.end(db, ref, created)
        if end is None or now < end:
            return None
        local = end.astimezone(WARSAW)
        return both(
            f"policy {self.name}: token {ref} ended at {local:%Y-%m-%d %H:%M} in Poland",
            f"polityka {self.name}: token {ref} stracił ważność {local:%Y-%m-%d %H:%M} czasu polskiego",
        )
