"""Every code a finding may have: how bad it is, and what it means in a few words. Codes never change.

docs/checks.md has an entry for each: why one regrets it, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: error: the document is wrong or will do harm. warning: probably wrong. hint: worth a look.
Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class Code:
    severity: Severity
    en: str
    pl: str


def _codes(severity: Severity, **titles: tuple[str, str]) -> dict[str, Code]:
    return {name.replace("_", "-"): Code(severity, en, pl) for name, (en, pl) in titles.items()}


_ERRORS: Final = _codes(
    "error",
    # before the checks: the document itself
    file=("the file cannot be read", "pliku nie da się odczytać"),
    xml=("not XML as KSeF takes it", "to nie XML, jaki przyjmuje KSeF"),
    schema=("the schema refuses it", "schemat to odrzuca"),
    # sums
    sum_gross=("P_15 is not the sum of the totals", "P_15 nie jest sumą kwot według stawek"),
    sum_net=("P_13_x is not the sum of its lines", "P_13_x nie jest sumą swoich wierszy"),
    vat_arithmetic=("P_14_x is not the tax on P_13_x", "P_14_x nie jest podatkiem od P_13_x"),
    line_value=("quantity x price is not the value", "ilość x cena nie daje wartości"),
    line_gross=("net + tax is not the gross value", "netto + VAT nie daje wartości brutto"),
    line_tax=("the line's tax is not its rate", "podatek w wierszu nie odpowiada stawce"),
    tax_on_untaxed=("tax where the rate bears none", "podatek przy stawce bez podatku"),
    line_without_total=("a rate is used, its total is missing", "użyto stawki, brakuje jej sumy"),
    total_without_line=("a total whose rate no line has", "suma, której stawki nie ma żaden wiersz"),
    correction_difference=("totals of a correction are not the differences", "sumy korekty nie są różnicami"),
    settlement_sum=("charges or deductions do not add up", "obciążenia lub odliczenia się nie sumują"),
    settlement_due=("DoZaplaty does not follow", "DoZaplaty nie wynika z kwot"),
    # rates and notes
    exempt_ground=("zw without its legal ground", "zw bez podstawy prawnej"),
    reverse_charge_note=("oo without P_18", "oo bez P_18"),
    margin_note=("P_13_11 without PMarzy", "P_13_11 bez PMarzy"),
    two_rates=("P_12 and P_12_XII in one line", "P_12 i P_12_XII w jednym wierszu"),
    oss_polish_rate=("an OSS sale with a Polish rate", "sprzedaż OSS z polską stawką"),
    intra_eu_polish_buyer=("0 WDT to a Polish NIP", "0 WDT na polski NIP"),
    new_transport_line=("a new vehicle of a line that is not there", "nowy środek transportu bez wiersza"),
    # parties
    nip_checksum=("NIP with a wrong check digit", "NIP ze złą cyfrą kontrolną"),
    nip_hidden=("a Polish NIP outside the field NIP", "polski NIP poza polem NIP"),
    eu_vat_format=("no EU VAT number of that country", "to nie numer VAT UE tego kraju"),
    nip_corrected=(
        "a NIP corrected by Podmiot1K or Podmiot2K",
        "NIP poprawiany przez Podmiot1K lub Podmiot2K",
    ),
    # days
    issue_future=("issued in the future", "data wystawienia w przyszłości"),
    period_reversed=("a period that ends before it begins", "okres kończy się przed początkiem"),
    corrected_later=("the corrected invoice is younger", "faktura korygowana jest późniejsza"),
    # currency, payment
    tax_in_pln=("foreign currency, tax not in PLN", "waluta obca, brak podatku w złotych"),
    payment_link=("LinkDoPlatnosci is of another payment", "LinkDoPlatnosci dotyczy innej płatności"),
    # kinds
    correction_without_original=("KOR does not say what it corrects", "KOR nie podaje, co koryguje"),
    correction_fields=("fields of a correction on no correction", "pola korekty na fakturze bez korekty"),
    before_row=("StanPrzed on no correction", "StanPrzed na fakturze bez korekty"),
    ksef_number=("no KSeF number", "to nie numer KSeF"),
    ksef_number_seller=("the KSeF number of another seller", "numer KSeF innego sprzedawcy"),
    settlement_without_advance=("ROZ without advance invoices", "ROZ bez faktur zaliczkowych"),
    # the document
    size_over=("too big for KSeF", "za duża dla KSeF"),
    number_twice=("two invoices, one number", "dwie faktury o jednym numerze"),
)

_WARNINGS: Final = _codes(
    "warning",
    sum_cents=("lines and total differ by cents", "wiersze i suma różnią się o grosze"),
    vat_difference=("tax and net of a correction do not fit", "podatek i netto korekty nie pasują"),
    gross_cents=("P_15 differs by cents", "P_15 różni się o grosze"),
    gross_rest=("P_15 of a settlement does not follow", "P_15 rozliczenia nie wynika z sum"),
    line_discount=("a discount that is not taken off", "rabat, którego nie odjęto"),
    line_difference=("a correction's line does not multiply", "wiersz korekty się nie mnoży"),
    correction_lines=("lines of a correction are not its differences", "wiersze korekty nie są różnicami"),
    no_totals=("neither lines nor totals", "brak wierszy i sum"),
    line_number_twice=("a line number twice", "numer wiersza dwa razy"),
    line_id_twice=("a line identifier twice", "identyfikator wiersza dwa razy"),
    note_line=("a note on a line that is not there", "opis wiersza, którego nie ma"),
    exempt_unused=("a ground of exemption, nothing exempt", "podstawa zwolnienia, a nic nie jest zw"),
    reverse_charge_abroad=("np II without P_18", "np II bez P_18"),
    reverse_charge_unused=("P_18, but nothing is reversed", "P_18, a nic nie jest oo ani np"),
    margin_unused=("PMarzy without P_13_11", "PMarzy bez P_13_11"),
    line_without_rate=("a line without a rate", "wiersz bez stawki"),
    old_rate=("a rate that ended in 2010", "stawka zniesiona z końcem 2010"),
    procedure_intra_eu=("I_42 or I_63 without 0 WDT", "I_42 lub I_63 bez 0 WDT"),
    triangular_note=("TT_D without P_23", "TT_D bez P_23"),
    triangular_buyer=("P_23 without a buyer of another member state", "P_23 bez nabywcy z innego państwa UE"),
    intra_eu_number=("0 WDT without an EU VAT number", "0 WDT bez numeru VAT UE"),
    intra_eu_prefix=("0 WDT without the seller's PL", "0 WDT bez przedrostka PL sprzedawcy"),
    services_to_eu_number=("np II without an EU VAT number", "np II bez numeru VAT UE"),
    new_transport_rate=("a new vehicle without 0 WDT", "nowy środek transportu bez 0 WDT"),
    split_payment=("annex 15 above 15,000 PLN without P_18A", "załącznik 15 ponad 15 000 zł bez P_18A"),
    self_billing_buyer=("self-billing by nobody KSeF knows", "samofakturowanie przez nieznanego KSeF"),
    internal_id_checksum=("IDWew with a wrong check digit", "IDWew ze złą cyfrą kontrolną"),
    internal_id_foreign=("IDWew of somebody else", "IDWew kogoś innego"),
    eu_vat_prefix=("the country twice in an EU VAT number", "kraj dwa razy w numerze VAT UE"),
    eu_vat_checksum=("EU VAT number with wrong check digits", "numer VAT UE ze złymi cyframi kontrolnymi"),
    seller_is_buyer=("seller and buyer are the same", "sprzedawca i nabywca to ten sam NIP"),
    jst_unit=("JST = 1 without the unit", "JST = 1 bez jednostki"),
    jst_flag=("a unit without JST = 1", "jednostka bez JST = 1"),
    vat_group_member=("GV = 1 without the member", "GV = 1 bez członka grupy"),
    vat_group_flag=("a member without GV = 1", "członek grupy bez GV = 1"),
    share_sum=("shares above 100%", "udziały ponad 100%"),
    factor_missing=("a factor's account without a factor", "rachunek faktora bez faktora"),
    buyer_incomplete=("the buyer's name or address is missing", "brak nazwy lub adresu nabywcy"),
    buyer_link=("Podmiot2K belongs to no buyer", "Podmiot2K nie należy do żadnego nabywcy"),
    party_unchanged=("corrected data did not change", "skorygowane dane się nie zmieniły"),
    regon_checksum=("REGON with a wrong check digit", "REGON ze złą cyfrą kontrolną"),
    krs_number=("a KRS nobody has", "KRS, którego nikt nie ma"),
    issue_long_ago=("issued more than a year ago", "wystawiona ponad rok temu"),
    made_future=("made in the future", "wytworzona w przyszłości"),
    issued_late=("issued after the term", "wystawiona po terminie"),
    issued_early=("issued long before delivery", "wystawiona długo przed dostawą"),
    paid_future=("paid in the future", "zapłacona w przyszłości"),
    term_before_issue=("payable before it was issued", "termin płatności przed wystawieniem"),
    tax_pln_arithmetic=("tax in PLN is not tax x rate", "podatek w złotych to nie podatek x kurs"),
    exchange_in_pln=("a rate of exchange on an invoice in PLN", "kurs waluty na fakturze w PLN"),
    agreed_currency=("a contract's rate of exchange for PLN", "kurs umowny dla PLN"),
    account_length=("a Polish account of another length", "polski rachunek o złej długości"),
    account_checksum=("an account that does not exist", "rachunek, który nie istnieje"),
    swift_country=("SWIFT and account of two countries", "SWIFT i rachunek z różnych krajów"),
    parts_sum=("payments in part do not fit", "zapłaty częściowe nie pasują"),
    paid_negative=("paid, though nothing is due", "zapłacono, choć nic nie było należne"),
    corrects_itself=("a correction of its own number", "korekta własnego numeru"),
    advance_order=("ZAL without the order", "ZAL bez zamówienia"),
    advance_sum=("payments of an advance do not add up", "wpłaty zaliczki się nie sumują"),
    advance_above_order=("an advance above the order", "zaliczka wyższa niż zamówienie"),
    advance_on_plain=("advances settled by VAT, not ROZ", "zaliczki rozliczone fakturą VAT, nie ROZ"),
    order_value=("the order does not add up", "zamówienie się nie sumuje"),
    amount_in_words=("no amount in words", "brak kwoty słownie"),
    number_blanks=("odd blanks in the number", "zbędne spacje w numerze"),
    number_lookalike=(
        "a look-alike or invisible character in the number",
        "mylący lub niewidoczny znak w numerze",
    ),
    broken_letters=("broken letters", "uszkodzone litery"),
    form_old=("FA(2), which production does not take", "FA(2), której produkcja nie przyjmuje"),
    file_twice=("the same file twice", "ten sam plik dwa razy"),
)

_HINTS: Final = _codes(
    "hint",
    line_price_rounded=("the unit price was rounded", "cena jednostkowa jest zaokrąglona"),
    line_order=("lines out of order", "wiersze nie po kolei"),
    taxi_rate=("4% is the taxi rate", "4% to stawka taksówek"),
    gtu_abroad=("GTU on a sale taxed abroad", "GTU przy sprzedaży opodatkowanej za granicą"),
    export_to_eu=("0 EX to a buyer of the EU", "0 EX dla nabywcy z UE"),
    pesel_in_id=("a PESEL on the invoice", "PESEL na fakturze"),
    firm_without_id=("BrakID for what looks like a firm", "BrakID przy czymś, co wygląda na firmę"),
    share_missing=("several additional buyers, no share", "kilku dodatkowych nabywców bez udziału"),
    factor_account=("a factor without account", "faktor bez rachunku"),
    email_odd=("hardly an e-mail address", "to raczej nie adres e-mail"),
    issue_before_ksef=("issued before KSeF was mandatory", "wystawiona, zanim KSeF był obowiązkowy"),
    made_early=("made long before it was issued", "wytworzona długo przed wystawieniem"),
    exchange_rate_missing=("foreign currency without a rate of exchange", "waluta obca bez kursu"),
    exchange_rates_differ=("several rates of exchange", "różne kursy waluty"),
    transfer_account=("a transfer without account", "przelew bez rachunku"),
    paid_with_term=("paid, with a term of payment", "zapłacona, a ma termin płatności"),
    parts_whole=("paid wholly, marked as a part", "zapłacona całkiem, oznaczona jako część"),
    advance_date=("ZAL without the day of receipt", "ZAL bez daty otrzymania"),
    number_long=("a very long number", "bardzo długi numer"),
    attachment=("with an attachment", "z załącznikiem"),
    size_near=("near the size limit", "blisko limitu wielkości"),
)

CODES: Final[dict[str, Code]] = _ERRORS | _WARNINGS | _HINTS
