"""Who is on the invoice: numbers that check out, and roles that give the right people access.

Rules: fa3.md section 3, invoice-verification.md section 5. EU VAT numbers, REGON: python-stdnum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from stdnum.eu import vat
from stdnum.pl import regon

from klucznik.documents import fa, rr
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.setting import Invoice, Setting, body
from klucznik.documents.forms import FA2
from klucznik.documents.values import collapse
from klucznik.wire import ids

_EU_FORMAT: Final = re.compile(ids.NIP_VAT_UE_PATTERN, re.ASCII)
#: Any NIP: the pattern of the contract wants one before the EU VAT number.
_SOME_NIP: Final = "1111111111"
_FIRM = re.compile(
    r"\b(?:sp(?:\.|ółka)|spółdzielnia|fundacja|stowarzyszenie|gmina|powiat|szkoła|przedsiębiorstwo|P\.?P\.?H\.?U\.?"
    r"|F\.?H\.?U\.?|GmbH|Ltd|Inc|LLC|s\.?r\.?o|a\.s|B\.V|N\.V)\b|\bS\.\s?A\.|\bsp\.|\bUAB\b|\bOÜ\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
#: KRS numbers are given out one after another; this many are not near.
_KRS_END: Final = 3_000_000


@dataclass(frozen=True)
class _Party:
    path: str
    who: fa.TPodmiot1 | fa.TPodmiot2 | fa.TPodmiot3 | rr.TPodmiot3
    #: Whether KSeF shows the invoice to whom the identifier belongs.
    reads: bool = False


def _parties(invoice: Invoice) -> Iterator[_Party]:
    inside = "DaneIdentyfikacyjne"
    yield _Party(f"Podmiot1/{inside}", invoice.Podmiot1.DaneIdentyfikacyjne)
    yield _Party(f"Podmiot2/{inside}", invoice.Podmiot2.DaneIdentyfikacyjne, reads=True)
    thirds: Sequence[fa.Podmiot3 | rr.Podmiot3] = invoice.Podmiot3
    for index, third in enumerate(thirds):
        yield _Party(f"{numbered('Podmiot3', thirds, index)}/{inside}", third.DaneIdentyfikacyjne, reads=True)
    if isinstance(invoice, rr.Faktura):
        return
    if invoice.PodmiotUpowazniony is not None:
        yield _Party(f"PodmiotUpowazniony/{inside}", invoice.PodmiotUpowazniony.DaneIdentyfikacyjne)
    if (terms := invoice.Fa.WarunkiTransakcji) is not None:
        for index, transport in enumerate(terms.Transport):
            if transport.Przewoznik is not None:
                step = numbered("Transport", terms.Transport, index)
                yield _Party(
                    f"Fa/WarunkiTransakcji/{step}/Przewoznik/{inside}",
                    transport.Przewoznik.DaneIdentyfikacyjne,
                )


def _of(party: _Party, name: str) -> str:
    """An identifier of a party, empty when its kind of party has none."""
    found = getattr(party.who, name, None)
    return str(found) if found is not None else ""


def numbers(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """NIP, IDWew, EU VAT numbers and other identifiers of everybody."""
    parties = list(_parties(invoice))
    known = {nip for party in parties if (nip := _of(party, "NIP"))}
    for party in parties:
        if (nip := _of(party, "NIP")) and not ids.is_nip(nip):
            yield note(
                "nip-checksum",
                f"{party.path}/NIP",
                f"the check digit of NIP {nip} is wrong",
                f"NIP {nip} ma złą cyfrę kontrolną",
            )
        if unit := collapse(_of(party, "IDWew")):
            yield from _internal_id(party, unit, known)
        if country := _of(party, "KodUE"):
            yield from _eu_vat(party, country, _of(party, "NrVatUE"))
        if number := _of(party, "NrID"):
            yield from _other_id(party, number.strip())
        if _of(party, "BrakID") and _FIRM.search(_of(party, "Nazwa")):
            yield note(
                "firm-without-id",
                f"{party.path}/BrakID",
                f"{_of(party, 'Nazwa')!r} looks like a firm; without an identifier it sees no invoice",
                f"{_of(party, 'Nazwa')!r} wygląda na firmę, a nie ma identyfikatora: nie zobaczy faktury",
            )


def _internal_id(party: _Party, unit: str, known: set[str]) -> Iterator[Finding]:
    nip = unit[:10]
    path = f"{party.path}/IDWew"
    if not ids.is_nip(nip):
        yield note(
            "nip-checksum",
            path,
            f"the check digit of NIP {nip} in {unit} is wrong",
            f"NIP {nip} w {unit} ma złą cyfrę kontrolną",
        )
        return
    if not ids.is_internal_id(unit):
        right = ids.internal_id_check(unit[:15])
        yield note(
            "internal-id-checksum",
            path,
            f"the internal identifier {unit} ends with a wrong check digit, {right} would fit",
            f"identyfikator wewnętrzny {unit} ma złą cyfrę kontrolną, pasuje {right}",
        )
    if nip not in known:
        yield note(
            "internal-id-foreign",
            path,
            f"{unit} is a unit of NIP {nip}, who is no party of this invoice",
            f"{unit} to jednostka NIP {nip}, którego nie ma na fakturze",
        )


def _eu_vat(party: _Party, country: str, number: str) -> Iterator[Finding]:
    path = f"{party.path}/NrVatUE"
    bare = number.removeprefix("PL")
    fits = _EU_FORMAT.fullmatch(f"{_SOME_NIP}-{country}{number}") is not None
    if party.reads and (country == "PL" or (not fits and ids.is_nip(bare))):
        yield _hidden(path, bare)
    elif not fits and number.startswith(country):
        yield note(
            "eu-vat-prefix",
            path,
            f"{number} repeats the country, which stands in KodUE",
            f"{number} powtarza kraj, który stoi w KodUE",
        )
    elif not fits:
        yield note(
            "eu-vat-format",
            path,
            f"{number} is no EU VAT number of {country}",
            f"{number} nie jest numerem VAT UE kraju {country}",
        )
    elif not vat.is_valid(country + number):
        yield note(
            "eu-vat-checksum",
            path,
            f"the check digits of {country}{number} are wrong",
            f"{country}{number} ma złe cyfry kontrolne",
        )


def _other_id(party: _Party, number: str) -> Iterator[Finding]:
    path = f"{party.path}/NrID"
    bare = number.upper().removeprefix("PL").replace("-", "").replace(" ", "")
    if (
        party.reads
        and ids.is_nip(bare)
        and (_of(party, "KodKraju") in ("", "PL") or number.upper().startswith("PL"))
    ):
        yield _hidden(path, bare)
    elif ids.is_pesel(bare):
        yield note(
            "pesel-in-id",
            path,
            "this is a PESEL; an invoice does not need it, and everybody with the invoice reads it",
            "to jest PESEL; faktura go nie wymaga, a czyta go każdy, kto ma fakturę",
        )


def _hidden(path: str, nip: str) -> Finding:
    return note(
        "nip-hidden",
        path,
        f"{nip} is a Polish number outside the field NIP: its owner would never see the invoice in KSeF",
        f"{nip} to polski numer poza polem NIP: jego właściciel nie zobaczy faktury w KSeF",
    )


def roles(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """Seller and buyer are two; public units, groups, additional buyers and factors are told fully."""
    seller = invoice.Podmiot1.DaneIdentyfikacyjne.NIP
    if seller == invoice.Podmiot2.DaneIdentyfikacyjne.NIP:
        yield note(
            "seller-is-buyer",
            "Podmiot2/DaneIdentyfikacyjne/NIP",
            f"seller and buyer are the same NIP {seller}",
            f"sprzedawca i nabywca mają ten sam NIP {seller}",
        )
    if isinstance(invoice, rr.Faktura):
        return
    if setting.form is not FA2:
        yield from _units(invoice, "JST", 8, "jst-unit", "jst-flag")
        yield from _units(invoice, "GV", 10, "vat-group-member", "vat-group-flag")
    yield from _shares(invoice)
    accounts = invoice.Fa.Platnosc.RachunekBankowyFaktora if invoice.Fa.Platnosc else []
    factor = next((i for i, one in enumerate(invoice.Podmiot3) if one.Rola == 1), None)
    if factor is not None and not accounts and not (invoice.Fa.Platnosc and invoice.Fa.Platnosc.Zaplacono):
        yield note(
            "factor-account",
            numbered("Podmiot3", invoice.Podmiot3, factor),
            "a factor (role 1), but no account of the factor (RachunekBankowyFaktora)",
            "jest faktor (rola 1), a nie ma rachunku faktora (RachunekBankowyFaktora)",
        )
    if accounts and factor is None:
        yield note(
            "factor-missing",
            "Fa/Platnosc/RachunekBankowyFaktora",
            "an account of a factor, but no factor (Podmiot3 with role 1)",
            "jest rachunek faktora, a nie ma faktora (Podmiot3 z rolą 1)",
        )


def _units(invoice: fa.Faktura, flag: str, role: int, missing: str, unflagged: str) -> Iterator[Finding]:
    thirds = [(i, one) for i, one in enumerate(invoice.Podmiot3) if one.Rola == role]
    seen = [one for _, one in thirds if one.DaneIdentyfikacyjne.NIP or one.DaneIdentyfikacyjne.IDWew]
    said = getattr(invoice.Podmiot2, flag) == 1
    if said and not seen:
        yield note(
            missing,
            f"Podmiot2/{flag}",
            f"{flag} = 1, but no Podmiot3 with role {role} and NIP or IDWew: the unit gets no access",
            f"{flag} = 1, a nie ma Podmiot3 z rolą {role} oraz NIP lub IDWew: jednostka nie dostanie dostępu",
        )
    if thirds and not said:
        yield note(
            unflagged,
            f"Podmiot2/{flag}",
            f"Podmiot3 has role {role}, but {flag} is not 1",
            f"Podmiot3 ma rolę {role}, a {flag} to nie 1",
        )


def _shares(invoice: fa.Faktura) -> Iterator[Finding]:
    more = [(i, one) for i, one in enumerate(invoice.Podmiot3) if one.Rola == 4]
    shared = sum((one.Udzial for _, one in more if one.Udzial is not None), Decimal(0))
    if shared > 100:
        yield note(
            "share-sum",
            f"{numbered('Podmiot3', invoice.Podmiot3, more[-1][0])}/Udzial",
            f"the shares of the additional buyers add up to {shared}%",
            f"udziały dodatkowych nabywców dają razem {shared}%",
        )
    for index, one in more:
        if len(more) > 1 and one.Udzial is None:
            yield note(
                "share-missing",
                numbered("Podmiot3", invoice.Podmiot3, index),
                "one of several additional buyers, without a share (Udzial)",
                "jeden z kilku dodatkowych nabywców, bez udziału (Udzial)",
            )


def names(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """A full invoice has the buyer's name and address. Art. 106e(1)(3)."""
    if isinstance(invoice, rr.Faktura):
        return
    buyer = invoice.Podmiot2
    if collapse(invoice.Fa.RodzajFaktury) == "UPR" or buyer.DaneIdentyfikacyjne.BrakID == 1:
        return
    missing = [
        name
        for name, there in (("Nazwa", buyer.DaneIdentyfikacyjne.Nazwa), ("Adres", buyer.Adres))
        if there is None
    ]
    if missing:
        shown = ", ".join(missing)
        yield note(
            "buyer-incomplete",
            "Podmiot2",
            f"the buyer has no {shown}; only a simplified invoice (UPR) may do without",
            f"nabywca nie ma: {shown}; bez tego może być tylko faktura uproszczona (UPR)",
        )


def registers(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """REGON and KRS of the foot, e-mail addresses."""
    for index, entry in enumerate(invoice.Stopka.Rejestry if invoice.Stopka else []):
        assert invoice.Stopka is not None
        path = f"Stopka/{numbered('Rejestry', invoice.Stopka.Rejestry, index)}"
        if entry.REGON and not regon.is_valid(entry.REGON):
            yield note(
                "regon-checksum",
                f"{path}/REGON",
                f"the check digit of REGON {entry.REGON} is wrong",
                f"REGON {entry.REGON} ma złą cyfrę kontrolną",
            )
        if entry.KRS and not 0 < int(entry.KRS) < _KRS_END:
            yield note(
                "krs-number",
                f"{path}/KRS",
                f"no company has KRS {entry.KRS}",
                f"żadna firma nie ma KRS {entry.KRS}",
            )
    for name, party in (("Podmiot1", invoice.Podmiot1), ("Podmiot2", invoice.Podmiot2)):
        for index, contact in enumerate(party.DaneKontaktowe):
            if contact.Email and _EMAIL.fullmatch(contact.Email.strip()) is None:
                step = numbered("DaneKontaktowe", party.DaneKontaktowe, index)
                yield note(
                    "email-odd",
                    f"{name}/{step}/Email",
                    f"{contact.Email!r} is hardly an e-mail address",
                    f"{contact.Email!r} to raczej nie adres e-mail",
                )


def before_correction(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """Podmiot1K and Podmiot2K hold data as they stood before; a NIP cannot be corrected by them.

    Rule: fa3.md section 5, "Wrong NIP of seller/buyer".
    """
    old_seller = body(invoice).Podmiot1K
    where = "FakturaRR" if isinstance(invoice, rr.Faktura) else "Fa"
    if old_seller is not None:
        seller = invoice.Podmiot1
        if old_seller.DaneIdentyfikacyjne.NIP != seller.DaneIdentyfikacyjne.NIP:
            yield _nip_corrected(f"{where}/Podmiot1K/DaneIdentyfikacyjne/NIP")
        elif (old_seller.DaneIdentyfikacyjne, old_seller.Adres) == (seller.DaneIdentyfikacyjne, seller.Adres):
            yield _unchanged(f"{where}/Podmiot1K", "Podmiot1")
    if isinstance(invoice, rr.Faktura):
        old_buyer, buyer = invoice.FakturaRR.Podmiot2K, invoice.Podmiot2
        if old_buyer is None:
            return
        if old_buyer.DaneIdentyfikacyjne.NIP != buyer.DaneIdentyfikacyjne.NIP:
            yield _nip_corrected(f"{where}/Podmiot2K/DaneIdentyfikacyjne/NIP")
        elif (old_buyer.DaneIdentyfikacyjne, old_buyer.Adres) == (buyer.DaneIdentyfikacyjne, buyer.Adres):
            yield _unchanged(f"{where}/Podmiot2K", "Podmiot2")
        return
    buyers: list[fa.Podmiot2 | fa.Podmiot3] = [invoice.Podmiot2, *invoice.Podmiot3]
    now = {one.IDNabywcy for one in buyers}
    ids_now = [one.DaneIdentyfikacyjne.NIP for one in buyers]
    for index, old in enumerate(invoice.Fa.Podmiot2K):
        path = f"Fa/{numbered('Podmiot2K', invoice.Fa.Podmiot2K, index)}"
        if old.IDNabywcy is not None and old.IDNabywcy not in now:
            yield note(
                "buyer-link",
                f"{path}/IDNabywcy",
                f"no buyer has IDNabywcy {old.IDNabywcy}: whose data were corrected?",
                f"żaden nabywca nie ma IDNabywcy {old.IDNabywcy}: czyje dane skorygowano?",
            )
        if old.DaneIdentyfikacyjne.NIP is not None and old.DaneIdentyfikacyjne.NIP not in ids_now:
            yield _nip_corrected(f"{path}/DaneIdentyfikacyjne/NIP")
        elif (old.DaneIdentyfikacyjne, old.Adres) == (
            invoice.Podmiot2.DaneIdentyfikacyjne,
            invoice.Podmiot2.Adres,
        ):
            yield _unchanged(path, "Podmiot2")


def _nip_corrected(path: str) -> Finding:
    return note(
        "nip-corrected",
        path,
        "a NIP cannot be corrected this way: correct the invoice to zero and issue a new one",
        "NIP nie można tak skorygować: skoryguj fakturę do zera i wystaw nową",
    )


def _unchanged(path: str, same: str) -> Finding:
    return note(
        "party-unchanged",
        path,
        f"data before the correction are the same as {same} after it",
        f"dane przed korektą są takie same jak {same} po niej",
    )
