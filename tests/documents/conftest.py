"""Official schemas and samples, where they lie beside the repository; identities and dates for all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.documents import samples

SHARED = Path(__file__).parents[2].parent / "shared" / "ksef"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ANIA = "5265877635"
BIURO = "1111111111"

#: What stands for the placeholders of the official samples.
_FILLING = {
    "nip": ANIA,
    "nip_podmiot1": ANIA,
    "nip_podmiot2": BIURO,
    "nip1_podmiot3": BIURO,
    "nip2_podmiot3": BIURO,
    "idwew1_podmiot3": "5265877635-00015",
    "idwew2_podmiot3": "5265877635-00015",
    "buyer_nip": BIURO,
    "selfInvocingNip": BIURO,
    "nipOdbiorca": BIURO,
    "subject2nip": BIURO,
    "invoice_number": "A-1",
    "invoicing_date": "2026-07-01",
    "issue_date": "2026-07-01",
    "due_date": "2026-07-15",
    "iban": "PL73111111111111111111111111",
    "idWewnetrzne": "5265877635-00015",
    "subject3IdentifierValue": "<IDWew>5265877635-00015</IDWew>",
    "ksef_number": "5265877635-20250826-0100001AF629-AF",
    "supplier_nip": f"PL{ANIA}",
    "buyer_reference": f"PL{BIURO}",
}


def _shared(path: str) -> Path:
    found = SHARED / path
    if not found.exists():
        pytest.skip("the official schemas and samples are not beside this repository")
    return found


@pytest.fixture(scope="session")
def official_schema(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], etree.XMLSchema]:
    """An official XSD by its path below `schemas`.

    The forms import their common types by an address on the net: all files are laid side by side in
    one temporary folder, and the addresses cut to the file name.
    """
    folder = tmp_path_factory.mktemp("schemas")
    made: dict[str, etree.XMLSchema] = {}

    def lay(source: Path, change: Callable[[str], str]) -> Path:
        text = re.sub(r'schemaLocation="[^"]*/', 'schemaLocation="', source.read_text(encoding="utf-8"))
        laid = folder / source.name
        laid.write_text(change(text), encoding="utf-8")
        return laid

    def load(name: str, change: Callable[[str], str] = lambda text: text) -> etree.XMLSchema:
        if name not in made:
            for common in _shared("schemas/FA/bazowe").glob("*.xsd"):
                lay(common, lambda text: text)
            parser = etree.XMLParser(no_network=True)
            made[name] = etree.XMLSchema(etree.parse(str(lay(_shared(f"schemas/{name}"), change)), parser))
        return made[name]

    return load


@pytest.fixture(scope="session")
def official_text() -> Callable[[str], str]:
    """An official file as it is."""
    return lambda path: _shared(path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def official_invoice() -> Callable[[str], bytes]:
    """An official sample invoice with its placeholders filled."""

    def load(name: str) -> bytes:
        text = _shared(f"samples/invoices/{name}.xml").read_text(encoding="utf-8")
        filling = _FILLING | ({"buyer_nip": f"PL{BIURO}"} if name.startswith("pef") else {})
        return re.sub(r"#(\w+)#", lambda m: filling.get(m[1], m[0]), text).encode()

    return load


@pytest.fixture(scope="session")
def ministry() -> Identity:
    """The seal of a local KSeF."""
    return authority.seal("Pieczęć Zmyślona", ANIA, now=NOW)


@pytest.fixture
def fa3() -> str:
    """A plain FA(3) as text, to be spoiled."""
    return samples.invoice(ANIA, BIURO, "FV/2026/07/1", date(2026, 7, 1), NOW).decode()
