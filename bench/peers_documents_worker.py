"""One contestant of `peers_documents.py`, in a Python of its own: prepares its work, then runs it when told.

    python peers_documents_worker.py raw|klucznik|ksef-client|ksef2

Orders come as lines of JSON on standard input, answers go to standard output. A contestant is a table of
makers by measure: a maker takes a document and gives the call to be timed. Whatever a user does once
(import, open a printer, read the invoice that is to be built) is done by the maker, outside the time.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

Work = Callable[[], Any]
Maker = Callable[[bytes], Work]
Makers = Mapping[str, Maker]

#: Any well-formed number: a printer that gets one draws the QR code under it.
KSEF_NUMBER = "5265877635-20250826-0100001AF629-AF"


def raw(schema: str) -> Makers:
    """libxml2 with the official XSD, compiled once: what nobody who validates by XSD can be faster than."""
    etree = import_module("lxml.etree")
    official = etree.XMLSchema(etree.parse(schema))
    return {"validate": lambda data: lambda: official.assertValid(etree.fromstring(data))}


def ksef_client(_schema: str) -> Makers:
    """It prints no PDF. Its validator compiles the XSD in each call; a user cannot keep it."""
    fa3 = import_module("ksef_client.documents.fa3")
    read = fa3.FA3Invoice.from_xml
    return {
        "validate": lambda data: partial(fa3.validate_fa3_xml_xsd, data),
        "read": lambda data: partial(read, data),
        "build": lambda data: read(data).to_xml,
        "build, unchecked": lambda data: partial(read(data).to_xml, validate=False, facets=False),
    }


def ksef2(_schema: str) -> Makers:
    """It offers no validator for a document that exists; its builder validates what it wrote by XSD."""

    def builder(data: bytes) -> Any:
        fa3 = import_module("ksef2.fa3")
        return fa3.InvoiceBuilder.from_invoice(fa3.parse_invoice_xml(data))

    def pdf(data: bytes) -> Work:
        printer = import_module("ksef2.renderers").InvoicePDFExporter(verification_environment="test")
        return partial(printer.export_from_string, data, ksef_number=KSEF_NUMBER)

    return {
        "read": lambda data: partial(import_module("ksef2.fa3").parse_invoice_xml, data),
        "build": lambda data: builder(data).to_xml,
        "build, unchecked": lambda data: partial(builder(data).to_xml, validate=False),
        "pdf": pdf,
    }


def changed(what: Any, call: int) -> Any:
    """The same sheet with every value another: typst remembers what it has laid out, and no two invoices
    are alike."""
    if isinstance(what, str):
        return f"{call}{what}" if what and not what.startswith("http") else what
    if is_dataclass(what) and not isinstance(what, type):
        kept = ("language", "anchor", "align", "tone", "link", "heading", "label", "title")
        texts = {one.name: getattr(what, one.name) for one in fields(what) if one.name not in kept}
        return replace(what, **{name: changed(value, call) for name, value in texts.items()})
    return [changed(one, call) for one in what] if isinstance(what, list | tuple) else what


def klucznik(_schema: str) -> Makers:
    """Ours. `build` asks the schema, as the peers' builders do by default."""
    at = "klucznik.documents."
    build, facts, faults = (import_module(at + name) for name in ("build", "facts", "faults"))
    forms, read, xml = (import_module(at + name) for name in ("forms", "read", "xml"))

    def pdf(data: bytes) -> Work:
        press, view, qr = (
            import_module(at + "view.pdf"),
            import_module(at + "view.invoices"),
            import_module("klucznik.crypto.qr"),
        )

        calls = itertools.count()

        def printed() -> Any:
            known = facts.read(data, check=False)
            host, digest = qr.QR_HOSTS["test"], qr.digest_of(data)
            link = qr.invoice_link(host, known.seller_nip, known.issue_date, digest, checksum=False)
            sheet = view.sheet(read.invoice(data), ksef_number=KSEF_NUMBER, invoice_link=link)
            return press.render(changed(sheet, next(calls)))

        return printed

    return {
        "validate": lambda data: lambda: faults.check(xml.parse(data), forms.FA3),
        "read": lambda data: partial(read.invoice, data),
        "facts": lambda data: partial(facts.read, data, check=False),
        "build": lambda data: partial(build.xml_of, read.invoice(data)),
        "build, unchecked": lambda data: partial(build.xml_of, read.invoice(data), check=False),
        "pdf": pdf,
    }


CONTESTANTS: Mapping[str, tuple[str, Callable[[str], Makers]]] = {
    "raw": ("lxml", raw),
    "klucznik": ("klucznik", klucznik),
    "ksef-client": ("ksef-client", ksef_client),
    "ksef2": ("ksef2", ksef2),
}


def prepare(makers: Makers, order: dict[str, Any], works: dict[tuple[str, str], Work]) -> dict[str, Any]:
    """Makes and runs every work once, which warms it up. Answers by measure and document why it cannot be
    timed, "" if it can. Documents built are left in `order["out"]`.
    """
    answer: dict[str, Any] = {}
    for what in [what for what in makers if what in order["measures"]]:
        maker = makers[what]
        answer[what] = {}
        for document, path in order["documents"].items():
            try:
                work = maker(Path(path).read_bytes())
                result = work()
            except ValueError as refusal:  # the base of both peers' refusals
                answer[what][document] = str(refusal).splitlines()[0]
                continue
            if what == "pdf" and not result.startswith(b"%PDF-"):
                raise RuntimeError(f"no PDF was made of {document}")
            if what.startswith("build"):
                text = result if isinstance(result, bytes) else result.encode()
                Path(order["out"], f"{what}-{document}.xml").write_bytes(text)
            works[what, document] = work
            answer[what][document] = ""
    return answer


def rate(work: Work, seconds: float) -> float:
    """Calls a second; at least one call."""
    count, began = 0, time.perf_counter()
    while True:
        work()
        count += 1
        if (passed := time.perf_counter() - began) >= seconds:
            return count / passed


def main() -> None:
    # Nothing that a library prints may come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    package, contestant = CONTESTANTS[sys.argv[1]]
    works: dict[tuple[str, str], Work] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "prepare":
            answer: dict[str, Any] = {"version": version(package)}
            answer["measures"] = prepare(contestant(order["schema"]), order, works)
        else:
            answer = {"rate": rate(works[order["what"], order["document"]], order["seconds"])}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
