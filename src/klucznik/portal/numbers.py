"""NIP and PESEL as typed: what KSeF takes is taken, and a wrong check digit is worth a word.

Rules: auth.md section 9 (KSeF looks at the pattern), invoice-verification.md section 1 (check digits are for
invoices, in production alone).
"""

from __future__ import annotations

from klucznik.portal.visit import Unfit, Visit
from klucznik.wire import ids


def nip(visit: Visit, text: str) -> str:
    """A NIP, dashes and blanks taken out. Raises `Unfit`; a doubt is flashed."""
    digits = text.replace("-", "").replace(" ", "")
    if not ids.is_nip(digits, checksum=False):
        raise Unfit(
            visit.t(
                f"“{text[:20]}” is no valid NIP: ten digits, the first of them no zero.",
                f"„{text[:20]}” nie jest poprawnym NIP: dziesięć cyfr, pierwsza różna od zera.",
                f"„{text[:20]}“ ist keine gültige NIP: zehn Ziffern, die erste keine Null.",
            )
        )
    doubt(visit, digits)
    return digits


def pesel(visit: Visit, text: str) -> str:
    """A PESEL. Raises `Unfit`; a doubt is flashed."""
    digits = text.replace(" ", "")
    if not ids.is_pesel(digits, checksum=False):
        raise Unfit(
            visit.t(
                f"“{text[:20]}” is no valid PESEL: eleven digits that begin with a birth date.",
                f"„{text[:20]}” nie jest poprawnym numerem PESEL: 11 cyfr, na początku data urodzenia.",
                f"„{text[:20]}“ ist keine gültige PESEL: elf Ziffern, am Anfang ein Geburtsdatum.",
            )
        )
    doubt(visit, digits)
    return digits


def pesel_or_nip(visit: Visit, text: str) -> tuple[str | None, str | None]:
    """Of a person: PESEL or NIP, the other is None. Raises `Unfit`; a doubt is flashed."""
    digits = text.replace("-", "").replace(" ", "")
    if not (ids.is_pesel(digits, checksum=False) or ids.is_nip(digits, checksum=False)):
        raise Unfit(
            visit.t(
                f"“{text[:20]}” is no valid PESEL (11 digits) or NIP (10 digits): check its digits.",
                f"„{text[:20]}” nie jest poprawnym numerem PESEL (11 cyfr) ani NIP (10 cyfr): sprawdź cyfry.",
                f"„{text[:20]}“ ist keine gültige PESEL (11 Ziffern) oder NIP (10 Ziffern): Bitte prüfen.",
            )
        )
    doubt(visit, digits)
    return (digits, None) if len(digits) == 11 else (None, digits)


def doubt(visit: Visit, number: str) -> None:
    """Flash that a NIP or PESEL may be mistyped, where its last digit says so."""
    if ids.is_nip(number) or ids.is_pesel(number):
        return
    said = visit.t(
        f"Is {number} mistyped? Its last digit does not fit the others. It was taken all the same, as KSeF "
        "does; in production an invoice with such a NIP is refused.",
        f"Czy {number} to nie pomyłka? Ostatnia cyfra nie pasuje do pozostałych. Numer przyjęto, jak robi "
        "to KSeF; w środowisku produkcyjnym faktura z takim NIP zostanie odrzucona.",
        f"Ist {number} vertippt? Die letzte Ziffer passt nicht zu den übrigen. Die Nummer wurde angenommen, "
        "wie KSeF es tut; in der Produktion wird eine Rechnung mit so einer NIP abgelehnt.",
    )
    if ["note", said] not in visit.kept.flash:
        visit.flash("note", said)
