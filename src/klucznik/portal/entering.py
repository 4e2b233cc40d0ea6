"""Coming in: a signed AuthTokenRequest becomes a login. Rules: auth.md sections 1 and 2."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from klucznik.client import auth, claims
from klucznik.client.credentials import Credentials
from klucznik.crypto import xades
from klucznik.crypto.certs import Identity
from klucznik.documents.auth_request import AuthTokenRequest, ContextType, SubjectType
from klucznik.errors import KlucznikError
from klucznik.portal.visit import Visit
from klucznik.wire.auth import AuthenticationContextIdentifierType


@dataclass(frozen=True)
class Offer:
    """A context that may be entered, and how its holder is known there."""

    kind: str
    value: str
    by: SubjectType
    owner: bool
    permissions: tuple[str, ...]
    blocked: bool

    @property
    def key(self) -> str:
        """As a form names it: `Nip 5265877635`, with the way where it is the fingerprint."""
        way = "" if self.by == "certificateSubject" else f" {self.by}"
        return f"{self.kind} {self.value}{way}"


async def offers(visit: Visit) -> list[Offer]:
    """The contexts that the visitor may enter now, as subject and by the certificate's fingerprint."""
    asked: list[tuple[Sequence[str], SubjectType]] = []
    if visit.kept.subject:
        asked.append((visit.kept.subject, "certificateSubject"))
    if visit.kept.fingerprint:
        asked.append((("Fingerprint", visit.kept.fingerprint), "certificateFingerprint"))
    found = []
    for (kind, value), by in asked:
        found += [_offer(each, by) for each in await visit.door.contexts(kind, value)]
    return found


def _offer(each: dict[str, Any], by: SubjectType) -> Offer:
    return Offer(
        each["type"], each["value"], by, each["owner"], tuple(each["permissions"]), bool(each["blocked"])
    )


async def sign(visit: Visit, identity: Identity, wanted: Sequence[Offer]) -> dict[str, str]:
    """AuthTokenRequests signed for these contexts, by `Offer.key`: one challenge, so one of them is good."""
    challenge = await visit.ksef.call(auth.challenge())

    def signed(offer: Offer) -> str:
        kind: ContextType = AuthenticationContextIdentifierType(offer.kind).value
        document = AuthTokenRequest(challenge.challenge, kind, offer.value, offer.by).to_xml()
        # A minute back, as the reference clients sign (xades.md section 2).
        at = challenge.timestamp - timedelta(minutes=1)
        return xades.sign(document, identity, signing_time=at).decode()

    return await asyncio.to_thread(lambda: {offer.key: signed(offer) for offer in wanted})


async def come_in(visit: Visit, signed: bytes) -> Response | None:
    """Log in with a signed request; None where KSeF refuses, which is then flashed with its cause.

    Who is logged in already stays so until the new login holds; then the older one ends at KSeF too.
    """
    older, visit.ksef.credentials = visit.ksef.credentials, Credentials()
    reference = ""
    try:
        started = await visit.ksef.call(auth.submit(signed))
        reference = started.reference_number
        await visit.ksef.run(auth.complete(started))
    except KlucznikError as refused:
        visit.ksef.credentials = older
        await visit.tell(refused, reference)
        return None
    newer = visit.ksef.credentials
    if older.refresh_token is not None:
        visit.ksef.credentials = older
        with suppress(KlucznikError):  # it may have ended already
            await visit.ksef.call(auth.revoke_current())
        visit.ksef.credentials = newer
    assert newer.access_token is not None
    said, kept = claims.read(newer.access_token.token), visit.kept
    kept.context = [said.context_type, said.context_value]
    kept.person = said.name or kept.person
    kept.subject = kept.subject or [said.subject_type, said.subject_value]
    kept.signed, kept.ended = {}, False
    after, kept.after = kept.after, ""
    visit.renew()
    return visit.go(after or "/")
