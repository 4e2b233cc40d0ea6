"""What a pasted token tells by its shape, mended where copying has damaged it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from klucznik.client import token_shape
from klucznik.client.token_shape import TokenShape
from klucznik.client.token_shape_words import WORDS
from klucznik.lang import speaking
from klucznik.secret import Secret
from klucznik.wire.ids import make_ksef_number, make_reference

NIP = "5265877635"
REFERENCE = make_reference("EC", datetime(2026, 10, 5, 12, 0, tzinfo=UTC), b"\x01\x02\x03\x04\x05")
SECRET = "0123456789abcdef" * 4
TOKEN = f"{REFERENCE}|nip-{NIP}|{SECRET}"


def read(text: str) -> TokenShape:
    return token_shape.read(Secret(text))


def codes(shape: TokenShape, *levels: str) -> set[str]:
    return {each.code for each in shape.findings if not levels or each.level in levels}


def test_a_whole_token_tells_its_number_day_and_context() -> None:
    shape = read(TOKEN)
    assert (shape.kind, shape.reference, shape.issued) == ("official", REFERENCE, date(2026, 10, 5))
    assert (shape.context_type, shape.context_value) == ("Nip", NIP)
    assert codes(shape) == {"environment"}
    assert shape.token == Secret(TOKEN)


def test_an_internal_identifier_keeps_its_own_hyphen() -> None:
    shape = read(f"{REFERENCE}|internalId-6824515772-12343|{SECRET}")
    assert (shape.context_type, shape.context_value) == ("InternalId", "6824515772-12343")
    assert shape.usable
    assert not codes(shape, "odd", "broken")


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        (f"  {TOKEN}\n", "blank"),
        (f'"{TOKEN}"', "quotes"),
        (f"„{TOKEN}”", "quotes"),
        (f"\ufeff{TOKEN}", "bom"),
        (TOKEN.replace("|", "\u200b|"), "invisible"),
        (TOKEN.replace("|", "%7C"), "bars"),
        (TOKEN.replace("-", "\u2013"), "dashes"),
        (f"{TOKEN[:80]}\r\n{TOKEN[80:]}", "broken-line"),
        (f"KSEF_TOKEN={TOKEN}", "around"),
        (f'{{"token": "{TOKEN}"}}', "around"),
        (f"Token: {TOKEN}.", "around"),
        (TOKEN + TOKEN, "doubled"),
        (f"{TOKEN}\n{TOKEN}\n", "doubled"),
        (TOKEN.upper(), "case"),
        (TOKEN.lower(), "case"),
    ],
)
def test_what_copying_adds_is_taken_off_and_told(pasted: str, code: str) -> None:
    shape = read(pasted)
    assert code in codes(shape, "mended")
    assert not codes(shape, "odd", "broken")
    assert shape.token == Secret(TOKEN)


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (TOKEN[:-10], "truncated"),
        (f"{REFERENCE}|nip-{NIP}|", "truncated"),
        (f"{REFERENCE}|nip-{NIP}", "truncated"),
        (TOKEN[10:], "parts"),
        (f"nip-{NIP}|{SECRET}", "beheaded"),
        (SECRET, "tail"),
        (SECRET.upper(), "tail"),
        (TOKEN + "abc", "too-long"),
        (TOKEN.replace("f", "g"), "secret"),
        (f"{REFERENCE}||{SECRET}", "context-missing"),
        (f"{REFERENCE}|nip-52658776|{SECRET}", "context-value"),
        (f"{REFERENCE}|peppolId-PPL000001|{SECRET}", "context-type"),
        (TOKEN.replace("-EC-", "-SO-"), "other-number"),
        (TOKEN.replace("20261005", "20260231"), "day"),
        (TOKEN.replace("20261005", "20261305"), "day"),
        (f"{TOKEN}\n{TOKEN.replace('0', '1')}", "several"),
        (REFERENCE, "number-only"),
        (REFERENCE.replace("-EC-", "-AU-"), "other-number"),
        (make_ksef_number(NIP, date(2026, 10, 5), "0100001AF629"), "invoice-number"),
        ("526-587-76-35", "nip-only"),
        ("eyJhbGciOiJFUzI1NiJ9.eyJwZXAiOiJbXSJ9.c2ln", "jwt"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "pem"),
        (f"{REFERENCE}|nip-{NIP}|••••••••", "hidden"),
        ("kB7rX0aQ9vT2mN5wY8cJ1dG4hL6p/zS3", "opaque"),
        ("my token is lost", "unknown"),
        ("a|b|c|d", "parts"),
    ],
)
def test_what_cannot_work_is_named_and_not_tried(pasted: str, code: str) -> None:
    shape = read(pasted)
    assert code in codes(shape, "broken")
    assert shape.token is None


def test_a_payload_of_a_login_gives_its_token() -> None:
    shape = read(f"{TOKEN}|1760000000000")
    assert codes(shape, "mended") == {"around"}
    assert shape.token == Secret(TOKEN)


def test_forty_characters_may_be_tried_with_a_nip() -> None:
    shape = read("Ab3" * 13 + "Z")
    assert (shape.kind, codes(shape)) == ("short", {"short"})
    assert shape.usable
    assert not shape.context_value


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        (f"{TOKEN[:34]}{'00' if TOKEN[34:36] != '00' else '01'}{TOKEN[36:]}", "checksum"),
        (TOKEN.replace(NIP, "5265877634"), "context-checksum"),
    ],
)
def test_a_wrong_checksum_is_odd_and_may_still_be_tried(pasted: str, code: str) -> None:
    shape = read(pasted)
    assert codes(shape, "odd") == {code}
    assert shape.usable


@pytest.mark.parametrize(
    "text", [TOKEN, TOKEN[:-10], SECRET, "Ab3" * 13 + "Z", "secret words of mine", TOKEN * 2]
)
@pytest.mark.parametrize("language", ["en", "pl"])
def test_nothing_shown_holds_a_part_of_the_secret(text: str, language: str) -> None:
    shape = read(text)
    with speaking(language):
        told = " ".join([shape.masked, repr(shape), *(f"{x.said} {x.next_step}" for x in shape.findings)])
    for piece in (SECRET[:12], "Ab3Ab3", "words of"):
        assert piece not in told


def test_every_finding_has_words_and_every_word_a_finding() -> None:
    source = Path(token_shape.__file__).read_text(encoding="utf-8")
    used = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', source))
    assert set(WORDS) <= used


def test_random_texts_are_read_without_an_error() -> None:
    for start in range(0, len(TOKEN), 3):
        for piece in (TOKEN[start:], TOKEN[:start], TOKEN[:start] + "|" + TOKEN[start:], TOKEN[start:] * 2):
            shape = read(piece)
            assert all(each.said for each in shape.findings)
            assert shape.usable == (not codes(shape, "broken"))
