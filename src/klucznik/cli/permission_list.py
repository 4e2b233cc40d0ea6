"""`klucznik permission list | roles | attachments`: what is granted, and by which role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import known_names
from klucznik.cli.common import NIP, print_json
from klucznik.cli.options import json_option
from klucznik.cli.showing import Column, day, dumped, show_all, show_facts, stacked, who, yes_no
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.endpoint import Call

_PARTIES = ("Nip", "Pesel", "Fingerprint", "InternalId", "PeppolId", "VatUe")
_ALL_NAMES = (
    "CredentialsManage", "CredentialsRead", "InvoiceWrite", "InvoiceRead", "Introspection", "SubunitManage",
    "EnforcementOperations", "VatUeManage", "CollectiveIdentifierManage",
    "SelfInvoicing", "RRInvoicing", "TaxRepresentative", "PefInvoicing",
)  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    """A list: its words, and which filters it knows; `parties` are the types that `--of` may name."""

    words: str
    parties: tuple[str, ...] = ()
    by_permission: bool = False
    by_state: bool = False


_KINDS = {
    "persons": _Kind(
        tr("who may work in the company's context", "kto może pracować w kontekście firmy"),
        ("Nip", "Pesel", "Fingerprint"),
        by_permission=True,
        by_state=True,
    ),
    "granted": _Kind(
        tr("what you granted there", "co tam nadałeś"),
        ("Nip", "Pesel", "Fingerprint"),
        by_permission=True,
        by_state=True,
    ),
    "own": _Kind(
        tr("your own permissions", "Twoje uprawnienia"),
        ("Nip", "InternalId"),
        by_permission=True,
        by_state=True,
    ),
    "received": _Kind(tr("what other companies gave", "otrzymane od innych firm"), ("Nip", "InternalId")),
    "authorizations": _Kind(
        tr("authorizations given", "udzielone uprawnienia podmiotowe"),
        ("Nip", "PeppolId"),
        by_permission=True,
    ),
    "authorized-by": _Kind(
        tr("authorizations received", "otrzymane uprawnienia podmiotowe"), ("Nip",), by_permission=True
    ),
    "units": _Kind(tr("administrators of units", "administratorzy jednostek"), ("InternalId", "Nip")),
    "eu": _Kind(tr("EU entities", "podmioty unijne"), ("VatUe", "Fingerprint"), by_permission=True),
}


@click.command(
    "list",
    help=tr("List permissions. Which ones:", "Pokaż uprawnienia. Które:")
    + "\n\n\b\n"
    + "\n".join(f"{name:15} {kind.words}" for name, kind in _KINDS.items()),
)
@click.option(
    "--what",
    type=click.Choice(list(_KINDS)),
    default="persons",
    show_default=True,
    help=tr("Which list.", "Która lista."),
)
@click.option(
    "--of",
    "party",
    type=(click.Choice(_PARTIES, case_sensitive=False), str),
    default=None,
    metavar=tr("TYPE VALUE", "TYP WARTOŚĆ"),
    help=tr(
        f"Only of this person, company, unit or EU entity: {', '.join(_PARTIES)}.",
        f"Tylko tej osoby, firmy, jednostki lub podmiotu unijnego: {', '.join(_PARTIES)}.",
    ),
)
@click.option(
    "--permissions",
    "-p",
    "wanted",
    multiple=True,
    metavar=tr("NAME[,NAME...]", "NAZWA[,NAZWA...]"),
    help=tr("Only these.", "Tylko te."),
)
@click.option(
    "--state",
    type=click.Choice(["Active", "Inactive"], case_sensitive=False),
    default=None,
    help=tr("Only those in force, or not.", "Tylko działające albo niedziałające."),
)
@access_options
@json_option
def list_(
    what: str,
    party: tuple[str, str] | None,
    wanted: tuple[str, ...],
    state: str | None,
    access: Access,
    as_json: bool,
) -> None:
    from klucznik.client.permissions import every_page

    kind = _KINDS[what]
    names = known_names(wanted, list(_ALL_NAMES))
    if party and party[0] not in kind.parties:
        raise click.UsageError(
            tr(
                f"--what {what} is asked --of {' or '.join(kind.parties)}, not {party[0]}.",
                f"--what {what} przyjmuje --of {' lub '.join(kind.parties)}, a nie {party[0]}.",
            )
        )
    for option, given, fits in (("-p", names, kind.by_permission), ("--state", state, kind.by_state)):
        if given and not fits:
            raise click.UsageError(tr(f"--what {what} has no {option}.", f"--what {what} nie ma {option}."))
    found = access.login().run(every_page(_page(what, party, names, state)))
    entries = "authorization_grants" if what.startswith("auth") else "permissions"
    items = [item for page in found for item in getattr(page, entries)]
    owned = getattr(found[0], "owner_permissions", None)
    if owned and not as_json:
        click.echo(tr("Owner: ", "Właściciel: ") + ", ".join(owned))
        if not items:
            return
        click.echo()
    permission = Column(tr("permission", "uprawnienie"), _scope)
    start = Column(tr("since", "od"), lambda item: day(item.start_date), whole=True)
    show_all(
        items,
        [
            Column("id", lambda item: item.id, whole=True),
            permission,
            Column(tr("to, by, in", "komu, kto, gdzie"), lambda item: "  ".join(_parties(item))),
            Column(tr("name", "nazwa"), _name),
            start,
            Column("", lambda item: ", ".join(_remarks(item)) or " "),
        ],
        narrow=[
            Column(
                tr("permission, id", "uprawnienie, id"),
                lambda item: stacked(_scope(item), item.id, ", ".join(_remarks(item))),
                whole=True,
            ),
            Column(tr("to, by, in", "komu, kto, gdzie"), lambda item: stacked(*_parties(item), _name(item))),
            start,
        ],
        as_json=as_json,
    )


def _page(
    what: str, party: tuple[str, str] | None, names: Sequence[str], state: str | None
) -> Callable[[int], Call[Any]]:
    """The call of each page of a list."""
    from klucznik.client import permissions as calls

    match what:
        case "own":
            return lambda number: calls.personal(context=party, permissions=names, state=state, page=number)
        case "received":
            return lambda number: calls.entities(party, page=number)
        case "authorizations" | "authorized-by":
            received = what == "authorized-by"
            return lambda number: calls.authorizations(
                received=received, other=party, permissions=names, page=number
            )
        case "units":
            return lambda number: calls.subunits(party, page=number)
        case "eu":
            vat_ue = party[1] if party and party[0] == "VatUe" else None
            fingerprint = party[1] if party and party[0] == "Fingerprint" else None
            return lambda number: calls.eu_entities(
                vat_ue=vat_ue, fingerprint=fingerprint, permissions=names, page=number
            )
    granted = what == "granted"
    return lambda number: calls.persons(
        granted=granted, who=party, permissions=names, state=state, page=number
    )


def _scope(item: Any) -> str:
    found = getattr(item, "permission_scope", None) or item.authorization_scope
    return str(found.value)


def _parties(item: Any) -> list[str]:
    """Whom an entry names, the permitted one first."""
    places = (
        "authorized_identifier",
        "authorized_entity_identifier",
        "authorizing_entity_identifier",
        "subunit_identifier",
        "context_identifier",
        "target_identifier",
    )
    found = [who(getattr(item, place, None)) for place in places]
    if fingerprint := getattr(item, "authorized_fingerprint_identifier", None):
        found += [tr(f"certificate {fingerprint}", f"certyfikat {fingerprint}"), item.vat_ue_identifier]
    return list(dict.fromkeys(filter(None, found)))


def _name(item: Any) -> str:
    """The name that was given of the permitted one."""
    person = getattr(item, "subject_person_details", None)
    if person is not None:
        return f"{person.first_name} {person.last_name}"
    entity = getattr(item, "subject_entity_details", None)
    return entity.full_name if entity is not None else getattr(item, "subunit_name", None) or ""


def _remarks(item: Any) -> list[str]:
    """Whatever is out of the ordinary."""
    found = []
    if getattr(item, "can_delegate", False):
        found.append(tr("may pass it on", "może przekazać"))
    state = getattr(item, "permission_state", None)
    if state and state.value == "Inactive":
        found.append(tr("inactive", "nieaktywne"))
    return found


@click.command(
    help=tr(
        "List the roles of the company (court bailiff, VAT group, local government …), or with "
        "--subordinate the companies below it.",
        "Pokaż role firmy (komornik, grupa VAT, JST …), a z --subordinate podmioty jej podrzędne.",
    )
)
@click.option("--subordinate", is_flag=True, help=tr("The companies below it.", "Podmioty podrzędne."))
@click.option(
    "--member",
    type=NIP,
    default=None,
    metavar="NIP",
    help=tr("Only this subordinate.", "Tylko ten podmiot podrzędny."),
)
@access_options
@json_option
def roles(subordinate: bool, member: str | None, access: Access, as_json: bool) -> None:
    from klucznik.client import permissions as calls

    ksef = access.login()
    columns = [
        Column(tr("role", "rola"), lambda item: item.role.value, whole=True),
        Column(tr("since", "od"), lambda item: day(item.start_date), whole=True),
        Column(tr("description", "opis"), lambda item: item.description),
    ]
    items: list[Any]
    if subordinate or member:
        below = ksef.run(calls.every_page(lambda number: calls.subordinate_roles(member, page=number)))
        items = [role for page in below for role in page.roles]
        columns.insert(
            0, Column(tr("company", "firma"), lambda item: who(item.subordinate_entity_identifier))
        )
    else:
        own = ksef.run(calls.every_page(lambda number: calls.roles(page=number)))
        items = [role for page in own for role in page.roles]
        columns.append(Column(tr("below", "podległa"), lambda item: who(item.parent_entity_identifier)))
    show_all(items, columns, as_json=as_json)


@click.command(
    help=tr(
        "Say whether the company may send invoices with attachments.\n\nConsent is given in e-Urząd Skarbowy. "
        "Exit code 1 where it may not.",
        "Powiedz, czy firma może wysyłać faktury z załącznikami.\n\nZgłoszenia dokonuje się w e-Urzędzie "
        "Skarbowym. Kod wyjścia 1, gdy nie może.",
    )
)
@access_options
@json_option
def attachments(access: Access, as_json: bool) -> int:
    from klucznik.client import permissions as calls

    found = access.login().call(calls.attachments_status())
    if as_json:
        print_json(dumped(found))
    else:
        show_facts(
            [
                (
                    tr("invoices with attachments", "faktury z załącznikami"),
                    yes_no(found.is_attachment_allowed),
                ),
                (tr("until", "do"), day(found.revoked_date)),
            ]
        )
    return 0 if found.is_attachment_allowed else 1
