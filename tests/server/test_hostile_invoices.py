"""Hostile invoices over HTTP: the code, the text, and that nothing else happens. Cases by their numbers.

==== ============================================================================================
case test here; where none is named, it is in the file given
==== ============================================================================================
24   test_450[24-…]           63-66 test_450, test_63, test_66_neighbours; also documents/test_hostile
25   test_450[25-…], test_25_too_large; test_sending (a hundred megabytes)
26   test_26_locations_are_only_text, test_450[26-…]
67   test_67_…; test_verification (with blanks)
68   test_68_every_form_in_every_session
69   test_69_attachments_online; consent: test_verification
70   test_70_fifty_at_once_in_many_sessions; test_verification (serial, kind), test_sending (one session)
71   test_verification: test_how_numbers_are_compared
72   test_72_tomorrow
73   test_73_checksums; profile prd: test_verification
74   test_74_a_foreign_seller
75   test_75_size_and_hash
76   test_76_ciphertexts; 4,096 paddings: test_sending
77   test_sessions: keys of other lengths
78   test_78_texts_come_back_as_they_were
79   test_79_numbers
80   test_80_lines
81   test_81_the_session_is_full
82   test_82_technical_corrections
==== ============================================================================================
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import update

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import aes_encrypt, sha256_base64
from klucznik.documents.forms import FORMS
from klucznik.documents.samples import Options
from klucznik.server.tables import sessions

from .desk import Desk, Person, Sealed, desk_at, new_nip, refusal

BOM = b"\xef\xbb\xbf"
WRONG_XML = ["Nieprawidłowy XML"]
SEMANTICS = "Błąd weryfikacji semantyki dokumentu faktury"
FILE = "Błąd weryfikacji pliku faktury"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(scope="module")
def obcy(desk: Desk) -> Person:
    """Somebody else, who sends an invoice after each attack."""
    return desk.firm()


@pytest.fixture(scope="module")
def obcy_session(obcy: Person) -> Sealed:
    return obcy.open()


@pytest.fixture
def ania(desk: Desk) -> Person:
    return desk.firm()


@pytest.fixture
def session(ania: Person) -> Sealed:
    return ania.open()


def status(person: Person, session: Sealed, document: bytes, **changes: object) -> dict[str, Any]:
    found: dict[str, Any] = person.settled(session, document, **changes)["status"]
    return found


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def spoil(whole: bytes) -> bytes:
        assert old in whole
        return whole.replace(old, new, 1)

    return spoil


def after_prolog(new: bytes) -> Callable[[bytes], bytes]:
    return swap(b"<Faktura", new + b"<Faktura")


def name(new: bytes) -> Callable[[bytes], bytes]:
    return swap(b"<Nazwa>", b"<Nazwa>" + new)


# ---- 24-26, 63-66: a good invoice with one thing wrong

_LAUGHS = b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))

SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "24-doctype": after_prolog(b"<!DOCTYPE Faktura>"),
    "24-hidden": after_prolog(b"<!-- x --> <!-- <a/> -->\n<!DOCTYPE Faktura>"),
    "24-internal-subset": after_prolog(b'<!DOCTYPE Faktura [<!ATTLIST Faktura x CDATA "y">]>'),
    "24-entity-file": after_prolog(b'<!DOCTYPE Faktura [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "24-undeclared-entity": name(b"&x;"),
    "25-laughs": lambda whole: name(b"&j;")(
        after_prolog(b'<!DOCTYPE Faktura [<!ENTITY a "ha">' + _LAUGHS + b"]>")(whole)
    ),
    "25-depth": name(b"<a>" * 10_000 + b"</a>" * 10_000),
    "25-name": name(b"<" + b"a" * 900_000 + b"/>"),
    "25-attribute-twice": swap(b"<Faktura ", b'<Faktura a="1" a="2" '),
    "64-iso": swap(b"UTF-8", b"ISO-8859-2"),
    "64-utf16-declared": swap(b"UTF-8", b"UTF-16"),
    "64-utf7-declared": swap(b"UTF-8", b"UTF-7"),
    "64-utf16": lambda whole: whole.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "64-utf16-undeclared": lambda whole: whole.decode().partition("?>")[2].encode("utf-16-le"),
    "64-utf32": lambda whole: whole.decode().replace("UTF-8", "UTF-32").encode("utf-32"),
    "64-latin2": lambda whole: whole.decode().partition("?>")[2].encode("iso-8859-2"),
    "64-overlong": name(b"\xc0\xbc"),
    "64-surrogate": name(b"\xed\xa0\x80"),
    "64-version": swap(b'version="1.0"', b'version="1.1"'),
    "64-nul": name(b"\0"),
    "65-before": after_prolog(b"<?b?>"),
    "65-stylesheet": after_prolog(b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:1/x"?>'),
    "65-inside": name(b"<?b c?>"),
    "65-between": swap(b"<Podmiot2>", b"<?b?><Podmiot2>"),
    "65-after": lambda whole: whole + b"<?b?>",
    "66-ffff": name("\uffff".encode()),
    "66-control": name(b"\x01"),
    "66-forbidden-reference": name(b"&#xFFFE;"),
    "66-attribute-reference": swap(b"<Faktura ", b'<Faktura xmlns:p="u" p:a="&#x1FFFE;" '),
    "66-comment": after_prolog(b"<!-- \x7f -->"),
}
for _code in (0x7F, 0x84, 0x86, 0x9F, 0xFDD0, 0xFDEF, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0x10FFFF):
    SPOILT[f"66-{_code:x}"] = name(chr(_code).encode())
    SPOILT[f"66-{_code:x}-reference"] = name(f"&#x000{_code:x};".encode())


@pytest.mark.parametrize("case", SPOILT)
def test_450(case: str, ania: Person, session: Sealed, obcy: Person, obcy_session: Sealed) -> None:
    """One text for all that is no XML as KSeF takes it; nothing is kept, the number stays free."""
    whole = ania.invoice("FV/1")
    found = ania.settled(session, SPOILT[case](whole))
    assert found["status"] == {"code": 450, "description": SEMANTICS, "details": WRONG_XML}
    assert not {"ksefNumber", "acquisitionDate", "invoicingMode", "invoiceNumber"} & set(found)
    assert ania.query()["invoices"] == []
    # Others are served, and so is the repaired document.
    assert status(obcy, obcy_session, obcy.invoice(f"FV/{case}"))["code"] == 200
    assert status(ania, session, whole)["code"] == 200


def test_25_too_large(ania: Person, session: Sealed) -> None:
    """A million attributes are more than a megabyte: nobody parses them."""
    attributes = b" ".join(b'a%d=""' % n for n in range(1_000_000))
    found = status(
        ania, session, ania.invoice("FV/1").replace(b"<Faktura ", b"<Faktura " + attributes + b" ")
    )
    assert found == {
        "code": 430,
        "description": FILE,
        "details": ["Rozmiar faktury przekracza dozwoloną wartość: 1000000."],
    }


def test_26_locations_are_only_text(ania: Person, session: Sealed) -> None:
    """schemaLocation may stand, and nobody goes there; an inclusion is an unknown element."""
    asked: list[str] = []

    class Sentinel(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Sentinel) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}".encode()
        namespace = FORMS["FA (3)"].namespace.encode()
        xsi = b'<Faktura xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        xsi += b'xsi:schemaLocation="%s %s/a.xsd" '
        whole = ania.invoice("FV/1")
        found = status(ania, session, whole.replace(b"<Faktura ", xsi % (namespace, url), 1))
        assert found["code"] == 200
        include = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="%s/i"/><Podmiot1>' % url
        found = status(ania, session, ania.invoice("FV/2").replace(b"<Podmiot1>", include, 1))
        assert found["code"] == 450
        unknown = "invalid child element 'include' in namespace 'http://www.w3.org/2001/XInclude'"
        assert unknown in found["details"][0]
        server.shutdown()
        thread.join()
    assert asked == []


@pytest.mark.parametrize(
    "attribute",
    [
        b'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"',
        b'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="i:unknown"',
        b'xml:base="http://127.0.0.1:1/"',
        b'xml:lang="pl"',
        b'xmlns:a="urn:a" a:b="c"',
    ],
    ids=["nil", "type", "base", "lang", "foreign"],
)
@pytest.mark.parametrize("place", [b"P_2", b"Fa", b"Podmiot1"])
def test_26_attributes_that_mean_something_elsewhere(
    place: bytes, attribute: bytes, ania: Person, session: Sealed
) -> None:
    document = swap(b"<%s>" % place, b"<%s %s>" % (place, attribute))(ania.invoice("FV/1"))
    found = status(ania, session, document)
    assert (found["code"], found["description"]) == (450, SEMANTICS)
    assert len(found["details"]) == 1
    assert status(ania, session, ania.invoice("FV/1"))["code"] == 200


def test_63(ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/1")
    for data in (BOM + whole, BOM + BOM + whole, BOM):
        assert status(ania, session, data) == {
            "code": 430,
            "description": FILE,
            "details": ["Plik faktury zawiera znacznik kolejności bajtów (BOM)."],
        }
    assert status(ania, session, whole)["code"] == 200


@pytest.mark.parametrize(
    "code", [0x7E, 0x85, 0xA0, 0xFDCF, 0xFDF0, 0xFEFF, 0xFFFD, 0x10000, 0x1FFFD, 0x20000]
)
def test_66_neighbours(code: int, ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/1", seller_name=f"a{chr(code)}b")
    number = ania.settled(session, whole)["ksefNumber"]
    assert ania.stored(number)["seller"]["name"] == f"a{chr(code)}b"
    assert ania.call("GET", f"/invoices/ksef/{number}").content == whole


def test_66_plain_text_that_looks_like_a_reference(ania: Person, session: Sealed) -> None:
    whole = name(b"<![CDATA[&#127;]]><!-- &#x1FFFE; -->")(ania.invoice("FV/1", seller_name="x"))
    assert ania.stored(ania.settled(session, whole)["ksefNumber"])["seller"]["name"] == "&#127;x"


# ---- 67-71


def padded(whole: bytes, size: int) -> bytes:
    """As long as wanted, by a comment."""
    return whole + b"<!--" + b"x" * (size - len(whole) - 7) + b"-->"


@pytest.mark.parametrize(
    ("options", "size", "code"),
    [
        (Options(), 1_000_000, 200),
        (Options(), 1_000_001, 430),
        (Options(attachment=True), 1_000_001, 415),
        (Options(attachment=True), 3_000_000, 415),
        (Options(attachment=True), 3_000_001, 430),
    ],
)
def test_67_exact_sizes(options: Options, size: int, code: int, ania: Person, session: Sealed) -> None:
    document = padded(ania.invoice("FV/1", options=options), size)
    assert len(document) == size
    found = status(ania, session, document)
    assert found["code"] == code
    if code == 430:
        limit = 3_000_000 if options.attachment else 1_000_000
        assert found["details"] == [f"Rozmiar faktury przekracza dozwoloną wartość: {limit}."]


_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_PARTY = (
    "<a:Accounting{0}Party><a:Party><a:PartyTaxScheme><b:CompanyID>PL{1}</b:CompanyID><a:TaxScheme>"
    "<b:ID>VAT</b:ID></a:TaxScheme></a:PartyTaxScheme></a:Party></a:Accounting{0}Party>"
)
_AMOUNT = '<b:{0}Amount currencyID="PLN">1</b:{0}Amount>'


def pef(seller: str, attached: bool) -> bytes:
    """The least PEF invoice, with an embedded file or without."""
    file = (
        "<a:AdditionalDocumentReference><b:ID>1</b:ID><a:Attachment><b:EmbeddedDocumentBinaryObject "
        'mimeCode="text/plain">eA==</b:EmbeddedDocumentBinaryObject></a:Attachment>'
        "</a:AdditionalDocumentReference>"
    )
    return (
        f'<Invoice xmlns="{_UBL}:Invoice-2" xmlns:a="{_UBL}:CommonAggregateComponents-2"'
        f' xmlns:b="{_UBL}:CommonBasicComponents-2"><b:ID>P/1</b:ID><b:IssueDate>2026-02-01</b:IssueDate>'
        f"<b:DocumentCurrencyCode>PLN</b:DocumentCurrencyCode>{file if attached else ''}"
        f"{_PARTY.format('Supplier', seller)}{_PARTY.format('Customer', '1111111111')}"
        f"<a:TaxTotal>{_AMOUNT.format('Tax')}</a:TaxTotal><a:LegalMonetaryTotal>"
        + "".join(_AMOUNT.format(name) for name in ("TaxExclusive", "TaxInclusive", "Payable"))
        + f"</a:LegalMonetaryTotal><a:InvoiceLine><b:ID>1</b:ID>{_AMOUNT.format('LineExtension')}<a:Item/>"
        "</a:InvoiceLine></Invoice>"
    ).encode()


def provider(desk: Desk) -> Person:
    who = ("PeppolId", f"PPL{os.urandom(3).hex().translate(str.maketrans('abcdef', '012345'))}")
    return desk.sit(who, who, ["PefInvoiceWrite"])


@pytest.mark.parametrize(
    ("attached", "size", "code"),
    [
        (False, 1_000_000, 200),
        (False, 1_000_001, 430),
        (True, 1_000_001, 410),
        (True, 3_000_000, 410),
        (True, 3_000_001, 430),
    ],
)
def test_67_exact_sizes_of_pef(attached: bool, size: int, code: int, desk: Desk) -> None:
    """The seller's consent is missing (410): the size was no reason."""
    who, seller = provider(desk), new_nip()
    desk.grant(seller, who.context, "PefInvoicing")
    session = who.open("PEF (3)")
    assert status(who, session, padded(pef(seller, attached), size))["code"] == code


def test_67_a_word_in_a_comment_is_no_attachment(desk: Desk) -> None:
    who, seller = provider(desk), new_nip()
    desk.grant(seller, who.context, "PefInvoicing")
    named = pef(seller, attached=False) + b"<!-- EmbeddedDocumentBinaryObject -->"
    assert status(who, who.open("PEF (3)"), padded(named, 1_000_001))["code"] == 430


@pytest.mark.parametrize("opened", FORMS)
def test_68_every_form_in_every_session(opened: str, desk: Desk) -> None:
    who = provider(desk) if opened.startswith("PEF") else desk.firm()
    session = who.open(opened)
    for sent, form in FORMS.items():
        if sent == opened:
            continue
        document = f'<{form.root} xmlns="{form.namespace}"/>'.encode()
        assert status(who, session, document) == {
            "code": 450,
            "description": SEMANTICS,
            "details": [f"The '{form.namespace}:{form.root}' element is not declared."],
        }


@pytest.mark.parametrize(("old", "new"), [(b'="FA (3)"', b'="FA (2)"'), (b'="FA (3)"', b'="FA(3)"')])
def test_68_the_name_of_another_form(old: bytes, new: bytes, ania: Person, session: Sealed) -> None:
    assert status(ania, session, swap(old, new)(ania.invoice("FV/1"))) == {
        "code": 450,
        "description": SEMANTICS,
        "details": ["The value of the 'kodSystemowy' attribute does not equal its fixed value."],
    }


def test_69_attachments_online(ania: Person, session: Sealed) -> None:
    found = status(ania, session, ania.invoice("FV/1", options=Options(attachment=True)))
    assert found == {"code": 415, "description": "Brak możliwości wysyłania faktury z załącznikiem"}
    assert status(ania, session, ania.invoice("FV/1"))["code"] == 200


def test_70_fifty_at_once_in_many_sessions(ania: Person) -> None:
    """One number from five sessions and ten threads: one is accepted, the others name it."""
    opened = [ania.open() for _ in range(5)]
    documents = [ania.invoice("FV/1", buyer_name=f"Odbiorca {n}") for n in range(50)]
    with ThreadPoolExecutor(10) as pool:
        sent = list(pool.map(lambda n: (opened[n % 5], ania.send(opened[n % 5], documents[n])), range(50)))
    outcomes = [ania.outcome(session, ref) for session, ref in sent]
    (accepted,) = [found for found in outcomes if found["status"]["code"] == 200]
    home = sent[outcomes.index(accepted)][0].ref
    for found in outcomes:
        if found is not accepted:
            assert found["status"]["code"] == 440
            assert found["status"]["extensions"] == {
                "originalSessionReferenceNumber": home,
                "originalKsefNumber": accepted["ksefNumber"],
            }


# ---- 72-74


@pytest.mark.parametrize(
    "midnight",
    [
        datetime(2026, 3, 1, 23, 0, tzinfo=UTC),  # winter
        datetime(2026, 7, 1, 22, 0, tzinfo=UTC),  # summer
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),  # begins the day of 23 hours
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),  # ends it
        datetime(2026, 10, 24, 22, 0, tzinfo=UTC),  # begins the day of 25 hours
        datetime(2026, 10, 25, 23, 0, tzinfo=UTC),  # ends it
        datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
    ],
    ids=lambda value: f"{value:%m-%d}",
)
def test_72_tomorrow(midnight: datetime) -> None:
    """A second before midnight in Poland the new day is the future, at midnight it is today."""
    clock = ManualClock(midnight - timedelta(seconds=1))
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        session = ania.open()
        tomorrow = desk.today() + timedelta(days=1)
        assert status(ania, session, ania.invoice("FV/1", day=tomorrow)) == {
            "code": 450,
            "description": SEMANTICS,
            "details": [f"Data wystawienia faktury '{tomorrow}' jest późniejsza niż data przyjęcia faktury."],
        }
        clock.advance(seconds=1)
        assert desk.today() == tomorrow
        found = ania.settled(session, ania.invoice("FV/1", day=tomorrow))
        assert (found["status"]["code"], found["invoicingMode"]) == (200, "Online")


def test_73_checksums(desk: Desk) -> None:
    ania = desk.firm("5265877636")
    strict = ania.open(headers={"X-KSeF-Feature": "subject-identifier-validation"})
    found = status(ania, strict, ania.invoice("FV/1"))
    assert (found["code"], found["description"]) == (450, SEMANTICS)
    assert found["details"] == ["Nieprawidłowa suma kontrolna identyfikatora '5265877636' (Podmiot1)."]
    assert status(ania, ania.open(), ania.invoice("FV/1"))["code"] == 200


def test_74_a_foreign_seller(desk: Desk, ania: Person, session: Sealed) -> None:
    victim = desk.firm()
    assert status(ania, session, victim.invoice("FV/1")) == {
        "code": 410,
        "description": "Nieprawidłowy zakres uprawnień",
        "details": [
            f"Kontekst {ania.nip} nie jest uprawniony do wystawienia faktury w imieniu sprzedawcy "
            f"(NIP: {victim.nip})"
        ],
    }
    assert victim.query()["invoices"] == []
    assert status(victim, victim.open(), victim.invoice("FV/1"))["code"] == 200


# ---- 75-77


def test_75_size_and_hash(ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/1")
    cipher = len(aes_encrypt(whole, session.key, session.iv))
    wrong_size = refusal(ania.post(session, whole, encryptedInvoiceSize=cipher + 1))
    assert (wrong_size.code, wrong_size.description) == (21402, "Nieprawidłowy rozmiar pliku.")
    wrong_hash = refusal(ania.post(session, whole, encryptedInvoiceHash=sha256_base64(whole)))
    assert (wrong_hash.code, wrong_hash.description) == (21403, "Nieprawidłowy skrót pliku.")
    for size in (len(whole) - 1, len(whole) + 1, 1):
        assert status(ania, session, whole, invoiceSize=size) == {
            "code": 430,
            "description": FILE,
            "details": [
                f"Rozmiar przesłanego pliku faktury nie zgadza się z zadeklarowaną wartością: {size}."
            ],
        }
    assert status(ania, session, whole, invoiceHash=sha256_base64(b"x"))["code"] == 430
    assert status(ania, session, whole)["code"] == 200


def test_76_ciphertexts(ania: Person, session: Sealed) -> None:
    """Not a multiple of 16, cut, another key, no padding: one answer."""
    whole = ania.invoice("FV/1")
    right = aes_encrypt(whole, session.key, session.iv)
    bodies = {
        "one byte": b"x",
        "not whole": right[:-1],
        "one more": right + b"x",
        "last block gone": right[:-16],
        "another key": aes_encrypt(whole, os.urandom(32), session.iv),
        "plain": whole + b" " * (16 - len(whole) % 16),
        "noise": os.urandom(160),
    }
    answers = {}
    for case, content in bodies.items():
        answers[case] = status(
            ania,
            session,
            whole,
            encryptedInvoiceContent=b64encode(content).decode(),
            encryptedInvoiceSize=len(content),
            encryptedInvoiceHash=sha256_base64(content),
        )
    bad = {
        "code": 435,
        "description": "Błąd odszyfrowania pliku",
        "details": ["Plik niepoprawnie zaszyfrowany"],
    }
    # One garbled block in 256 ends like a padding by chance; then it is the size that differs.
    by_chance = [case for case, found in answers.items() if found != bad]
    assert len(by_chance) <= 1
    assert all(answers[case]["code"] == 430 for case in by_chance)
    assert status(ania, session, whole)["code"] == 200


# ---- 78-80

TEXTS = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://127.0.0.1/","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202e\u2066abc\u2069\u202c",
    "ż" * 256,
    "𝔉" * 256,
    "%s%n{0}${x}\\x00",
    "'; DROP TABLE invoices; --",
    "a\u0301\u00e1 \ufb01 \u200b",
    "]]>&amp;<![CDATA[",
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_78_texts_come_back_as_they_were(text: str, ania: Person, session: Sealed) -> None:
    """As a number, where there is room for it, and as a name."""
    whole = ania.invoice(text, seller_name=text)
    found = ania.settled(session, whole)
    assert found["status"]["code"] == 200, found
    assert found["invoiceNumber"] == text
    stored = ania.stored(found["ksefNumber"])
    assert (stored["invoiceNumber"], stored["seller"]["name"]) == (text, text)
    assert [one["ksefNumber"] for one in ania.query(invoiceNumber=text)["invoices"]] == [found["ksefNumber"]]
    assert ania.call("GET", f"/invoices/ksef/{found['ksefNumber']}").content == whole


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1e400", None),
        ("1E2", None),
        ("1,00", None),
        ("0x10", None),
        ("NaN", None),
        ("INF", None),
        ("-INF", None),
        ("", None),
        ("+", None),
        ("1.001", None),
        ("9" * 17, None),
        ("9" * 100_000, None),
        ("٣", None),
        ("１", None),
        ("-0", 0.0),
        ("-12.10", -12.1),
        ("9999999999999999.99", 9999999999999999.99),
    ],
    ids=lambda value: str(value)[:20],
)
def test_79_numbers(value: str, amount: float | None, ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/1")
    start, end = whole.index(b"<P_15>"), whole.index(b"</P_15>")
    found = ania.settled(session, whole[:start] + b"<P_15>" + value.encode() + whole[end:])
    if amount is None:
        assert (found["status"]["code"], found["status"]["description"]) == (450, SEMANTICS)
        assert "P_15' element is invalid" in found["status"]["details"][0]
        assert len(found["status"]["details"][0]) < 2_000
    else:
        assert found["status"]["code"] == 200, found
        assert ania.stored(found["ksefNumber"])["grossAmount"] == amount


def test_80_lines(ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/1")
    start, end = whole.index(b"<FaWiersz>"), whole.rindex(b"</FaWiersz>") + len(b"</FaWiersz>")

    def lines(count: int) -> bytes:
        rows = b"".join(
            b"<FaWiersz><NrWierszaFa>%d</NrWierszaFa></FaWiersz>" % n for n in range(1, count + 1)
        )
        return whole[:start] + rows + whole[end:]

    more = status(ania, session, lines(10_001))
    assert more["code"] == 450
    assert "has invalid child element 'FaWiersz'" in more["details"][0]
    begun = time.monotonic()
    assert status(ania, session, lines(10_000))["code"] == 200
    assert time.monotonic() - begun < 20


# ---- 81, 82


def test_81_the_session_is_full(desk: Desk, ania: Person, session: Sealed) -> None:
    almost = update(sessions).where(sessions.c.ref == session.ref).values(sent=9_999)
    desk.write(lambda db: db.execute(almost))
    assert status(ania, session, ania.invoice("FV/1"))["code"] == 200
    found = refusal(ania.post(session, ania.invoice("FV/2")))
    assert (found.code, found.description) == (21155, "Przekroczono dozwoloną liczbę faktur w sesji.")
    assert status(ania, ania.open(), ania.invoice("FV/2"))["code"] == 200


def test_82_technical_corrections(desk: Desk, ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/1")
    assert status(ania, session, whole)["code"] == 200
    accepted = refusal(
        ania.post(
            session, ania.invoice("FV/2"), offlineMode=True, hashOfCorrectedInvoice=sha256_base64(whole)
        )
    )
    assert (accepted.code, accepted.description) == (
        21167,
        "Status faktury nie pozwala na korektę techniczną.",
    )
    faulty = ania.invoice("FV/3").replace(b"<P_2>FV/3</P_2>", b"")
    assert status(ania, session, faulty)["code"] == 450
    correction = {"offlineMode": True, "hashOfCorrectedInvoice": sha256_base64(faulty)}
    found = ania.settled(session, ania.invoice("FV/3"), **correction)
    assert (found["status"]["code"], found["invoicingMode"]) == (200, "Offline")
    second = refusal(ania.post(session, ania.invoice("FV/4"), **correction))
    assert (second.code, second.description) == (21166, "Korekta techniczna niedostępna.")
    # The sellers of other tenants are none of its business.
    stranger = desk.firm(new_nip())
    assert stranger.query()["invoices"] == []
