"""Invoices that the schema takes and a check finds fault with, by code; and odd ones that are legal.

Each is a list of changes (what stands there, what comes instead) of one of three plain invoices.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from klucznik.documents import samples
from klucznik.documents.samples import Options
from klucznik.wire import ids

ANIA, BIURO, OBCY = "5265877635", "1111111111", "6824515772"
DAY, NOW = date(2026, 7, 1), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

PLAIN = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW).decode()
EURO = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, options=Options(currency="EUR")).decode()
FARMER = samples.rr_invoice(ANIA, BIURO, "RR/1", DAY, NOW).decode()

Change = tuple[str, str]


def changed(text: str, *changes: Change) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


# ---- what is added to the plain invoice ------------------------------------------------------------

KIND = "<RodzajFaktury>VAT</RodzajFaktury>"
NUMBER = ids.make_ksef_number(ANIA, date(2026, 6, 1), "0100001AF629")
EU_BUYER: Change = (f"<NIP>{BIURO}</NIP>", "<KodUE>DE</KodUE><NrVatUE>136695976</NrVatUE>")
NOBODY: Change = (f"<NIP>{BIURO}</NIP>", "<BrakID>1</BrakID>")
PREFIX: Change = ("<Podmiot1>", "<Podmiot1><PrefiksPodatnika>PL</PrefiksPodatnika>")
SECOND = "<FaWiersz><NrWierszaFa>2"
THIRD = "<FaWiersz><NrWierszaFa>3"
FIVE = "<P_13_3>49.90</P_13_3><P_14_3>2.50</P_14_3>"


def original(number: str = "FV/0", day: str = "2026-06-01", ksef_number: str = NUMBER) -> str:
    return (
        f"<DaneFaKorygowanej><DataWystFaKorygowanej>{day}</DataWystFaKorygowanej>"
        f"<NrFaKorygowanej>{number}</NrFaKorygowanej><NrKSeF>1</NrKSeF>"
        f"<NrKSeFFaKorygowanej>{ksef_number}</NrKSeFFaKorygowanej></DaneFaKorygowanej>"
    )


def corrects(more: str = "", first: str = "") -> Change:
    return KIND, f"<RodzajFaktury>KOR</RodzajFaktury>{first or original()}{more}"


def rate(new: str, bucket: str) -> list[Change]:
    """The line of 5 % sold at another rate, without tax."""
    return [
        (FIVE, ""),
        ("<P_15>439.85", f"<{bucket}>49.90</{bucket}><P_15>437.35"),
        ("<P_12>5</P_12>", f"<P_12>{new}</P_12>"),
    ]


def pays(inside: str) -> Change:
    return "</Fa>", f"<Platnosc>{inside}</Platnosc></Fa>"


def account(number: str, swift: str = "") -> Change:
    code = f"<SWIFT>{swift}</SWIFT>" if swift else ""
    return pays(f"<RachunekBankowy><NrRB>{number}</NrRB>{code}</RachunekBankowy>")


def part(amount: str, mark: int) -> Change:
    return pays(
        f"<ZnacznikZaplatyCzesciowej>{mark}</ZnacznikZaplatyCzesciowej><ZaplataCzesciowa>"
        f"<KwotaZaplatyCzesciowej>{amount}</KwotaZaplatyCzesciowej>"
        "<DataZaplatyCzesciowej>2026-06-30</DataZaplatyCzesciowej></ZaplataCzesciowa>"
    )


def third(inside: str) -> Change:
    return "<Fa>", f"<Podmiot3><DaneIdentyfikacyjne>{inside}</Podmiot3><Fa>"


def factor(rest: str = "<Rola>1</Rola>") -> Change:
    return third(f"<NIP>{OBCY}</NIP><Nazwa>Faktor</Nazwa></DaneIdentyfikacyjne>{rest}")


def order(value: str, *, kind: str = "ZAL") -> list[Change]:
    return [
        (KIND, f"<RodzajFaktury>{kind}</RodzajFaktury>"),
        (
            "</Fa>",
            f"<Zamowienie><WartoscZamowienia>{value}</WartoscZamowienia><ZamowienieWiersz>"
            "<NrWierszaZam>1</NrWierszaZam><P_11NettoZ>1000.00</P_11NettoZ><P_11VatZ>230.00</P_11VatZ>"
            "<P_12Z>23</P_12Z></ZamowienieWiersz></Zamowienie></Fa>",
        ),
    ]


RECEIVED: Change = ("<P_2>FV/1</P_2>", "<P_2>FV/1</P_2><P_6>2026-06-30</P_6>")
NEW_CAR: Change = (
    "<P_22N>1</P_22N>",
    "<P_22>1</P_22><P_42_5>2</P_42_5><NowySrodekTransportu><P_22A>2026-06-01</P_22A>"
    "<P_NrWierszaNST>3</P_NrWierszaNST><P_22B>100 km</P_22B></NowySrodekTransportu>",
)


def parties_before(seller_nip: str, street: str) -> str:
    return (
        f"<Podmiot1K><DaneIdentyfikacyjne><NIP>{seller_nip}</NIP><Nazwa>{samples.SELLER}</Nazwa>"
        f"</DaneIdentyfikacyjne><Adres><KodKraju>PL</KodKraju><AdresL1>{street}</AdresL1>"
        "<AdresL2>00-000 Przykładowo</AdresL2></Adres></Podmiot1K>"
    )


TERM = "<TerminPlatnosci><Termin>{}</Termin></TerminPlatnosci>"

#: code -> changes of the plain invoice that give it.
OF_PLAIN: dict[str, list[Change]] = {
    "sum-gross": [("<P_15>439.85", "<P_15>440.85")],
    "gross-cents": [("<P_15>439.85", "<P_15>439.87")],
    "sum-net": [("<P_8B>10<", "<P_8B>20<"), ("<P_11>15.00", "<P_11>30.00")],
    "sum-cents": [("<P_11>15.00", "<P_11>15.01")],
    "vat-arithmetic": [("<P_14_1>72.45", "<P_14_1>62.45"), ("<P_15>439.85", "<P_15>429.85")],
    "vat-difference": [corrects(), ("<P_14_1>72.45", "<P_14_1>62.45"), ("<P_15>439.85", "<P_15>429.85")],
    "line-value": [("<P_8B>10<", "<P_8B>12<")],
    "line-price-rounded": [("<P_8B>10<", "<P_8B>7<"), ("<P_9A>1.50", "<P_9A>2.14")],
    "line-discount": [("<P_11>15.00", "<P_10>3.00</P_10><P_11>15.00")],
    "line-gross": [("<P_11>49.90</P_11>", "<P_11>49.90</P_11><P_11A>53.40</P_11A><P_11Vat>2.50</P_11Vat>")],
    "line-tax": [("<P_11>49.90</P_11>", "<P_11>49.90</P_11><P_11Vat>5.00</P_11Vat>")],
    "tax-on-untaxed": [
        *rate("0 KR", "P_13_6_1"),
        ("<P_11>49.90</P_11>", "<P_11>49.90</P_11><P_11Vat>2.50</P_11Vat>"),
    ],
    "line-without-total": [(FIVE, ""), ("<P_15>439.85", "<P_15>387.45")],
    "total-without-line": [(re.findall(f"{THIRD}.*?</FaWiersz>", PLAIN)[0], "")],
    "line-without-rate": [("<P_12>5</P_12>", "")],
    "no-totals": [(PLAIN[PLAIN.index("<FaWiersz>") : PLAIN.index("</Fa>")], "")]
    + [(one, "") for one in ("<P_13_1>315.00</P_13_1><P_14_1>72.45</P_14_1>", FIVE)],
    "line-number-twice": [(SECOND, SECOND.replace("2", "1"))],
    "line-order": [(SECOND, SECOND.replace("2", "7"))],
    "line-id-twice": [
        (f"{SECOND}</NrWierszaFa>", f"{SECOND}</NrWierszaFa><UU_ID>a</UU_ID>"),
        (f"{THIRD}</NrWierszaFa>", f"{THIRD}</NrWierszaFa><UU_ID>a</UU_ID>"),
    ],
    "note-line": [
        (
            KIND,
            f"{KIND}<DodatkowyOpis><NrWiersza>9</NrWiersza><Klucz>k</Klucz><Wartosc>w</Wartosc></DodatkowyOpis>",
        )
    ],
    "before-row": [("<P_12>5</P_12>", "<P_12>5</P_12><StanPrzed>1</StanPrzed>")],
    # rates and notes
    "exempt-ground": rate("zw", "P_13_7"),
    "exempt-unused": [("<P_19N>1</P_19N>", "<P_19>1</P_19><P_19A>art. 43</P_19A>")],
    "reverse-charge-note": rate("oo", "P_13_10"),
    "reverse-charge-abroad": [*rate("np II", "P_13_9"), EU_BUYER],
    "reverse-charge-unused": [("<P_18>2", "<P_18>1")],
    "margin-note": [
        *rate("5", "P_13_11"),
        ("<P_12>5</P_12>", ""),
    ],
    "margin-unused": [("<P_PMarzyN>1</P_PMarzyN>", "<P_PMarzy>1</P_PMarzy><P_PMarzy_3_1>1</P_PMarzy_3_1>")],
    "two-rates": [("<P_12>5</P_12>", "<P_12>5</P_12><P_12_XII>19</P_12_XII>")],
    "oss-polish-rate": [("<P_12>5</P_12>", "<P_12>5</P_12><Procedura>WSTO_EE</Procedura>")],
    "old-rate": [
        ("<P_12>5</P_12>", "<P_12>7</P_12>"),
        (FIVE, "<P_13_2>49.90</P_13_2><P_14_2>3.49</P_14_2>"),
        ("<P_15>439.85", "<P_15>440.84"),
    ],
    "taxi-rate": [
        ("<P_12>5</P_12>", "<P_12>4</P_12>"),
        (FIVE, "<P_13_4>49.90</P_13_4><P_14_4>2.00</P_14_4>"),
        ("<P_15>439.85", "<P_15>439.35"),
    ],
    "gtu-abroad": [
        ("<P_12>5</P_12>", "<P_12_XII>19</P_12_XII><GTU>GTU_01</GTU>"),
        (FIVE, "<P_13_5>49.90</P_13_5><P_14_5>9.48</P_14_5>"),
        ("<P_15>439.85", "<P_15>446.83"),
    ],
    "procedure-intra-eu": [("<P_12>5</P_12>", "<P_12>5</P_12><Procedura>I_42</Procedura>")],
    "triangular-note": [("<P_12>5</P_12>", "<P_12>5</P_12><Procedura>TT_D</Procedura>")],
    "triangular-buyer": [("<P_23>2", "<P_23>1")],
    "intra-eu-polish-buyer": [*rate("0 WDT", "P_13_6_2"), PREFIX],
    "intra-eu-number": [*rate("0 WDT", "P_13_6_2"), PREFIX, (f"<NIP>{BIURO}</NIP>", "<NrID>X1</NrID>")],
    "intra-eu-prefix": [*rate("0 WDT", "P_13_6_2"), EU_BUYER],
    "export-to-eu": [*rate("0 EX", "P_13_6_3"), EU_BUYER],
    "services-to-eu-number": [*rate("np II", "P_13_9"), ("<P_18>2", "<P_18>1")],
    "new-transport-rate": [NEW_CAR],
    "new-transport-line": [
        *rate("0 WDT", "P_13_6_2"),
        PREFIX,
        EU_BUYER,
        NEW_CAR,
        ("<P_NrWierszaNST>3", "<P_NrWierszaNST>9"),
    ],
    "split-payment": [
        ("<P_8B>1<", "<P_8B>1000<"),
        ("<P_11>49.90", "<P_11>49900.00"),
        ("<P_12>5</P_12>", "<P_12>5</P_12><P_12_Zal_15>1</P_12_Zal_15>"),
        (FIVE, "<P_13_3>49900.00</P_13_3><P_14_3>2495.00</P_14_3>"),
        ("<P_15>439.85", "<P_15>52782.45"),
    ],
    "self-billing-buyer": [("<P_17>2", "<P_17>1"), NOBODY],
    # parties
    "nip-checksum": [(ANIA, "5265877636")],
    "nip-hidden": [(f"<NIP>{BIURO}</NIP>", f"<KodUE>PL</KodUE><NrVatUE>{BIURO}</NrVatUE>")],
    "eu-vat-format": [(f"<NIP>{BIURO}</NIP>", "<KodUE>DE</KodUE><NrVatUE>12345</NrVatUE>")],
    "eu-vat-prefix": [(f"<NIP>{BIURO}</NIP>", "<KodUE>DE</KodUE><NrVatUE>DE136695976</NrVatUE>")],
    "eu-vat-checksum": [(f"<NIP>{BIURO}</NIP>", "<KodUE>DE</KodUE><NrVatUE>136695975</NrVatUE>")],
    "pesel-in-id": [(f"<NIP>{BIURO}</NIP>", "<NrID>44051401359</NrID>")],
    "firm-without-id": [NOBODY, (samples.BUYER, "Zmyślona Huta sp. z o.o.")],
    "internal-id-checksum": [
        ("<JST>2", "<JST>1"),
        third(f"<IDWew>{BIURO}-00014</IDWew></DaneIdentyfikacyjne><Rola>8</Rola>"),
    ],
    "internal-id-foreign": [
        ("<JST>2", "<JST>1"),
        third("<IDWew>6824515772-12343</IDWew></DaneIdentyfikacyjne><Rola>8</Rola>"),
    ],
    "seller-is-buyer": [(BIURO, ANIA)],
    "jst-unit": [("<JST>2", "<JST>1")],
    "jst-flag": [factor("<Rola>8</Rola>")],
    "vat-group-member": [("<GV>2", "<GV>1")],
    "vat-group-flag": [factor("<Rola>10</Rola>")],
    "share-sum": [factor("<Rola>4</Rola><Udzial>60</Udzial>"), factor("<Rola>4</Rola><Udzial>60</Udzial>")],
    "share-missing": [factor("<Rola>4</Rola>"), factor("<Rola>4</Rola><Udzial>60</Udzial>")],
    "factor-account": [factor()],
    "factor-missing": [
        pays("<RachunekBankowyFaktora><NrRB>61109010140000071219812874</NrRB></RachunekBankowyFaktora>")
    ],
    "buyer-incomplete": [(f"<Nazwa>{samples.BUYER}</Nazwa>", "")],
    "regon-checksum": [("</Fa>", "</Fa><Stopka><Rejestry><REGON>192598185</REGON></Rejestry></Stopka>")],
    "krs-number": [("</Fa>", "</Fa><Stopka><Rejestry><KRS>0000000000</KRS></Rejestry></Stopka>")],
    "email-odd": [("<JST>", "<DaneKontaktowe><Email>brak@brak</Email></DaneKontaktowe><JST>")],
    # days
    "issue-future": [("<P_1>2026-07-01", "<P_1>2026-07-02")],
    "issue-long-ago": [("<P_1>2026-07-01", "<P_1>2025-06-30")],
    "issue-before-ksef": [("<P_1>2026-07-01", "<P_1>2026-01-31")],
    "made-future": [("<DataWytworzeniaFa>2026-07-01", "<DataWytworzeniaFa>2026-07-08")],
    "made-early": [("<DataWytworzeniaFa>2026-07-01", "<DataWytworzeniaFa>2026-05-01")],
    "period-reversed": [
        (
            "<P_2>FV/1</P_2>",
            "<P_2>FV/1</P_2><OkresFa><P_6_Od>2026-06-30</P_6_Od><P_6_Do>2026-06-01</P_6_Do></OkresFa>",
        )
    ],
    "issued-late": [("<P_2>FV/1</P_2>", "<P_2>FV/1</P_2><P_6>2026-05-14</P_6>")],
    "issued-early": [("<P_2>FV/1</P_2>", "<P_2>FV/1</P_2><P_6>2026-09-14</P_6>")],
    "term-before-issue": [pays(TERM.format("2026-06-30"))],
    "paid-future": [pays("<Zaplacono>1</Zaplacono><DataZaplaty>2026-07-02</DataZaplaty>")],
    # currency
    "exchange-in-pln": [("</P_14_1>", "</P_14_1><P_14_1W>72.45</P_14_1W>")],
    "agreed-currency": [
        (
            "</Fa>",
            "<WarunkiTransakcji><KursUmowny>4.2</KursUmowny><WalutaUmowna>PLN</WalutaUmowna></WarunkiTransakcji></Fa>",
        )
    ],
    # payment
    "account-length": [account("6110901014000007121981287")],
    "account-checksum": [account("61109010140000071219812875")],
    "swift-country": [account("61109010140000071219812874", "DEUTDEFF")],
    "transfer-account": [pays("<FormaPlatnosci>6</FormaPlatnosci>")],
    "paid-with-term": [
        pays("<Zaplacono>1</Zaplacono><DataZaplaty>2026-07-01</DataZaplaty>" + TERM.format("2026-07-15"))
    ],
    "paid-negative": [
        pays("<Zaplacono>1</Zaplacono><DataZaplaty>2026-07-01</DataZaplaty>"),
        ("<P_8B>10<", "<P_8B>-1000<"),
        ("<P_11>15.00", "<P_11>-1500.00"),
        ("<P_13_1>315.00</P_13_1><P_14_1>72.45", "<P_13_1>-1200.00</P_13_1><P_14_1>-276.00"),
        ("<P_15>439.85", "<P_15>-1423.60"),
    ],
    "payment-link": [
        pays(
            "<LinkDoPlatnosci>https://p.example.pl/?IPKSeF=123abcdefghij</LinkDoPlatnosci>"
            "<IPKSeF>123abcdefghik</IPKSeF>"
        )
    ],
    "parts-sum": [part("500.00", 1)],
    "parts-whole": [part("439.85", 1)],
    "settlement-sum": [
        (
            "</Fa>",
            "<Rozliczenie><Obciazenia><Kwota>10</Kwota><Powod>kaucja</Powod></Obciazenia>"
            "<SumaObciazen>11</SumaObciazen></Rozliczenie></Fa>",
        )
    ],
    "settlement-due": [
        (
            "</Fa>",
            "<Rozliczenie><Odliczenia><Kwota>10</Kwota><Powod>saldo</Powod></Odliczenia>"
            "<DoZaplaty>449.85</DoZaplaty></Rozliczenie></Fa>",
        )
    ],
    # kinds
    "correction-without-original": [(KIND, "<RodzajFaktury>KOR</RodzajFaktury>")],
    "correction-fields": [(KIND, KIND + original())],
    "correction-difference": [
        corrects(),
        ("<P_12>5</P_12>", "<P_12>5</P_12><StanPrzed>1</StanPrzed>"),
    ],
    "correction-lines": [corrects(), ("<P_8B>10<", "<P_8B>20<"), ("<P_11>15.00", "<P_11>30.00")],
    "line-difference": [corrects(), ("<P_8B>10<", "<P_8B>12<")],
    "corrects-itself": [corrects(first=original("FV/1"))],
    "corrected-later": [corrects(first=original(day="2026-07-02"))],
    "ksef-number": [corrects(first=original(ksef_number=NUMBER[:-2] + "00"))],
    "ksef-number-seller": [
        corrects(first=original(ksef_number=ids.make_ksef_number(OBCY, date(2026, 6, 1), "0100001AF629")))
    ],
    "nip-corrected": [corrects(parties_before(OBCY, "ul. Dawna 1"))],
    "party-unchanged": [corrects(parties_before(ANIA, "ul. Zmyślona 1"))],
    "buyer-link": [
        corrects(
            "<Podmiot2K><DaneIdentyfikacyjne><BrakID>1</BrakID></DaneIdentyfikacyjne>"
            "<IDNabywcy>7</IDNabywcy></Podmiot2K>"
        )
    ],
    "advance-order": [(KIND, "<RodzajFaktury>ZAL</RodzajFaktury>"), RECEIVED],
    "advance-date": order("1230.00"),
    "advance-sum": [
        *order("1230.00"),
        (
            "<RodzajFaktury>ZAL</RodzajFaktury>",
            "<RodzajFaktury>ZAL</RodzajFaktury><ZaliczkaCzesciowa><P_6Z>2026-06-30</P_6Z>"
            "<P_15Z>400.00</P_15Z></ZaliczkaCzesciowa>",
        ),
    ],
    "advance-above-order": [*order("430.00"), RECEIVED],
    "order-value": [*order("1240.00"), RECEIVED],
    "advance-on-plain": [
        (
            KIND,
            f"{KIND}<FakturaZaliczkowa><NrKSeFFaZaliczkowej>{NUMBER}</NrKSeFFaZaliczkowej></FakturaZaliczkowa>",
        )
    ],
    "settlement-without-advance": [(KIND, "<RodzajFaktury>ROZ</RodzajFaktury>")],
    "gross-rest": [
        (
            KIND,
            "<RodzajFaktury>ROZ</RodzajFaktury>"
            f"<FakturaZaliczkowa><NrKSeFFaZaliczkowej>{NUMBER}</NrKSeFFaZaliczkowej></FakturaZaliczkowa>",
        ),
        ("<P_15>439.85", "<P_15>239.85"),
    ],
    # texts and the whole
    "number-blanks": [("<P_2>FV/1", "<P_2>FV/ 1 ")],
    "number-lookalike": [("<P_2>FV/1", "<P_2>FА/1")],
    "number-long": [("<P_2>FV/1", "<P_2>FV/1" + "0" * 50)],
    "broken-letters": [("Ołówek", "OĹ‚Ăłwek")],
    "attachment": [
        (
            "</Fa>",
            "</Fa><Zalacznik><BlokDanych><MetaDane><ZKlucz>k</ZKlucz><ZWartosc>w</ZWartosc></MetaDane>"
            "</BlokDanych></Zalacznik>",
        )
    ],
}
EXCHANGE = "<KursWaluty>4.25</KursWaluty>"
OF_EURO: dict[str, list[Change]] = {
    "exchange-rate-missing": [(EXCHANGE, "")] * 3,
    "tax-in-pln": [("<P_14_3W>10.63</P_14_3W>", "")],
    "tax-pln-arithmetic": [("<P_14_3W>10.63", "<P_14_3W>12.63")],
    "exchange-rates-differ": [(EXCHANGE, "<KursWaluty>4.2501</KursWaluty>")],
}
OF_FARMER: dict[str, list[Change]] = {
    "amount-in-words": [(re.findall("<P_12_2>.*?</P_12_2>", FARMER)[0], "<P_12_2>1070,00</P_12_2>")],
    "line-value": [("<P_6B>1<", "<P_6B>2<")],
    "line-tax": [
        ("<P_10>70.00", "<P_10>65.00"),
        ("<P_11>1070.00", "<P_11>1065.00"),
        ("<P_11_2>70.00", "<P_11_2>65.00"),
        ("<P_12_1>1070.00", "<P_12_1>1065.00"),
    ],
    "line-gross": [("<P_11>1070.00", "<P_11>1071.00")],
    "sum-net": [("<P_11_1>1000.00", "<P_11_1>1100.00"), ("<P_12_1>1070.00", "<P_12_1>1170.00")],
    "sum-gross": [("<P_12_1>1070.00", "<P_12_1>1170.00")],
    "exchange-in-pln": [("</P_11_1>", "</P_11_1><P_11_1W>1000.00</P_11_1W>")],
    "tax-in-pln": [("<KodWaluty>PLN", "<KodWaluty>EUR")],
    "nip-checksum": [(BIURO, "1111111112")],
    "issued-early": [("<P_4B>", "<P_4A>2026-12-01</P_4A><P_4B>")],
    "account-checksum": [
        (
            "</FakturaRR>",
            "<Platnosc><RachunekBankowy1><NrRB>61109010140000071219812875</NrRB></RachunekBankowy1></Platnosc>"
            "</FakturaRR>",
        )
    ],
    "correction-without-original": [("<RodzajFaktury>VAT_RR", "<RodzajFaktury>KOR_VAT_RR")],
    "before-row": [("</P_11></FakturaRRWiersz>", "</P_11><StanPrzed>1</StanPrzed></FakturaRRWiersz>")],
}
#: Shown by tests of their own.
ELSEWHERE = {"file", "xml", "schema", "number-twice", "file-twice", "size-over", "size-near", "form-old"}

#: code, plain invoice, changes of it.
CASES = [
    (code, text, changes)
    for text, table in ((PLAIN, OF_PLAIN), (EURO, OF_EURO), (FARMER, OF_FARMER))
    for code, changes in table.items()
]


# ---- what is no fault ------------------------------------------------------------------------------


def lines_xml(*rows: str) -> Change:
    """These lines instead of the plain ones."""
    numbered = (f"<FaWiersz><NrWierszaFa>{n}</NrWierszaFa>{row}</FaWiersz>" for n, row in enumerate(rows, 1))
    return PLAIN[PLAIN.index("<FaWiersz>") : PLAIN.index("</Fa>")], "".join(numbered)


GROSS_LINE = "<P_8B>3</P_8B><P_9B>9.99</P_9B><P_11A>29.97</P_11A><P_12>23</P_12>"
#: Seven times 8.12 is a cent less than the net value of seven times 9.99.
BOTH_LINE = "<P_8B>1</P_8B><P_9B>9.99</P_9B><P_11>8.12</P_11><P_11A>9.99</P_11A><P_12>23</P_12>"
NET_LINE = "<P_8B>1</P_8B><P_9A>0.37</P_9A><P_11>0.37</P_11><P_12>23</P_12>"
OLD_LINE = "<P_8B>1</P_8B><P_9A>{0}</P_9A><P_11>{0}</P_11><P_12>23</P_12><StanPrzed>1</StanPrzed>"
TOTALS = "<P_13_1>315.00</P_13_1><P_14_1>72.45</P_14_1>" + FIVE + "<P_15>439.85</P_15>"


def sums(net: str, tax: str, gross: str) -> Change:
    return TOTALS, f"<P_13_1>{net}</P_13_1><P_14_1>{tax}</P_14_1><P_15>{gross}</P_15>"


LEGAL: dict[str, list[Change]] = {
    "gross method": [lines_xml(GROSS_LINE), sums("24.37", "5.60", "29.97")],
    "gross method, net values beside": [lines_xml(*[BOTH_LINE] * 7), sums("56.85", "13.08", "69.93")],
    "tax summed line by line": [lines_xml(*[NET_LINE] * 40), sums("14.80", "3.60", "18.40")],
    "tax of the whole": [lines_xml(*[NET_LINE] * 40), sums("14.80", "3.40", "18.20")],
    "discount of each unit": [
        lines_xml("<P_8B>20</P_8B><P_9A>10</P_9A><P_10>1</P_10><P_11>180.00</P_11><P_12>23</P_12>"),
        sums("180.00", "41.40", "221.40"),
    ],
    "discount of the line": [
        lines_xml("<P_8B>20</P_8B><P_9A>10</P_9A><P_10>20</P_10><P_11>180.00</P_11><P_12>23</P_12>"),
        sums("180.00", "41.40", "221.40"),
    ],
    "half a cent goes up": [
        lines_xml("<P_8B>0.5</P_8B><P_9A>0.25</P_9A><P_11>0.13</P_11><P_12>23</P_12>"),
        sums("0.13", "0.03", "0.16"),
    ],
    "correction by old and new lines": [
        corrects(),
        lines_xml(OLD_LINE.format("100.00"), "<P_8B>1</P_8B><P_9A>90</P_9A><P_11>90</P_11><P_12>23</P_12>"),
        sums("-10.00", "-2.30", "-12.30"),
    ],
    "correction with old lines turned": [
        corrects(),
        lines_xml(OLD_LINE.format("-100.00"), "<P_8B>1</P_8B><P_9A>90</P_9A><P_11>90</P_11><P_12>23</P_12>"),
        sums("-10.00", "-2.30", "-12.30"),
    ],
    "correction by differences": [
        corrects(),
        lines_xml("<P_8B>-1</P_8B><P_9A>10</P_9A><P_11>-10.00</P_11><P_12>23</P_12>"),
        sums("-10.00", "-2.30", "-12.30"),
    ],
    "an advance with its order": [
        *order("1230.00"),
        RECEIVED,
        lines_xml(),
        sums("100.00", "23.00", "123.00"),
    ],
    "intra-EU supply": [*rate("0 WDT", "P_13_6_2"), PREFIX, EU_BUYER],
    "services to an EU taxpayer": [*rate("np II", "P_13_9"), EU_BUYER, ("<P_18>2", "<P_18>1")],
    "exempt with its ground": [
        *rate("zw", "P_13_7"),
        ("<P_19N>1</P_19N>", "<P_19>1</P_19><P_19A>art. 43</P_19A>"),
    ],
    "a tax number of the United States": [
        (f"<NIP>{BIURO}</NIP>", "<KodKraju>US</KodKraju><NrID>1111111111</NrID>")
    ],
    "a Polish account": [account("61 1090 1014 0000 0712 1981 2874", "WBKPPLPP")],
    "a German account": [account("DE89370400440532013000", "DEUTDEFF")],
    "an account of a country without IBAN": [account("0123456789", "CHASUS33")],
    "a public unit": [
        ("<JST>2", "<JST>1"),
        third(f"<NIP>{OBCY}</NIP></DaneIdentyfikacyjne><Rola>8</Rola>"),
    ],
    "a Greek number": [("<P_2>FV/1", "<P_2>ΑΒ/1")],
}
