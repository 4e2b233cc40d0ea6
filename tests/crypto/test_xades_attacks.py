"""Attacks too big to keep as files, and damage done by chance."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime
from typing import Literal

import pytest
from lxml import etree

from klucznik.crypto.authority import person
from klucznik.crypto.certs import Identity
from klucznik.crypto.xades import SignatureProblem, sign, verify

AUTH = "http://ksef.mf.gov.pl/auth/token/2.0"
ROOT = f"{{{AUTH}}}AuthTokenRequest"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DOCUMENT = (
    f'<AuthTokenRequest xmlns="{AUTH}">\n  <Challenge>20260301-CR-2A2A2A2A2A-2A2A2A2A2A-AF</Challenge>\n'
    "  <ContextIdentifier><Nip>5265877635</Nip></ContextIdentifier>\n"
    "  <SubjectIdentifierType>certificateSubject</SubjectIdentifierType>\n</AuthTokenRequest>\n"
).encode()
INSERTED = [b"<!-- -->", b"<a/>", b"&amp;", b"&#0;", b" ", b"\r\n", b"<![CDATA[]]>", b"</ds:Object>"]


@pytest.fixture(scope="module")
def ania() -> Identity:
    return person("Ania", "Nowak", nip="5265877635", now=NOW)


@pytest.fixture(scope="module")
def signed(ania: Identity) -> bytes:
    return sign(DOCUMENT, ania, signing_time=NOW)


def refusal(data: bytes, within: float = 2.0) -> SignatureProblem:
    """The refusal, which must come in `within` seconds."""
    started = time.perf_counter()
    with pytest.raises(SignatureProblem) as refused:
        verify(data, expect_root=[ROOT])
    assert time.perf_counter() - started < within
    return refused.value


def inside(signed: bytes, text: bytes) -> bytes:
    return signed.replace(b"<ContextIdentifier>", text + b"<ContextIdentifier>", 1)


def test_more_than_a_megabyte_is_not_read(signed: bytes) -> None:
    assert refusal(inside(signed, b" " * 1_000_000), within=0.05).code == 9101
    assert "bytes" in refusal(b"<" * 100_000_000, within=0.5).why


def test_depth_is_refused(signed: bytes) -> None:
    assert refusal(inside(signed, b"<a>" * 10_000 + b"</a>" * 10_000)).code == 9101


def test_many_attributes_are_refused(signed: bytes) -> None:
    attributes = b"".join(b' a%d=""' % i for i in range(80_000))
    assert "attributes" in refusal(inside(signed, b"<a" + attributes + b"/>")).why


def test_many_namespaces_are_refused(signed: bytes) -> None:
    names = b"".join(b' xmlns:a%d="u"' % i for i in range(40_000))
    assert "namespace" in refusal(inside(signed, b"<a" + names + b"/>")).why
    nested = b"".join(b'<a xmlns:a%d="u">' % i for i in range(600)) + b"</a>" * 600
    assert "namespace" in refusal(inside(signed, nested)).why


@pytest.mark.parametrize(
    "declaration",
    [b' xmlns:a="%s"', b" xmlns:a\n=\n'%s'", b' xmlns="%s"', b"\txmlns:" + b"a" * 70 + b'="%s"'],
)
def test_a_long_namespace_cannot_be_multiplied(ania: Identity, declaration: bytes) -> None:
    """Exclusive canonicalisation would write the 300 bytes again at every child: 1 MB becomes 50."""
    prefix = b"a:" if declaration == b' xmlns:a="%s"' else b""
    body = b"<x" + declaration % (b"u" * 300) + b">" + b"<%sb/>" % prefix * 1000 + b"</x>"
    assert "longer than 200 bytes" in refusal(inside(sign(DOCUMENT, ania, signing_time=NOW), body)).why


def test_the_longest_document_let_in_takes_little_time(ania: Identity, signed: bytes) -> None:
    """The worst that passes the door: a namespace of 200 bytes at each of many children."""
    many = b'<x xmlns:a="' + b"urn:" + b"u" * 196 + b'">' + b"<a:b/>" * 150_000 + b"</x>"
    assert refusal(inside(signed, many), within=3).detail == "Podpis zweryfikowany negatywnie."


def test_fifty_thousand_ids_and_objects(signed: bytes) -> None:
    ids = b"".join(b'<a Id="i%d"/>' % i for i in range(50_000))
    assert refusal(inside(signed, ids)).detail == "Podpis zweryfikowany negatywnie."
    objects = signed.replace(b"</ds:Signature>", b"<ds:Object/>" * 70_000 + b"</ds:Signature>")
    # Objects beside are nobody's: they are neither read nor signed.
    assert verify(objects, expect_root=[ROOT]).document.findtext(".//{*}Nip") == "5265877635"


def test_chance_damage_is_refused_or_does_not_matter(signed: bytes, ania: Identity) -> None:
    """2,000 seeded mutations: refused, or what is handed out is what Ania signed."""
    original = verify(signed, expect_root=[ROOT]).document_bytes
    forms: tuple[Literal["enveloped", "enveloping"], ...] = ("enveloped", "enveloping")
    for form in forms:
        base = sign(DOCUMENT, ania, signing_time=NOW, form=form)
        dice = random.Random(f"klucznik {form}")
        refused = 0
        for _ in range(1000):
            damaged = mutate(base, dice)
            try:
                verified = verify(damaged, expect_root=[ROOT])
            except SignatureProblem:
                refused += 1
            else:
                assert verified.document_bytes == original
                assert verified.certificate == ania.certificate
        assert refused > 700


def test_moved_copied_and_renamed_elements(ania: Identity) -> None:
    """4,000 seeded rearrangements of elements: wrapping, without knowing how."""
    forms: tuple[Literal["enveloped", "enveloping"], ...] = ("enveloped", "enveloping")
    for form in forms:
        base = sign(DOCUMENT, ania, signing_time=NOW, form=form)
        original = verify(base, expect_root=[ROOT]).document_bytes
        dice = random.Random(f"rearranged {form}")
        reasons = set()
        for _ in range(2000):
            try:
                verified = verify(rearrange(base, dice), expect_root=[ROOT])
            except SignatureProblem as problem:
                reasons.add((problem.code, problem.detail))
            else:
                assert verified.document_bytes == original
        assert len(reasons) >= 5


def rearrange(data: bytes, dice: random.Random) -> bytes:
    """One to four edits of the tree; half of them put another NIP somewhere."""
    root = etree.fromstring(data)
    for _ in range(dice.randint(1, 4)):
        elements = list(root.iter())
        one, other = dice.choice(elements), dice.choice(elements)
        kind = dice.randrange(6)
        if kind == 0 and one is not root and other not in one.iter():
            other.insert(dice.randint(0, len(other)), one)
        elif kind == 1:
            other.insert(dice.randint(0, len(other)), deepcopy(one))
        elif kind == 2 and one is not root:
            wrapper = deepcopy(root)
            wrapper.append(root)
            root = wrapper
        elif kind == 3:
            value = dice.choice(["", "#Document", "Signature", "a"])
            one.set(dice.choice(["Id", "ID", "URI", "Target"]), value)
        elif kind == 4:
            copied = etree.fromstring(DOCUMENT.replace(b"5265877635", b"1111111111"))
            other.insert(dice.randint(0, len(other)), copied)
        elif one is not root:
            parent = one.getparent()
            assert parent is not None
            parent.remove(one)
    return etree.tostring(root)


def test_threads_do_not_disturb_each_other(signed: bytes) -> None:
    """The parser and the compiled paths are shared."""
    broken = signed.replace(b"5265877635", b"1111111111")

    def work(number: int) -> str:
        try:
            return verify(broken if number % 2 else signed, expect_root=[ROOT]).form
        except SignatureProblem as problem:
            return problem.detail

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(800)))
    assert set(answers[::2]) == {"enveloped"}
    assert set(answers[1::2]) == {"Podpis zweryfikowany negatywnie."}


def mutate(data: bytes, dice: random.Random) -> bytes:
    """One to three small accidents: a bit, a lost or doubled span, a swapped pair, an inserted tag."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(out))
        kind = dice.randrange(6)
        if kind == 0:
            out[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del out[at : at + dice.randint(1, 60)]
        elif kind == 2:
            out[at:at] = out[at : at + dice.randint(1, 400)]
        elif kind == 3:
            other = dice.randrange(len(out))
            out[at], out[other] = out[other], out[at]
        elif kind == 4:
            out[at:at] = dice.choice(INSERTED)
        else:
            out[at] = dice.randrange(256)
        if not out:
            return bytes(data)
    return bytes(out)
