"""What codes of an invoice are called: payments, roles, kinds of transport. Rule: fa3.md section 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from klucznik.lang import tr

#: Code -> English, Polish.
Names = Mapping[int, tuple[str, str]]


def named(names: Names, code: int | None) -> str:
    """The name of a code; the code itself where it has none."""
    if code is None:
        return ""
    return tr(*names[code]) if code in names else str(code)


PAYMENT_FORMS: Final[Names] = {
    1: ("Cash", "Gotówka"),
    2: ("Card", "Karta"),
    3: ("Voucher", "Bon"),
    4: ("Cheque", "Czek"),
    5: ("Credit", "Kredyt"),
    6: ("Transfer", "Przelew"),
    7: ("Mobile payment", "Płatność mobilna"),
}

TAXPAYER_STATES: Final[Names] = {
    1: ("In liquidation", "W likwidacji"),
    2: ("In restructuring proceedings", "W postępowaniu restrukturyzacyjnym"),
    3: ("In bankruptcy", "W upadłości"),
    4: ("Inherited business", "Przedsiębiorstwo w spadku"),
}

CORRECTION_EFFECTS: Final[Names] = {
    1: ("on the day the original invoice was entered", "w dacie ujęcia faktury pierwotnej"),
    2: ("on the issue day of the correction", "w dacie wystawienia faktury korygującej"),
    3: ("on another day, or a different one for each line", "w innej dacie, także różnej dla pozycji"),
    4: ("on the day all or part was paid back", "w dacie zwrotu całości lub części należności"),
}

THIRD_ROLES: Final[Names] = {
    1: ("Factor", "Faktor"),
    2: (
        "Recipient: a unit or branch of the buyer that is not itself the buyer",
        "Odbiorca – jednostka wewnętrzna lub oddział nabywcy, który sam nie jest nabywcą",
    ),
    3: (
        "Original party, since taken over or transformed",
        "Podmiot pierwotny – przejęty lub przekształcony",
    ),
    4: ("Additional buyer", "Dodatkowy nabywca"),
    5: (
        "Issuer of the invoice on behalf of the taxpayer",
        "Wystawca faktury – w imieniu podatnika",
    ),
    6: ("Payer in place of the buyer", "Dokonujący płatności – w miejsce nabywcy"),
    7: ("Local government unit: issuer", "Jednostka samorządu terytorialnego – wystawca"),
    8: ("Local government unit: recipient", "Jednostka samorządu terytorialnego – odbiorca"),
    9: ("Member of a VAT group: issuer", "Członek grupy VAT – wystawca"),
    10: ("Member of a VAT group: recipient", "Członek grupy VAT – odbiorca"),
    11: ("Employee", "Pracownik"),
}

AUTHORISED_ROLES: Final[Names] = {
    1: ("Enforcement body", "Organ egzekucyjny"),
    2: ("Court bailiff", "Komornik sądowy"),
    3: ("Tax representative", "Przedstawiciel podatkowy"),
}

BANKS_OWN_ACCOUNTS: Final[Names] = {
    1: (
        "Bank's account for settling receivables it buys",
        "Rachunek banku do rozliczeń nabywanych wierzytelności",
    ),
    2: (
        "Bank's account for collecting the buyer's payment and passing it to the seller",
        "Rachunek banku do pobrania należności od nabywcy i przekazania jej dostawcy",
    ),
    3: (
        "Bank's account of its own affairs, not for settlements",
        "Rachunek banku w ramach gospodarki własnej, nierozliczeniowy",
    ),
}

TRANSPORTS: Final[Names] = {
    1: ("Sea", "Morski"),
    2: ("Rail", "Kolejowy"),
    3: ("Road", "Drogowy"),
    4: ("Air", "Lotniczy"),
    5: ("Post", "Przesyłka pocztowa"),
    7: ("Fixed installations", "Stałe instalacje przesyłowe"),
    8: ("Inland waterway", "Żegluga śródlądowa"),
}

LOADS: Final[Names] = {
    1: ("Churn", "Bańka"),
    2: ("Barrel", "Beczka"),
    3: ("Cylinder", "Butla"),
    4: ("Carton", "Karton"),
    5: ("Canister", "Kanister"),
    6: ("Cage", "Klatka"),
    7: ("Shipping container", "Kontener"),
    8: ("Basket", "Kosz lub koszyk"),
    9: ("Punnet", "Łubianka"),
    10: ("Collective packaging", "Opakowanie zbiorcze"),
    11: ("Parcel", "Paczka"),
    12: ("Package", "Pakiet"),
    13: ("Pallet", "Paleta"),
    14: ("Container", "Pojemnik"),
    15: ("Container for dry bulk", "Pojemnik do ładunków masowych stałych"),
    16: ("Container for liquid bulk", "Pojemnik do ładunków masowych płynnych"),
    17: ("Box", "Pudełko"),
    18: ("Can", "Puszka"),
    19: ("Crate", "Skrzynia"),
    20: ("Sack", "Worek"),
}
