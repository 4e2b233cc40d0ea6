"""One document from bytes to verdict: XML, schema, checks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from lxml import etree

from klucznik.documents import facts, faults, schema, xml
from klucznik.documents.checks import registry
from klucznik.documents.checks.finding import Finding
from klucznik.documents.checks.together import Key
from klucznik.documents.forms import FORMS
from klucznik.documents.invoice import DocumentFault
from klucznik.documents.model import Form
from klucznik.documents.recognise import recognise

#: clean: no finding is an error. unreadable: not XML as KSeF takes it, or no file to be read.
Word = Literal["clean", "faulty", "unreadable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`key` and `digest` (SHA-256) tell documents of one number apart; without a key it was not looked at."""

    word: Word
    findings: tuple[Finding, ...] = ()
    key: Key | None = None
    digest: bytes = b""

    def also(self, finding: Finding | None) -> Verdict:
        """The same with one more finding."""
        if finding is None:
            return self
        word: Word = "faulty" if finding.severity == "error" and self.word == "clean" else self.word
        return replace(self, word=word, findings=(*self.findings, finding))


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to look: a system code the document must be of, only by the schema, by the XSDs of a folder."""

    form: str | None = None
    schema_only: bool = False
    schemas: Path | None = None


def unreadable(code: Literal["file", "xml"], message: str) -> Verdict:
    return Verdict("unreadable", (Finding(code, "error", "", message),))


def judge(document: bytes, now: datetime, wanted: Wanted = Wanted()) -> Verdict:
    """The verdict on a document. Raises `Unreadable` when `wanted.schemas` holds no schema for it."""
    try:
        root = xml.parse(document)
    except xml.XmlProblem as problem:
        return unreadable("xml", str(problem))
    try:
        form = FORMS[wanted.form] if wanted.form else recognise(root)
    except DocumentFault as fault:
        return Verdict("faulty", (_schema("", str(fault)),))
    if found := tuple(_by_schema(root, form, wanted.schemas)):
        return Verdict("faulty", found)
    if wanted.schema_only:
        return Verdict("clean")
    findings, key = registry.examine(root, form, now=now, size=len(document))
    wrong = any(finding.severity == "error" for finding in findings)
    digest = hashlib.sha256(document).digest()
    return Verdict("faulty" if wrong else "clean", tuple(findings), key, digest)


def _schema(path: str, message: str) -> Finding:
    return Finding("schema", "error", path, message)


def _by_schema(root: etree._Element, form: Form, folder: Path | None) -> Iterator[Finding]:
    if form.faktura is not None:
        for fault in faults.explain(root, form, schema.validator(form, folder)):
            yield _schema(fault.path, fault.message)
        return
    # PEF is UBL, not written as classes: libxml2 says what it says, or our own reading does.
    if folder is not None:
        validator = schema.validator(form, folder)
        if not validator(root):
            for said in schema.complaints(validator)[: faults.MOST]:
                yield _schema("", said)
            return
    try:
        facts.read(root, form.system_code)
    except DocumentFault as fault:
        for sentence in fault.details[: faults.MOST]:
            yield _schema("", f"{form.system_code}: {sentence}")
