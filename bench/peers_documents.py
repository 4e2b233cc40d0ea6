"""Validating, reading, building and printing FA(3) invoices: per second, beside other people's clients.

    python bench/peers_documents.py [--seconds 2] [--measure WHAT]... [--peer-python PATH]...

Each PATH is the Python of a virtualenv that holds `ksef-client[xml]` or `ksef2[pdf]`. The documents are the
Ministry's samples with their placeholders filled, from `$KLUCZNIK_SHARED` or `../shared`, and one long
invoice of our own. `libxml2` is lxml with the official XSD, compiled once: the floor of validation.

Every contestant is a process of its own (`peers_documents_worker.py` says what is called). They take turns,
one slice each, in five rounds; the figure is the median of the slices, so noise of the machine meets all.
What a builder writes is checked with the official XSD, and the values it kept are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from statistics import median
from typing import Any, Final

from lxml import etree

from klucznik.documents import samples
from klucznik.documents.samples import Line

HERE: Final = Path(__file__).parent
SHARED: Final = Path(os.environ.get("KLUCZNIK_SHARED") or HERE.parent.parent / "shared") / "ksef"
ROUNDS: Final = 5
ANIA, BIURO = "5265877635", "1111111111"

#: What is measured, and what it means.
MEASURES: Final = {
    "validate": "bytes to a verdict by the whole schema",
    "read": "bytes to typed objects",
    "facts": "bytes to what KSeF itself looks at",
    "build": "typed objects, read before, to bytes, with the checks that are on by default",
    "build, unchecked": "the same with the checks switched off",
    "pdf": "bytes to a PDF with its QR code, in a process that has printed before",
}
#: Official samples by the heading of their column.
OFFICIAL: Final = {
    "basic": "fa3-basic-date-placeholder",
    "subject2": "fa3-custom-subject2",
    "jst": "fa3-custom-subject2-jst-idwew",
    "attachment": "fa3-attachment",
    "full": "fa3-pdf-generator-full",
}
FILLING: Final = {
    "nip": ANIA,
    "nipOdbiorca": BIURO,
    "idWewnetrzne": f"{ANIA}-00015",
    "invoice_number": "FV/2026/07/1",
    "invoicing_date": "2026-07-01",
}


def documents(folder: Path) -> dict[str, str]:
    """Paths by column: the official samples, filled, and an invoice of 200 lines."""
    made: dict[str, bytes] = {}
    for column, name in OFFICIAL.items():
        source = SHARED / "samples" / "invoices" / f"{name}.xml"
        if source.exists():
            text = re.sub(r"#(\w+)#", lambda found: FILLING[found[1]], source.read_text(encoding="utf-8"))
            made[column] = text.encode()
    created = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    lines = [Line("Ołówek przykładowy")] * 200
    made["200 lines"] = samples.invoice(ANIA, BIURO, "FV/2026/07/2", date(2026, 7, 1), created, lines=lines)
    for column, data in made.items():
        (folder / f"{column}.xml").write_bytes(data)
    return {column: str(folder / f"{column}.xml") for column in made}


def official_schema(folder: Path) -> Path | None:
    """The official XSD of FA(3) with its common types laid beside it, as it imports them from the net."""
    schemas = SHARED / "schemas" / "FA"
    if not schemas.exists():
        return None
    for source in (schemas / "schemat_FA(3)_v1-0E.xsd", *(schemas / "bazowe").glob("*.xsd")):
        text = re.sub(r'schemaLocation="[^"]*/', 'schemaLocation="', source.read_text(encoding="utf-8"))
        (folder / source.name).write_text(text, encoding="utf-8")
    return folder / "schemat_FA(3)_v1-0E.xsd"


@dataclass
class Contestant:
    """A running worker; `measures` says, by measure and document, why it cannot be timed ("" if it can)."""

    kind: str
    name: str
    measures: Mapping[str, Mapping[str, str]]
    out: Path
    ask: Callable[[dict[str, Any]], dict[str, Any]]

    def can(self, what: str, document: str) -> bool:
        return (self.measures.get(what) or {}).get(document) == ""


@contextmanager
def running(
    kind: str, python: str, paths: Mapping[str, str], measures: Sequence[str], schema: Path | None, out: Path
) -> Iterator[Contestant]:
    command = [python, "-W", "ignore", str(HERE / "peers_documents_worker.py"), kind]
    with (
        (out / "errors").open("w+") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        orders, answers = process.stdin, process.stdout

        def ask(order: dict[str, Any]) -> dict[str, Any]:
            orders.write(json.dumps(order) + "\n")
            orders.flush()
            line = answers.readline()
            if not line:
                errors.seek(0)
                sys.exit(f"{kind} stopped: {errors.read().strip().splitlines()[-1]}")
            answer: dict[str, Any] = json.loads(line)
            return answer

        ready = ask(
            {
                "do": "prepare",
                "documents": paths,
                "measures": measures,
                "schema": str(schema),
                "out": str(out),
            }
        )
        name = "libxml2" if kind == "raw" else f"{kind} {ready['version']}" if kind != "klucznik" else kind
        yield Contestant(kind, name, ready["measures"], out, ask)
        orders.close()


def figures(field: Sequence[Contestant], what: str, document: str, seconds: float) -> dict[str, float]:
    """Calls a second by contestant. Each round starts with another of them."""
    able = [one for one in field if one.can(what, document)]
    slices: dict[str, list[float]] = {one.kind: [] for one in able}
    for start in range(ROUNDS):
        for turn in range(len(able)):
            one = able[(start + turn) % len(able)]
            order = {"do": "rate", "what": what, "document": document, "seconds": seconds / ROUNDS}
            slices[one.kind].append(one.ask(order)["rate"])
    return {kind: median(rates) for kind, rates in slices.items()}


def cold(kind: str, python: str, path: str, folder: Path) -> float:
    """Seconds from nothing to the first PDF: a new process, its imports, one document."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with running(kind, python, {"first": path}, ["pdf"], None, folder):
            taken.append(time.perf_counter() - began)
    return median(taken)


def values(data: bytes) -> Counter[tuple[str, str]]:
    """The texts below the header, by the names that lead to them; numbers as numbers, blanks collapsed."""
    found: Counter[tuple[str, str]] = Counter()

    def walk(node: etree._Element, path: str) -> None:
        children = [child for child in node if isinstance(child.tag, str)]
        for child in children:
            walk(child, f"{path}/{etree.QName(child).localname}")
        if not children:
            text = " ".join((node.text or "").split())
            try:
                found[path, str(Decimal(text).normalize())] += 1
            except InvalidOperation:
                found[path, text] += 1

    for part in etree.fromstring(data):
        if isinstance(part.tag, str) and etree.QName(part).localname != "Naglowek":
            walk(part, etree.QName(part).localname)
    return found


def notes(one: Contestant, paths: Mapping[str, str], schema: Path | None) -> Iterator[str]:
    """What a reader of the table must know: refusals, invalid documents, values lost."""
    official = etree.XMLSchema(etree.parse(str(schema))) if schema else None
    for what, answers in one.measures.items():
        for column, why in (answers or {}).items():
            if why:
                yield f"{one.name}, {what}, {column}: refused: {why}"
            elif what == "build":
                built = (one.out / f"{what}-{column}.xml").read_bytes()
                if official and not official.validate(etree.fromstring(built)):
                    yield f"{one.name}, {what}, {column}: not valid by the official XSD"
                before, after = values(Path(paths[column]).read_bytes()), values(built)
                lost, added = (before - after).total(), (after - before).total()
                if lost or added:
                    kept = before.total() - lost
                    yield f"{one.name}, {what}, {column}: {kept} of {before.total()} values kept, {added} new"


def table(
    what: str, field: Sequence[Contestant], columns: Sequence[str], found: Mapping[str, Mapping[str, float]]
) -> None:
    """`found` holds the figures by column and kind."""
    print(f"\n{what}: {MEASURES[what]}")
    for one in field:
        if what not in one.measures:
            continue
        cells, ratios = "", []
        for column in columns:
            figure, ours = found[column].get(one.kind), found[column].get("klucznik")
            cells += f"{'-' if figure is None else format(figure, ',.0f' if figure >= 100 else ',.2f'):>12}"
            if figure and ours:
                ratios.append(ours / figure)
        ratio = f"{median(ratios):.2f}x" if ratios and one.kind != "klucznik" else ""
        print(f"  {one.name:<20}{cells}{ratio:>13}")


def kind_of(python: str) -> str:
    """Which peer lives there."""
    probe = "from importlib.metadata import distributions as d; print(*(x.metadata['Name'] for x in d()))"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    for kind in ("ksef-client", "ksef2"):
        if kind in done.stdout.split():
            return kind
    sys.exit(f"{python}: neither ksef-client nor ksef2 is there")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each figure is measured")
    parser.add_argument("--measure", action="append", choices=list(MEASURES), help="only this one")
    parser.add_argument("--peer-python", action="append", default=[], metavar="PATH")
    wish = parser.parse_args()
    measures = wish.measure or list(MEASURES)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        paths, schema = documents(folder), official_schema(folder)
        pythons = {kind_of(python): python for python in wish.peer_python}
        kinds = {**({"raw": sys.executable} if schema else {}), **pythons, "klucznik": sys.executable}
        if not schema:
            print(f"no official schemas and samples in {SHARED}: no libxml2, one document of our own")
        field = []
        for kind, python in kinds.items():
            (out := folder / kind).mkdir()
            field.append(stack.enter_context(running(kind, python, paths, measures, schema, out)))
        print(f"{'per second':<22}{''.join(f'{column:>12}' for column in paths)}{'klucznik is':>13}")
        sizes = "".join(f"{Path(path).stat().st_size / 1000:>9.1f} kB" for path in paths.values())
        print(f"{'':<22}{sizes}{'median':>13}")
        for what in measures:
            found = {column: figures(field, what, column, wish.seconds) for column in paths}
            table(what, field, list(paths), found)
            sys.stdout.flush()
        print()
        for one in field:
            for note in notes(one, paths, schema):
                print(note)
        if "pdf" in measures:
            path = next(iter(paths.values()))
            for one in field:
                if one.measures.get("pdf"):
                    seconds = cold(one.kind, kinds[one.kind], path, folder / one.kind)
                    print(f"{one.name}, first PDF of a new process: {seconds:.2f} s")


if __name__ == "__main__":
    main()
