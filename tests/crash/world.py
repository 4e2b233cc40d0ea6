"""One data folder that outlives its server, one company, and what must be true after each kill."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from klucznik.client import auth, sessions, tokens
from klucznik.client.ksef import Ksef
from klucznik.client.sending import Document
from klucznik.clock import WARSAW
from klucznik.crypto import authority
from klucznik.documents import samples, upo
from klucznik.secret import Secret
from processes import Served

NIP, BUYER = "5265877635", "1111111111"

#: How many seeds each test of kills runs, where somebody says so (`make soak`); else a few.
KILLS = int(os.environ.get("KLUCZNIK_KILLS", "0"))

#: No more acknowledged posts for each invoice than this, on average (reliability.md section D, I8).
MOST_POSTS = 1.2


class World:
    """The server under attack and the company that sends to it."""

    def __init__(self, home: Path) -> None:
        self.served = Served(home)
        self.served.start()
        self.served.wait_ready()
        self.numbers: dict[str, str] = {}
        self.identity = authority.seal("Zmyślona Wytwórnia", NIP, now=datetime.now(UTC))
        with Ksef(self.url) as owner:
            owner.run(auth.login_with_identity("Nip", NIP, self.identity))
            permissions = ("InvoiceRead", "InvoiceWrite")
            issued = owner.run(tokens.generate_and_wait(permissions, "ERP under attack"))
        self.ksef_token: Secret = issued.token
        self.keys = self.public_keys()

    @property
    def url(self) -> str:
        return self.served.url

    def public_keys(self) -> Any:
        """The certificates that clients encrypt for."""
        answer = httpx2.get(f"{self.url}/security/public-key-certificates", trust_env=False)
        return answer.raise_for_status().json()

    def documents(self, folder: Path, label: str, count: int) -> list[Document]:
        """Invoices of the company, each in a file and with a number of its own."""
        now = datetime.now(UTC)
        today = now.astimezone(WARSAW).date()
        folder.mkdir(parents=True, exist_ok=True)
        made = []
        for place in range(count):
            path = folder / f"{place}.xml"
            path.write_bytes(samples.invoice(NIP, BUYER, f"{label}/{place}", today, now))
            made.append(Document(str(path), path.read_bytes()))
        return made

    def note(self, truth: dict[str, Any]) -> None:
        """What the server has ever called accepted stays so, under the same number."""
        for item in truth["accepted"]:
            known = self.numbers.setdefault(item["invoiceHash"], item["ksefNumber"])
            assert known == item["ksefNumber"], f"renumbered: {known}, {item['ksefNumber']}"

    def check(
        self, documents: Sequence[Document], numbers: Mapping[str, str], receipts: Mapping[str, bytes]
    ) -> None:
        """After the restart, with everything sent: nothing lost, nothing twice, all receipts in order.

        `numbers` and `receipts`: the KSeF number and the UPO that the client was given, by hash.
        """
        truth = self.served.truth()
        self.note(truth)
        accepted = Counter(item["invoiceHash"] for item in truth["accepted"])
        # (1) Whatever was ever called accepted still is, once.
        assert set(self.numbers) <= set(accepted)
        assert set(accepted.values()) <= {1}
        # (2) No KSeF number is given twice.
        given = Counter(item["ksefNumber"] for item in truth["accepted"])
        assert set(given.values()) <= {1}
        # (3) What the client was told is what is so.
        wanted = {document.hash for document in documents}
        assert numbers == {h: self.numbers[h] for h in wanted}
        # (4) Receipts hold: signature, hash, number.
        assert set(receipts) == wanted
        for document_hash, receipt in receipts.items():
            report = upo.verify(receipt, invoice_hashes={numbers[document_hash]: document_hash})
            assert report.in_order, report.findings
        # (5) Sending was thrifty: the client looked first.
        posts = sum(truth["posts"].get(h, 0) for h in wanted)
        assert posts <= MOST_POSTS * len(wanted), f"{posts} posts for {len(wanted)} invoices"
        # (6) The sessions count what is in them.
        held = Counter(
            item["sessionReferenceNumber"] for item in truth["accepted"] if item["invoiceHash"] in wanted
        )
        # (7) Keys and KSeF tokens survive: the one issued before all the kills logs in.
        assert self.public_keys() == self.keys
        with Ksef(self.url) as ksef:
            ksef.run(auth.login_with_token(self.ksef_token))
            for session, count in held.items():
                status = ksef.call(sessions.status(session))
                assert status.successful_invoice_count == count
                assert status.invoice_count == count + (status.failed_invoice_count or 0)
