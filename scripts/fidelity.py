"""Make `docs/fidelity.md`: every operation, every answer that the contract lists for it, and who has seen it.

    python scripts/fidelity.py [--check] [--notes FOLDER]

Three sources: the rows (`klucznik.wire`), the facts of the contract beside the contract test, and the
notes that tests/server takes of what the local KSeF answers (tests/server/witness.py, one file for each
process). What the contract lists and no test has seen fails, unless `NEVER` gives the reason; so does a
reason for something that was seen. `--check` compares with the stored page and writes nothing: exit 1.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract_facts import ROOT, STORED, document_facts, verdict

import klucznik.wire
from klucznik.wire import ROWS, codes
from klucznik.wire.endpoint import Endpoint
from klucznik.wire.openapi import document
from klucznik.wire.problems import REASONS

PAGE = ROOT / "docs" / "fidelity.md"
NOTES = ROOT / "build" / "fidelity"

Note = tuple[str, str, str]

_NOTHING_TO_CHECK = "the operation takes neither a parameter nor a body: there is nothing to refuse"
_OURS = "a failure inside KSeF itself; the local one goes on with the work after a crash"
_NAMED = "stands for every other failure; the local one names its cause"

#: What the contract lists and the local KSeF never gives, with the reason: (where, what) as in the notes.
NEVER: dict[tuple[str, str], str] = {
    ("DELETE /testdata/rate-limits", "21405"): _NOTHING_TO_CHECK,
    ("DELETE /testdata/limits/context/session", "21405"): _NOTHING_TO_CHECK,
    ("POST /testdata/rate-limits/production", "21405"): _NOTHING_TO_CHECK,
    ("GET /permissions/attachments/status", "21405"): _NOTHING_TO_CHECK,
    (
        "reason of 403",
        "security-service-blocked",
    ): "given by the firewall before the real KSeF; there is none here",
    ("reason of 403", "context-type-not-allowed"): "no operation is published that gives it",
    ("login", "500"): _OURS,
    ("login", "550"): _OURS,
    ("operation on permissions", "400"): _NAMED,
    ("operation on permissions", "500"): _OURS,
    ("operation on permissions", "550"): _OURS,
    ("enrolment of a certificate", "500"): _OURS,
    ("enrolment of a certificate", "550"): _OURS,
    ("export", "500"): _OURS,
    ("invoice", "150"): "an invoice is verified in one step; before it the status is 100",
    ("invoice", "500"): _OURS,
    ("invoice", "550"): _OURS,
}

#: Codes that are given though the row does not list them.
UNLISTED = {
    21001: "those of /testdata, which list 21405 alone: a body that cannot be read is 21001 as everywhere",
    21184: "wherever a fault script asks for it (docs/management.md)",
}

#: Statuses of HTTP that the contract does not describe, with their cause.
OUTSIDE = {
    "404": "there is no such operation, as with /testdata on the demo and prd profiles",
    "405": "the operation has another method",
    "413": "a body is too large",
    "415": "a body is of another media type",
}

_SESSION = "GET /sessions/{referenceNumber}"

#: What has a status of its own: its name, where it is told as (operation, mark in the notes), its statuses.
STATUSES: list[tuple[str, list[tuple[str, str]], dict[int, str]]] = [
    ("login", [("GET /auth/{referenceNumber}", "tells")], codes.AUTH_STATUS),
    (
        "operation on permissions",
        [("GET /permissions/operations/{referenceNumber}", "tells")],
        codes.PERMISSION_STATUS,
    ),
    (
        "enrolment of a certificate",
        [("GET /certificates/enrollments/{referenceNumber}", "tells")],
        codes.ENROLLMENT_STATUS,
    ),
    ("online session", [(_SESSION, "tells SO")], codes.ONLINE_SESSION_STATUS),
    ("batch session", [(_SESSION, "tells SB")], codes.BATCH_SESSION_STATUS),
    (
        "invoice",
        [
            (f"{_SESSION}/invoices{below}", f"tells {kind}")
            for below in ("", "/failed", "/{invoiceReferenceNumber}")
            for kind in ("SO", "SB")
        ],
        codes.INVOICE_STATUS,
    ),
    ("export", [("GET /invoices/exports/{referenceNumber}", "tells")], codes.EXPORT_STATUS),
]


@dataclass
class Tally:
    """What was seen, what was not and should have been, and reasons that are none any more."""

    notes: set[Note]
    listed: int = 0
    seen: int = 0
    gaps: list[str] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)

    def mark(self, where: str, what: str, *notes: Note) -> str:
        """`what`, marked as seen, as never given, or as a gap."""
        self.listed += 1
        reason = NEVER.get((where, what))
        if reason:
            self.used.add((where, what))
        if self.notes.intersection(notes):
            self.seen += 1
            if reason:
                self.gaps.append(f"{where}: {what} was seen, but NEVER says: {reason}")
            return f"{what} ✓"
        if reason:
            return f"{what} –"
        self.gaps.append(f"{where}: {what} was never seen; write a test, or the reason into NEVER")
        return f"{what} ✗"


def names() -> dict[tuple[str, str], str]:
    """Rows by the name under which they stand in the code: `tokens.GENERATE`."""
    found: dict[tuple[str, str], str] = {}
    for module in pkgutil.iter_modules(klucznik.wire.__path__, "klucznik.wire."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Endpoint):
                found[value.key] = f"{module.name.rpartition('.')[2]}.{name}"
    return found


def _line(tally: Tally, row: Endpoint[Any], facts: Any, known_as: str) -> str:
    name = f"{row.method} {row.path}"

    def status(code: str) -> str:
        return tally.mark(name, code, (name, code, "")) if code in facts["errors"] else ""

    reasons = [*(["missing-permissions"] if row.permissions else []), "ip-not-allowed"]
    others = sorted({what for where, code, what in tally.notes if (where, code) == (name, "403")})
    reasons += [reason for reason in others if reason not in reasons]
    cells = [
        f"`{name}`<br>{known_as}",
        tally.mark(name, str(row.status), (name, str(row.status), "")),
        ", ".join(tally.mark(name, str(code), (name, "400", str(code))) for code in row.refuses),
        status("401").removeprefix("401 "),
        "<br>".join(tally.mark(name, reason, (name, "403", reason)) for reason in reasons)
        if "403" in facts["errors"]
        else "",
        status("410").removeprefix("410 "),
        status("429").removeprefix("429 "),
    ]
    return f"| {' | '.join(cells)} |"


def _operations(tally: Tally, facts: Any) -> Iterator[str]:
    known = names()
    order = sorted(ROWS, key=lambda key: (key[1].split("/")[1], key[1], key[0]))
    last = ""
    for key in order:
        tag = key[1].split("/")[1]
        if tag != last:
            yield f"\n### /{tag}\n"
            yield "| operation | success | 400 | 401 | 403 | 410 | 429 |"
            yield "|---|---|---|---|---|---|---|"
            last = tag
        yield _line(tally, ROWS[key], facts["operations"][f"{key[0]} {key[1]}"], known[key])


def _statuses(tally: Tally) -> Iterator[str]:
    yield "| what | statuses |"
    yield "|---|---|"
    for what, told, table in STATUSES:
        marks = [
            tally.mark(what, str(code), *((name, mark, str(code)) for name, mark in told)) for code in table
        ]
        yield f"| {what} | {', '.join(marks)} |"


def _details(tally: Tally) -> str:
    names = [name for name, text in vars(codes).items() if name.isupper() and isinstance(text, str)]
    return ", ".join(tally.mark("detail", name, ("detail", "text", name)) for name in names)


def _never() -> str:
    """One line for each reason."""
    places: dict[str, list[str]] = {}
    for (where, what), why in NEVER.items():
        places.setdefault(why, []).append(f"{what} ({where})")
    return "\n".join(f"- {', '.join(named)}: {why}." for why, named in places.items())


def _outside(notes: set[Note]) -> Iterator[str]:
    """Answers that the contract does not describe."""
    bodies = {f"{row.method} {row.path}" for row in ROWS.values() if row.takes is not None}
    for status, when in OUTSIDE.items():
        seen = {name for name, code, _ in notes if code == status} & bodies
        where = (
            f": seen at {len(seen)} of the {len(bodies)} operations that take one" if "body" in when else ""
        )
        yield f"- {status} where {when}{where}."
    yield "- 5xx where a fault script asks for it, and 503 of a server that stops."
    for code, why in UNLISTED.items():
        yield f"- {code} at operations that do not list it: {why}."


def _unlisted(notes: set[Note], facts: Any) -> Iterator[str]:
    """What was seen and is not in the contract, nor known as outside of it."""
    for name, status, what in sorted(notes):
        if status.isdigit():
            method, path = name.split()
            listed, row = facts["operations"][name], ROWS[method, path]
            known = (*listed["errors"], listed["success"]["status"], *OUTSIDE)
            if status < "500" and status not in known:
                yield f"{name}: HTTP {status} was seen, and the contract does not list it"
            if status == "400" and what and int(what) not in (*row.refuses, *UNLISTED):
                yield f"{name}: {what} was seen, and its row does not list it"


def make(notes: set[Note]) -> tuple[str, str, list[str]]:
    """The page, its figures in one sentence, and what is wrong with it."""
    facts = json.loads(STORED.read_text(encoding="utf-8"))
    compared, differences = verdict(document_facts(document()), facts)
    tally = Tally(notes)
    operations = "\n".join(_operations(tally, facts))
    reasons = ", ".join(
        tally.mark("reason of 403", code, *(note for note in notes if note[1:] == ("403", code)))
        for code in REASONS
    )
    statuses = "\n".join(_statuses(tally))
    details = _details(tally)
    outside = "\n".join(_outside(notes))
    seen = f"{tally.seen} of {tally.listed} listed answers seen by tests, {len(tally.used)} never given"
    stale = [f"NEVER has no use for {where}: {what}" for where, what in sorted(NEVER.keys() - tally.used)]
    page = f"""# Fidelity

What the contract lists for each operation, and what the tests of `tests/server` have seen the local KSeF
answer over HTTP. Made by `make fidelity`; `make test` fails where this page and the tests disagree.

- {compared}.
- {seen}.
- {len({number for row in ROWS.values() for number in row.refuses})} refusal codes of HTTP 400, \
{len(REASONS)} reasons of HTTP 403: {reasons}.

✓ seen by a test, – never given (the reason stands below), ✗ neither. The second line of an operation is
its row in `klucznik.wire`. Where the column of 400 is empty, the contract names no code, and nothing of the
call can be wrong. Codes and statuses have their texts in `wire/codes.py`; where answers knowingly differ, see
[divergences.md](divergences.md).

## Operations
{operations}

## Statuses inside answers

{statuses}

## Texts of details

The names are those of `wire/codes.py`, in its order.

{details}.

## Never given

{_never()}

## Outside the contract

{outside}
"""
    return page, f"{compared}; {seen}", [*differences, *tally.gaps, *stale, *_unlisted(notes, facts)]


def read(folder: Path) -> set[Note]:
    """All notes of a run."""
    found = set()
    for file in folder.glob("*.txt"):
        for line in file.read_text(encoding="utf-8").splitlines():
            where, status, what = line.split("\t")
            found.add((where, status, what))
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Make docs/fidelity.md from rows, contract and tests.")
    parser.add_argument("--check", action="store_true", help="compare with the stored page, write nothing")
    parser.add_argument("--notes", type=Path, default=NOTES)
    chosen = parser.parse_args(arguments)
    notes = read(chosen.notes)
    if not notes:
        print(f"{chosen.notes}: no notes; make test and make fidelity take them", file=sys.stderr)
        return 2
    page, figures, wrong = make(notes)
    stored = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    print(f"fidelity: {figures}")
    for line in wrong:
        print(f"  {line}")
    if chosen.check and page != stored:
        sys.stdout.writelines(
            difflib.unified_diff(stored.splitlines(True), page.splitlines(True), str(PAGE), "the tests", n=0)
        )
        print("docs/fidelity.md is not what the tests have seen: make fidelity")
        return 1
    if not chosen.check:
        PAGE.write_text(page, encoding="utf-8", newline="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
