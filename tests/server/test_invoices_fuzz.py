"""Odd inputs at every door of sessions and invoices: refused as documented, never a 500."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klucznik.crypto.envelope import sha256_base64

from .desk import Desk, Person, Sealed, desk_at, send_body

PEF = Path(__file__).parents[2].parent / "shared" / "ksef" / "samples" / "invoices"
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(scope="module")
def ania(desk: Desk) -> Person:
    return desk.firm()


@pytest.fixture(scope="module")
def session(ania: Person) -> Sealed:
    return ania.open()


def verdicts(person: Person, session: Sealed, documents: list[bytes]) -> list[int]:
    refs = [person.send(session, document) for document in documents]
    return [person.outcome(session, ref)["status"]["code"] for ref in refs]


def test_broken_invoices_get_a_verdict(ania: Person, session: Sealed) -> None:
    """Bytes flipped, cut, doubled and swapped: every one is settled, none stops the step."""
    rand = random.Random(20260302)
    whole = ania.invoice("FV/FUZZ")
    documents = []
    for n in range(150):
        broken = bytearray(whole)
        for _ in range(rand.randint(1, 4)):
            at = rand.randrange(len(broken))
            match rand.randrange(5):
                case 0:
                    broken[at] = rand.randrange(256)
                case 1:
                    del broken[at : at + rand.randint(1, 40)]
                case 2:
                    broken[at:at] = broken[at : at + rand.randint(1, 200)]
                case 3:
                    broken[at:at] = rand.choice(
                        [b"<!-- -->", b"<![CDATA[x]]>", b"&lt;", b"\xc2\xa0", b"&#x10FFFF;"]
                    )
                case _:
                    broken = bytearray(broken.replace(b"<P_", b"<Q_", 1))
        documents.append(bytes(broken) or bytes([n]))
    assert set(verdicts(ania, session, documents)) <= {200, 410, 430, 440, 450}


def test_values_beyond_measure(ania: Person, session: Sealed) -> None:
    whole = ania.invoice("FV/VALUES").decode()
    documents = [
        whole.replace("<P_15>439.85</P_15>", f"<P_15>{value}</P_15>").encode()
        for value in (
            "1e400",
            "-0",
            "1,00",
            "9" * 17,
            "9999999999999999.99",
            "0.001",
            "NaN",
            "",
            " 1.00 ",
            "+1",
            "٣",
        )
    ]
    assert all(document != whole.encode() for document in documents)
    assert set(verdicts(ania, session, documents)) <= {200, 440, 450}


def test_a_sum_that_no_integer_holds(ania: Person, session: Sealed) -> None:
    """Thirteen rates of sixteen digits each: the net amount is kept and told all the same."""
    most = "9999999999999999.99"
    whole = ania.invoice("FV/HUGE").decode()
    start, end = whole.index("<P_13_1>"), whole.index("<P_15>")
    rates = "".join(f"<P_13_{n}>{most}</P_13_{n}><P_14_{n}>{most}</P_14_{n}>" for n in range(1, 5))
    rest = "".join(
        f"<P_13_{n}>{most}</P_13_{n}>" for n in ("5", "6_1", "6_2", "6_3", "7", "8", "9", "10", "11")
    )
    outcome = ania.settled(session, (whole[:start] + rates + rest + whole[end:]).encode())
    assert outcome["status"]["code"] == 200, outcome
    assert ania.stored(outcome["ksefNumber"])["netAmount"] == pytest.approx(1.3e17)


@FEW
@given(body=st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_any_json_at_any_door(ania: Person, session: Sealed, body: Any) -> None:
    for path in ("/sessions/online", f"/sessions/online/{session.ref}/invoices", "/invoices/query/metadata"):
        response = ania.call("POST", path, content=json.dumps(body).encode())
        assert response.status_code == 400, response.text


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@FEW
@given(name=_TEXT, value=_TEXT, ref=_TEXT)
def test_any_text_in_an_address(ania: Person, session: Sealed, name: str, value: str, ref: str) -> None:
    for method, path in (
        ("GET", "/sessions"),
        ("GET", f"/sessions/{quote(ref, safe='')}"),
        ("GET", f"/sessions/{quote(ref, safe='')}/invoices"),
        ("GET", f"/sessions/{session.ref}/invoices/{quote(ref, safe='')}"),
        ("GET", f"/sessions/{session.ref}/invoices/ksef/{quote(ref, safe='')}/upo"),
        ("GET", f"/sessions/{session.ref}/upo/{quote(ref, safe='')}"),
        ("GET", f"/invoices/ksef/{quote(ref, safe='')}"),
        ("POST", f"/sessions/online/{quote(ref, safe='')}/close"),
    ):
        response = ania.call(method, path, params={"sessionType": "Online", name: value})
        assert response.status_code in (200, 400, 404, 405), (path, response.text)


@FEW
@given(
    changes=st.dictionaries(
        st.sampled_from(sorted(send_body(Sealed("", bytes(32), bytes(16)), b"x"))),
        st.none() | st.text() | st.integers() | st.binary().map(lambda raw: b64encode(raw).decode()),
        min_size=1,
    )
)
def test_any_value_in_a_sent_body(ania: Person, session: Sealed, changes: dict[str, Any]) -> None:
    response = ania.post(session, b"<x/>", **changes)
    assert response.status_code in (202, 400), response.text


@FEW
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_an_invoice(ania: Person, session: Sealed, raw: bytes) -> None:
    document = raw or b" "
    response = ania.post(session, document)
    assert response.status_code == 202
    found = ania.outcome(session, response.json()["referenceNumber"])
    assert found["status"]["code"] in (430, 450)
    assert found["invoiceHash"] == sha256_base64(document)


def pef(name: str, seller: str, number: str, **changes: str) -> bytes:
    """An official PEF sample, filled in."""
    if not PEF.exists():
        pytest.skip("the official samples are not beside this repository")
    text = (PEF / name).read_text(encoding="utf-8")
    filling = {
        "supplier_nip": f"PL{seller}",
        "buyer_nip": "PL1111111111",
        "buyer_reference": "PL1111111111",
        "iban": "PL73111111111111111111111111",
        "issue_date": "2026-02-01",
        "due_date": "2026-03-01",
        "invoice_number": number,
        "ksef_number": "5265877635-20250826-0100001AF629-AF",
    }
    for key, value in filling.items():
        text = text.replace(f"#{key}#", value)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def test_a_peppol_provider(desk: Desk) -> None:
    provider = desk.sit(("PeppolId", "PPL123456"), ("PeppolId", "PPL123456"), ["PefInvoiceWrite"])
    seller = desk.firm()
    session = provider.open("PEF (3)")
    document = pef("pef3-basic.xml", seller.nip, "PEF/1")
    assert provider.settled(session, document)["status"]["code"] == 410
    desk.grant(seller.nip, provider.context, "PefInvoicing")
    outcome = provider.settled(session, document)
    assert outcome["status"]["code"] == 200, outcome
    found = seller.stored(outcome["ksefNumber"])
    assert found["formCode"]["systemCode"] == "PEF (3)"
    assert found["invoiceType"].startswith("VatPef")
    # An embedded attachment needs the seller's consent, not a batch.
    attached = pef("pef3-attachment.xml", seller.nip, "PEF/2")
    status = provider.settled(session, attached)["status"]
    assert (status["code"], status["details"][0][:10]) == (410, "Sprzedawca")
    (page,) = provider.finished(session)["upo"]["pages"]
    assert b"<IdDostawcyUslugPeppol>PPL123456<" in desk.http.get(page["downloadUrl"]).content
    corrections = provider.open("PEF_KOR (3)")
    credit = provider.settled(corrections, pef("pef-kor3-correction.xml", seller.nip, "PEF/K1"))
    assert credit["status"]["code"] == 200, credit
    assert seller.stored(credit["ksefNumber"])["invoiceType"] == "KorPef"


def test_what_the_metadata_have_no_room_for(desk: Desk) -> None:
    """UBL sets no bounds; the metadata do: refused, so that the query never fails on it."""
    provider = desk.sit(("PeppolId", "PPL654321"), ("PeppolId", "PPL654321"), ["PefInvoiceWrite"])
    seller = desk.firm()
    desk.grant(seller.nip, provider.context, "PefInvoicing")
    session = provider.open("PEF (3)")
    for old, new in (
        ("DocumentCurrencyCode>EUR<", "DocumentCurrencyCode>EURO<"),
        ("RegistrationName>Sprzedawca", f"RegistrationName>{'S' * 513}"),
    ):
        document = pef("pef3-basic.xml", seller.nip, "PEF/1", **{old: new})
        assert provider.settled(session, document)["status"]["code"] == 450
    assert seller.query()["invoices"] == []
