"""What a KSeF token may do: what its author can give it, what it was given, and what of that is in force.

Rights in force are those requested that the author still holds (tokens.md section 1). Of oneself a refreshed
login tells them exactly; of others the list of permissions of the context tells what was granted directly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from klucznik.client import auth, claims, permissions
from klucznik.errors import KlucznikError
from klucznik.portal.visit import Visit
from klucznik.portal.words import PERMISSIONS
from klucznik.wire.tokens import QueryTokensResponseItem, TokenPermissionType

Text = tuple[str, str, str]  # en, pl, de

#: Permissions in the order in which pages show them.
ORDER: Final = tuple(permission.wire for permission in PERMISSIONS)
#: What sending and receiving invoices may need; a token of an ERP with more is worth a word.
FOR_ERP: Final = ("InvoiceWrite", "InvoiceRead", "Introspection", "CollectiveIdentifierManage")
#: Types of context in which a token can live (26002 elsewhere).
CONTEXTS: Final = ("Nip", "InternalId")
#: Pages of permissions read for one author.
_PAGES: Final = 5

#: Who may be the author of a token.
SUBJECTS: Final[dict[str, Text]] = {
    "Nip": ("NIP", "NIP", "NIP"),
    "Pesel": ("PESEL", "PESEL", "PESEL"),
    "Fingerprint": ("fingerprint", "odcisk palca", "Fingerabdruck"),
}
STATES: Final[dict[str, tuple[Text, str]]] = {
    "Pending": (("being made", "w trakcie tworzenia", "wird erstellt"), "note"),
    "Active": (("active", "aktywny", "aktiv"), "good"),
    "Revoking": (("being revoked", "w trakcie unieważniania", "wird widerrufen"), "note"),
    "Revoked": (("revoked", "unieważniony", "widerrufen"), "bad"),
    "Failed": (("failed", "nieudany", "fehlgeschlagen"), "bad"),
}


@dataclass(frozen=True)
class Rights:
    """Of one token. `in_force` is None where KSeF does not tell; `mine` is a token of the visitor's own."""

    requested: tuple[str, ...]
    in_force: frozenset[str] | None
    mine: bool

    @property
    def lost(self) -> tuple[str, ...]:
        """Requested, and held by the author no longer."""
        if self.in_force is None:
            return ()
        return tuple(name for name in self.requested if name not in self.in_force)

    @property
    def beyond_erp(self) -> tuple[str, ...]:
        """Requested, though the work of an ERP does not need it."""
        return beyond_erp(self.requested)


def beyond_erp(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the permissions that the work of an ERP does not need."""
    return tuple(name for name in names if name not in FOR_ERP)


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Permissions that a token can have, in the order of the pages, each once."""
    given = set(names)
    return tuple(name for name in ORDER if name in given)


async def held(visit: Visit) -> tuple[str, ...]:
    """What the visitor holds in the context now. Rights change with a refresh only (permissions.md "
    "section 9)."""
    await visit.ksef.call(auth.refresh())
    bearer = visit.ksef.credentials.access_token
    told = claims.read(bearer.token).permissions if bearer else ()
    return ordered(set(told or ()) & {each.value for each in TokenPermissionType})


def sees_all(mine: Iterable[str]) -> bool:
    """Whether one with these permissions sees the tokens of others (tokens.md section 5)."""
    return not {"CredentialsManage", "CredentialsRead"}.isdisjoint(mine)


async def rights_of(
    visit: Visit, tokens: Iterable[QueryTokensResponseItem], mine: tuple[str, ...]
) -> dict[str, Rights]:
    """Rights of each token, by its reference number; `mine` is what the visitor holds."""
    items = list(tokens)
    others = {author_of(item) for item in items if not _is_mine(visit, item, mine)}
    told = dict(zip(others, await asyncio.gather(*(_of_author(visit, who) for who in others)), strict=True))
    found = {}
    for item in items:
        requested = ordered(permission.value for permission in item.requested_permissions)
        own = _is_mine(visit, item, mine)
        now = frozenset(mine) if own else told[author_of(item)]
        in_force = None if now is None else now & set(requested)
        found[item.reference_number] = Rights(requested, in_force, own)
    return found


def author_of(item: QueryTokensResponseItem) -> tuple[str, str]:
    """Type and value of who generated a token."""
    return item.author_identifier.type.value, item.author_identifier.value


def _is_mine(visit: Visit, item: QueryTokensResponseItem, mine: tuple[str, ...]) -> bool:
    """Who sees no tokens of others sees those of their own, under NIP and PESEL alike."""
    return not sees_all(mine) or list(author_of(item)) == visit.kept.subject


async def _of_author(visit: Visit, who: tuple[str, str]) -> frozenset[str] | None:
    """What somebody else holds here, as far as KSeF tells: None where no direct grant is listed."""
    context = visit.context
    if who == context:
        return frozenset(ORDER)  # the owner
    found: set[str] = set()
    try:
        for number in range(_PAGES):
            page = await visit.ksef.call(permissions.persons(who=who, state="Active", page=number))
            for grant in page.permissions:
                # A grant with a target other than this context is work for a client elsewhere.
                target = grant.target_identifier
                if target is None or target.value == context[1]:
                    found.add(grant.permission_scope.value)
            if not page.has_more:
                break
    except KlucznikError:
        return None  # the pages go on without it: the token's own facts are known
    return frozenset(found) or None
