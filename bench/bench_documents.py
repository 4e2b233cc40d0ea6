"""How long the documents room takes: printed, not asserted. `python bench/bench_documents.py`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

from klucznik.crypto import authority
from klucznik.documents import auth_request, samples, upo, xml
from klucznik.documents.auth_request import AuthTokenRequest
from klucznik.documents.facts import read
from klucznik.documents.forms import FA3
from klucznik.documents.samples import Line
from klucznik.documents.upo import RECEIVER, Upo, UpoDocument, UpoPage
from klucznik.wire import ids

ANIA, BIURO = "5265877635", "1111111111"
DAY, NOW = date(2026, 7, 1), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def best(work: Callable[[], object], times: int = 1000, rounds: int = 5) -> float:
    """Seconds for one call: the best of some rounds, the others being noise of the machine."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            work()
        taken.append((time.perf_counter() - start) / times)
    return min(taken)


def show(what: str, seconds: float) -> None:
    amount = f"{seconds * 1e6:9.1f} µs" if seconds < 0.01 else f"{seconds * 1e3:9.1f} ms"
    sys.stdout.write(f"{what:52}{amount}\n")


def invoices() -> None:
    for lines in (10, 1000):
        data = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, lines=[Line("Ołówek przykładowy")] * lines)
        root, size = xml.parse(data), len(data) / 1000
        times = 1000 if lines == 10 else 50
        show(f"parse with all checks, FA(3), {size:.1f} kB", best(partial(xml.parse, data), times))
        show(f"read facts, {lines} lines", best(partial(read, root, FA3), times))
    show("build a sample of 3 lines", best(partial(samples.invoice, ANIA, BIURO, "FV/1", DAY, NOW)))


def login() -> None:
    request = AuthTokenRequest("20251010-CR-2C3E6C8000-47C899773E-5C", "Nip", ANIA)
    written = request.to_xml()
    show("write AuthTokenRequest", best(request.to_xml))
    show("read AuthTokenRequest", best(partial(auth_request.read, written)))


def receipts() -> None:
    seal = authority.seal("Pieczęć Zmyślona", ANIA, now=NOW)
    for count in (1, 10_000):
        documents = tuple(
            UpoDocument(
                seller_nip=ANIA,
                ksef_number=ids.make_ksef_number(ANIA, DAY, f"{n:012X}"),
                invoice_number=f"FV/{n}",
                issue_date=DAY,
                invoicing_date=NOW,
                acquisition_date=NOW + timedelta(seconds=1),
                invoice_hash="GZMGNVzs3krF6URKgvaw77OOeG3nJ+WGziT5xguliQ8=",
                invoicing_mode="Online",
            )
            for n in range(count)
        )
        receipt = Upo(
            receiver=RECEIVER["test"],
            session_reference="20260701-SO-9D5A28BFDA-47C899773E-5C",
            context_type="Nip",
            context_value=ANIA,
            structure_name=FA3.structure_name,
            form_code=FA3.system_code,
            documents=documents,
            ksef_token_reference="20260601-EC-1ECDD12000-5EE71AE5E3-B7",
            page=None if count == 1 else UpoPage(1, 1, 1, count, count),
        )
        times, rounds = (500, 3) if count == 1 else (1, 3)
        written = upo.write(receipt)
        signed = upo.sign_upo(written, seal, NOW)
        show(f"UPO of {count}: write", best(partial(upo.write, receipt), times, rounds))
        show(f"UPO of {count}: sign", best(partial(upo.sign_upo, written, seal, NOW), times, rounds))
        show(f"UPO of {count}: read", best(partial(upo.read, written), times, rounds))
        show(f"UPO of {count}: verify", best(partial(upo.verify, signed), times, rounds))


if __name__ == "__main__":
    invoices()
    login()
    receipts()
