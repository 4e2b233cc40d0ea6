"""What pages of permissions share: what the visitor holds, and how holders and permissions are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from klucznik.client import auth, claims
from klucznik.errors import Refused
from klucznik.portal.permission_kinds import AUTHORIZATIONS, VAT_UE_MANAGE, Text
from klucznik.portal.visit import Visit
from klucznik.portal.words import Speaker, permission_name

#: Types of identifiers.
TYPES: Final[dict[str, Text]] = {
    "Nip": ("NIP", "NIP", "NIP"),
    "Pesel": ("PESEL", "PESEL", "PESEL"),
    "Fingerprint": ("certificate", "certyfikat", "Zertifikat"),
    "InternalId": ("unit", "jednostka", "Einheit"),
    "PeppolId": ("Peppol ID", "identyfikator Peppol", "Peppol-ID"),
    "NipVatUe": ("EU entity", "podmiot unijny", "EU-Unternehmen"),
    "VatUe": ("EU entity", "podmiot unijny", "EU-Unternehmen"),
    "AllPartners": ("all clients", "wszyscy klienci", "alle Kunden"),
    "System": ("paper notice ZAW-FA", "zawiadomienie ZAW-FA", "Papiermeldung ZAW-FA"),
}


@dataclass(frozen=True)
class Party:
    """Somebody or something that has an identifier; `name` where one was given."""

    kind: str
    value: str
    name: str = ""

    @property
    def short(self) -> str:
        """The value as it fits into a table: of a fingerprint the beginning."""
        return f"{self.value[:12]}…" if self.kind == "Fingerprint" else self.value


@dataclass(frozen=True)
class Line:
    """One grant, whichever list it stands in."""

    id: str
    scope: str
    holder: Party | None
    giver: Party | None  # the context in which it is good, or the company that gave it
    target: Party | None  # client or unit that it reaches
    author: Party | None
    description: str
    since: datetime
    active: bool
    delegable: bool


async def held(visit: Visit) -> frozenset[str]:
    """What the visitor holds in the context now: rights change with a refresh (permissions.md section 9)."""
    await visit.ksef.call(auth.refresh())
    bearer = visit.ksef.credentials.access_token
    return frozenset((claims.read(bearer.token).permissions if bearer else None) or ())


async def refusal(visit: Visit, error: Refused) -> list[str]:
    """What KSeF said to a call of this visit, the next step, and the causes that the local KSeF keeps."""
    return [visit.said(error), *await visit.causes(error.trace_id, own=True)]


def scope_name(t: Speaker, wire: str) -> str:
    """How a person calls a permission of any family."""
    if wire in AUTHORIZATIONS:
        return t(*AUTHORIZATIONS[wire][0])
    return t(*VAT_UE_MANAGE) if wire == "VatUeManage" else permission_name(t, wire)


def line_of(item: Any) -> Line:
    """An entry of any list of permissions (`klucznik.wire.permission_queries`)."""
    holder = _party(item, "authorized_identifier", "authorized_entity_identifier")
    fingerprint = getattr(item, "authorized_fingerprint_identifier", None)
    if fingerprint:
        holder = Party("Fingerprint", fingerprint)
    if holder:
        holder = Party(holder.kind, holder.value, _name(item))
    giver = _party(item, "context_identifier", "authorizing_entity_identifier")
    target = _party(item, "target_identifier", "subunit_identifier")
    if target and target.kind != "AllPartners" and (unit := getattr(item, "subunit_name", None)):
        target = Party(target.kind, target.value, unit)
    if fingerprint:
        target = Party("VatUe", item.vat_ue_identifier, item.eu_entity_name)
    scope = getattr(item, "permission_scope", None) or item.authorization_scope
    state = getattr(item, "permission_state", None)
    return Line(
        id=item.id,
        scope=scope.value,
        holder=holder,
        giver=giver,
        target=target,
        author=_party(item, "author_identifier"),
        description=item.description,
        since=item.start_date,
        active=state is None or state.value == "Active",
        delegable=bool(getattr(item, "can_delegate", False)),
    )


def _party(item: Any, *places: str) -> Party | None:
    for place in places:
        found = getattr(item, place, None)
        if found is not None:
            return Party(found.type.value, found.value or "")
    return None


def _name(item: Any) -> str:
    person = getattr(item, "subject_person_details", None)
    if person is not None:
        return f"{person.first_name} {person.last_name}"
    entity = getattr(item, "subject_entity_details", None)
    return entity.full_name if entity is not None else ""


def is_company(item: Any) -> bool:
    """Whether an entry of the persons' list was given to a company."""
    return item.subject_entity_details is not None
