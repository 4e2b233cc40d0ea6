"""Who is on an invoice: seller, buyer, third parties, the authorised party. Rule: pdf.md section 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from klucznik.documents import fa, rr
from klucznik.documents.view.blocks import Block, Columns, Pair, Pairs, Section
from klucznik.documents.view.codes import AUTHORISED_ROLES, TAXPAYER_STATES, THIRD_ROLES, named
from klucznik.documents.view.words import country, percent, some, text, yes_or_no
from klucznik.lang import tr

_Identity = fa.TPodmiot1 | fa.TPodmiot2 | fa.TPodmiot3 | rr.TPodmiot3
_Contact = fa.DaneKontaktowe | fa.DaneKontaktowePU


def of_fa(invoice: fa.Faktura) -> list[Section]:
    """Seller and buyer side by side; one that was corrected across the page, before beside after."""
    body = invoice.Fa
    # Each former buyer belongs to the one with the same IDNabywcy; without one, to the buyer.
    former = list(body.Podmiot2K)
    old_buyer = _take(former, invoice.Podmiot2.IDNabywcy)
    made = _both(
        (tr("Seller", "Sprzedawca"), _seller(invoice.Podmiot1), _former(body.Podmiot1K), []),
        (tr("Buyer", "Nabywca"), _buyer(invoice.Podmiot2), _former(old_buyer), _flags(invoice.Podmiot2)),
    )
    for n, third in enumerate(invoice.Podmiot3, 1):
        old = _take(former, third.IDNabywcy) if third.IDNabywcy else None
        heading = tr(f"Third party {n}", f"Podmiot inny {n}")
        if old:
            made.append(_changed("third-party", heading, _former(old), [*_who(third), *_where(third)]))
        else:
            made.append(_halves("third-party", heading, _who(third), _where(third)))
    made += [_changed("buyer", tr("Buyer", "Nabywca"), _former(one), []) for one in former]
    return made + _authorised(invoice.PodmiotUpowazniony)


def of_rr(invoice: rr.Faktura) -> list[Section]:
    """Supplier and buyer of an FA_RR."""
    body = invoice.FakturaRR
    first, second = invoice.Podmiot1, invoice.Podmiot2
    supplier = [
        *_identity(first.DaneIdentyfikacyjne),
        *_where(first),
        *some(Pair(tr("Contractor number", "Numer kontrahenta"), text(first.NrKontrahenta))),
    ]
    buyer = [*_identity(second.DaneIdentyfikacyjne), *_where(second), *_state(second)]
    made = _both(
        (tr("Supplier", "Dostawca"), supplier, _former(body.Podmiot1K), []),
        (tr("Buyer", "Nabywca"), buyer, _former(body.Podmiot2K), []),
    )
    for n, third in enumerate(invoice.Podmiot3, 1):
        who = [*_role(third), *_identity(third.DaneIdentyfikacyjne)]
        made.append(_halves("third-party", tr(f"Third party {n}", f"Podmiot inny {n}"), who, _where(third)))
    return made


# ---- layout ---------------------------------------------------------------------------------------

#: Heading, what stands on the invoice, what stood before (empty: unchanged), what follows.
_Side = tuple[str, list[Pair], list[Pair], list[Block]]


def _both(*sides: _Side) -> list[Section]:
    """Seller and buyer."""
    if not any(old for _, _, old, _ in sides):
        columns = [[Pairs(now, heading), *more] for heading, now, _, more in sides]
        return [Section("parties", "", [Columns(columns)])]
    return [
        _changed(anchor, heading, old, now, more) if old else Section(anchor, heading, [Pairs(now), *more])
        for anchor, (heading, now, old, more) in zip(("seller", "buyer"), sides, strict=True)
    ]


def _changed(
    anchor: str, heading: str, old: list[Pair], now: list[Pair], more: Sequence[Block] = ()
) -> Section:
    columns: list[Sequence[Block]] = [[Pairs(old, tr("Before the correction", "Treść korygowana"))]]
    if now:
        columns.append([Pairs(now, tr("After the correction", "Treść korygująca")), *more])
    return Section(anchor, heading, [Columns(columns)])


def _halves(anchor: str, heading: str, left: list[Pair], right: list[Pair]) -> Section:
    columns = [[Pairs(side)] for side in (left, right) if side]
    return Section(anchor, heading, [Columns(columns)] if len(columns) > 1 else columns[0])


def _take(former: list[fa.Podmiot2K], key: str | None) -> fa.Podmiot2K | None:
    """The former buyer with this key, taken off the list."""
    found = next((one for one in former if one.IDNabywcy == key), None)
    if found:
        former.remove(found)
    return found


# ---- what is said of one --------------------------------------------------------------------------


def _seller(party: fa.Podmiot1) -> list[Pair]:
    return [
        *_eori(party),
        *some(Pair(tr("VAT prefix", "Prefiks VAT"), text(party.PrefiksPodatnika))),
        *_identity(party.DaneIdentyfikacyjne),
        *_where(party),
        *_state(party),
    ]


def _buyer(party: fa.Podmiot2) -> list[Pair]:
    return [
        *_key(party),
        *_eori(party),
        *_identity(party.DaneIdentyfikacyjne),
        *_where(party),
    ]


def _flags(party: fa.Podmiot2) -> list[Block]:
    """JST and GV, which FA(2) does not have."""
    pairs = some(
        Pair(
            tr("For a unit of a local government", "Faktura dotyczy jednostki podrzędnej JST"),
            yes_or_no(getattr(party, "JST", None)),
        ),
        Pair(
            tr("For a member of a VAT group", "Faktura dotyczy członka grupy GV"),
            yes_or_no(getattr(party, "GV", None)),
        ),
    )
    return [Pairs(pairs)] if pairs else []


def _former(party: fa.Podmiot1K | fa.Podmiot2K | rr.Podmiot1K | rr.Podmiot2K | None) -> list[Pair]:
    if party is None:
        return []
    prefix = getattr(party, "PrefiksPodatnika", None)
    return [
        *_key(party),
        *some(Pair(tr("VAT prefix", "Prefiks VAT"), text(prefix))),
        *_identity(party.DaneIdentyfikacyjne),
        *_address(tr("Address", "Adres"), party.Adres),
    ]


def _who(third: fa.Podmiot3) -> list[Pair]:
    return [
        *_key(third),
        *_role(third),
        *some(Pair(tr("Share", "Udział"), percent(third.Udzial))),
        *_eori(third),
        *_identity(third.DaneIdentyfikacyjne),
    ]


def _role(third: fa.Podmiot3 | rr.Podmiot3) -> list[Pair]:
    return some(
        Pair(tr("Role", "Rola"), named(THIRD_ROLES, third.Rola)),
        Pair(tr("Other role", "Rola inna"), text(third.OpisRoli)),
    )


def _authorised(party: fa.PodmiotUpowazniony | None) -> list[Section]:
    if party is None:
        return []
    who = [
        Pair(tr("Role", "Rola"), named(AUTHORISED_ROLES, party.RolaPU)),
        *_eori(party),
        *_identity(party.DaneIdentyfikacyjne),
    ]
    return [_halves("authorised", tr("Authorised party", "Podmiot upoważniony"), who, _where(party))]


def _key(party: Any) -> list[Pair]:
    key = getattr(party, "IDNabywcy", None)
    return some(Pair(tr("Buyer's identifier", "Identyfikator nabywcy"), text(key)))


def _eori(party: Any) -> list[Pair]:
    return some(Pair(tr("EORI number", "Numer EORI"), text(party.NrEORI)))


def _state(party: fa.Podmiot1 | rr.Podmiot2) -> list[Pair]:
    status = named(TAXPAYER_STATES, party.StatusInfoPodatnika)
    return some(Pair(tr("State of the taxpayer", "Status podatnika"), status))


def _identity(party: _Identity) -> list[Pair]:
    return [*identifier(party), *some(Pair(tr("Name", "Nazwa"), text(party.Nazwa)))]


def identifier(party: _Identity) -> list[Pair]:
    """By what a party is known; only one of these is ever given."""
    prefix, number = (text(getattr(party, name, None)) for name in ("KodUE", "NrVatUE"))
    land, foreign = (text(getattr(party, name, None)) for name in ("KodKraju", "NrID"))
    made = some(
        Pair("NIP", text(party.NIP)),
        Pair(tr("Internal identifier", "Identyfikator wewnętrzny"), text(getattr(party, "IDWew", None))),
        Pair(tr("EU VAT number", "Numer VAT-UE"), f"{prefix} {number}".strip()),
        Pair(tr("Other tax identifier", "Identyfikator podatkowy inny"), f"{land} {foreign}".strip()),
    )
    if getattr(party, "BrakID", None):
        made.append(Pair("", tr("No identifier", "Brak identyfikatora")))
    return made


def _where(party: Any) -> list[Pair]:
    """Addresses and contacts."""
    return [
        *_address(tr("Address", "Adres"), party.Adres),
        *_address(tr("Address for letters", "Adres do korespondencji"), party.AdresKoresp),
        *(pair for contact in party.DaneKontaktowe for pair in _contact(contact)),
        *some(Pair(tr("Customer number", "Numer klienta"), text(getattr(party, "NrKlienta", None)))),
    ]


def _contact(contact: _Contact) -> list[Pair]:
    if isinstance(contact, fa.DaneKontaktowe):
        email, phone = contact.Email, contact.Telefon
    else:
        email, phone = contact.EmailPU, contact.TelefonPU
    return some(Pair("E-mail", text(email)), Pair(tr("Phone", "Tel."), text(phone)))


def _address(label: str, address: fa.Adres | None) -> list[Pair]:
    return some(Pair(label, postal(address)))


def postal(address: fa.Adres | None) -> str:
    """An address, one line under another."""
    if address is None:
        return ""
    gln = f"GLN: {text(address.GLN)}" if address.GLN else ""
    lines = (text(address.AdresL1), text(address.AdresL2), country(text(address.KodKraju)), gln)
    return "\n".join(filter(None, lines))
