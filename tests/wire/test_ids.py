"""Numbers of the contract: made, checked, and refused with a reason. Rules: ksef-number.md."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from klucznik.errors import Unreadable
from klucznik.wire import ids

#: ksef-number.md section 1: the first 32 characters and their checksum.
NUMBERS = [
    ("5265877635-20250626-010080DD2B5E", "26"),
    ("5265877635-20250826-0100001AF629", "AF"),
    ("5265877635-20250729-01004014E040", "00"),
    ("5265877635-20250925-010020A0A242", "0A"),
    ("5555555555-20250828-010080615740", "E4"),
    ("1111111111-20260201-000000000000", "E2"),
    ("1111111111-20260201-000000000001", "E5"),
    ("7352765225-20261231-FFFFFFFFFFFF", "50"),
    ("3861610227-20260722-0100C0A1B2C3", "B4"),
    # The published examples carry DA and B3, which is wrong.
    ("1111111111-20260612-6310EC800000", "33"),
    ("1111111111-20260612-62EAFD400000", "5A"),
]
#: Section 3: collective identifiers have the same checksum.
COLLECTIVE = [
    ("1111111111-IZ202607-65ED02180000", "E7"),
    ("5265877635-IZ202601-000000000001", "C1"),
]
#: Section 2: the first 33 characters and their checksum.
REFERENCES = [
    ("20250625-SO-2C3E6C8000-B675CF5D68", "07"),
    ("20250626-SB-213D593000-4DE10D80A5", "E9"),
    ("20250625-EE-319D7EE000-B67F415CDC", "2C"),
    ("20250514-CR-226FB7B000-3ACF9BE4C0", "10"),
    ("20250514-AU-2DFC46C000-3AC6D5877F", "D4"),
    ("20250901-EU-47FDBE3000-5961A5D232", "BF"),
    ("20251010-EH-1B6C9EB000-4B15D3AEB9", "89"),
    ("20251010-EC-1DCE3E3000-12ECB5B36E", "45"),
    ("20250626-EG-333C814000-C529F710D8", "D2"),
]
KINDS = get_args(ids.ReferenceKind)


@pytest.mark.parametrize(("text", "checksum"), NUMBERS + COLLECTIVE + REFERENCES)
def test_crc8_of_published_numbers(text: str, checksum: str) -> None:
    assert f"{ids.crc8(text):02X}" == checksum
    assert ids.crc8(text.encode()) == ids.crc8(text)


def test_crc8_register_after_each_byte() -> None:
    """Also the check value that every table of CRCs gives for `123456789`."""
    text = "5265877635-"
    registers = [f"{ids.crc8(text[: n + 1]):02X}" for n in range(len(text))]
    assert " ".join(registers) == "8B 26 70 DC B2 92 72 DB 96 60 E4"
    assert ids.crc8("123456789") == 0xF4
    assert ids.crc8("") == 0


@given(st.binary(max_size=40), st.integers(0, 255), st.integers(1, 255), st.binary(max_size=40))
def test_crc8_notices_any_changed_byte(before: bytes, byte: int, change: int, after: bytes) -> None:
    right = before + bytes([byte]) + after
    wrong = before + bytes([byte ^ change]) + after
    assert ids.crc8(right) != ids.crc8(wrong)


@pytest.mark.parametrize(("head", "checksum"), NUMBERS)
def test_ksef_number_is_made_and_checked(head: str, checksum: str) -> None:
    nip, day, technical = head.split("-")
    number = ids.make_ksef_number(nip, datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date(), technical)
    assert number == f"{head}-{checksum}"
    ids.check_ksef_number(number)
    TypeAdapter(ids.KsefNumber).validate_python(number)


@given(
    st.integers(),
    st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    st.integers(0, 16**12 - 1),
)
def test_every_made_ksef_number_is_good(seed: int, day: date, technical: int) -> None:
    number = ids.make_ksef_number(ids.make_nip(Random(seed)), day, f"{technical:012X}")
    assert len(number) == 35
    ids.check_ksef_number(number)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("", "is not a KSeF number."),
        ("5265877635-20250826-0100001AF629", "is not a KSeF number."),
        ("5265877635-20250826-0100001af629-af", "is not a KSeF number."),
        ("5265877635-20250826-0100001AF629-AF\n", "is not a KSeF number."),
        ("5265877635-20191231-0100001AF629-AF", "is not a KSeF number."),
        ("५265877635-20250826-0100001AF629-AF", "is not a KSeF number."),
        ("5265877635-20250230-0100001AF629-AF", "there is no day 2025-02-30"),
        ("5265877635-20250826-0100001AF629-AE", "its checksum is AE, the rest of it gives AF"),
        ("5265877634-20250826-0100001AF629-AF", "its checksum is AF"),
    ],
)
def test_a_bad_ksef_number_is_named_with_its_fault(
    number: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ids, "tr", lambda en, _pl: en)
    with pytest.raises(Unreadable) as unreadable:
        ids.check_ksef_number(number)
    assert fault in unreadable.value.message
    assert repr(number) in unreadable.value.message
    assert unreadable.value.hint


def test_a_number_of_ksef_1_is_accepted_by_its_pattern() -> None:
    legacy = "5265877635-20230826-0100001-AF629-AF"
    with pytest.raises(Unreadable):
        ids.check_ksef_number(legacy)
    legacy = "5265877635-20230826-010000-1AF629-00"
    assert len(legacy) == 36
    ids.check_ksef_number(legacy)
    TypeAdapter(ids.KsefNumber).validate_python(legacy)


@pytest.mark.parametrize("technical", ["", "0100001AF62", "0100001af629", "0100001AF62G", "0100001AF6299"])
def test_ksef_number_wants_twelve_hex_digits(technical: str) -> None:
    with pytest.raises(ValueError, match="12 upper-case hex digits"):
        ids.make_ksef_number("5265877635", date(2025, 8, 26), technical)


@pytest.mark.parametrize(
    ("nip", "day"), [("0265877635", date(2025, 8, 26)), ("5265877635", date(2019, 1, 1))]
)
def test_ksef_number_wants_a_nip_and_a_day_of_ksef(nip: str, day: date) -> None:
    with pytest.raises(ValueError, match="no valid KSeF number"):
        ids.make_ksef_number(nip, day, "0100001AF629")


@pytest.mark.parametrize(
    ("text", "kind", "now"),
    [
        ("20250625-SO-2C3E6C8000-B675CF5D68-07", "SO", datetime(2025, 6, 25, 12, 53, 13, 32_000, UTC)),
        ("20250626-SB-213D593000-4DE10D80A5-E9", "SB", datetime(2025, 6, 26, 9, 40, 54, 291_000, UTC)),
        ("20250625-EE-319D7EE000-B67F415CDC-2C", "EE", datetime(2025, 6, 25, 14, 27, 5, 326_999, UTC)),
    ],
)
def test_reference_numbers_are_made_like_the_published_ones(
    text: str, kind: ids.ReferenceKind, now: datetime
) -> None:
    assert ids.make_reference(kind, now, bytes.fromhex(text[23:33])) == text


def test_a_reference_number_tells_the_day_in_utc() -> None:
    late_in_warsaw = datetime(2025, 6, 26, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert ids.make_reference("AU", late_in_warsaw, bytes(5)).startswith("20250625-AU-")


def test_the_counter_numbers_the_documents_of_a_batch() -> None:
    now = datetime(2025, 6, 25, 23, 59, 59, 999_999, UTC)
    numbers = [ids.make_reference("EE", now, bytes(5), counter) for counter in (0, 1, 9, 0xFFF)]
    assert [number[12:22] for number in numbers] == ["5265BFF000", "5265BFF001", "5265BFF009", "5265BFFFFF"]
    assert len(set(numbers)) == 4


@pytest.mark.parametrize(
    ("rand", "counter"), [(bytes(4), 0), (bytes(6), 0), (bytes(5), -1), (bytes(5), 4096)]
)
def test_a_reference_number_refuses_what_does_not_fit(rand: bytes, counter: int) -> None:
    with pytest.raises(ValueError, match="5 random bytes"):
        ids.make_reference("EE", datetime(2025, 6, 25, tzinfo=UTC), rand, counter)


@given(
    st.sampled_from(KINDS),
    st.datetimes(datetime(2020, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)),
    st.binary(min_size=5, max_size=5),
    st.integers(0, 0xFFF),
)
def test_every_made_reference_is_one(
    kind: ids.ReferenceKind, now: datetime, rand: bytes, counter: int
) -> None:
    text = ids.make_reference(kind, now, rand, counter)
    assert len(text) == 36
    assert ids.is_reference(text)
    assert ids.is_reference(text, kind)
    assert not any(ids.is_reference(text, other) for other in KINDS if other != kind)
    assert f"{ids.crc8(text[:33]):02X}" == text[34:]
    stamp = int(text[12:22], 16)
    assert stamp & 0xFFF == counter
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert midnight + timedelta(milliseconds=stamp >> 12) == now.replace(
        microsecond=now.microsecond // 1000 * 1000
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20250625-SO-2C3E6C8000-B675CF5D68",
        "20250625-SO-2c3e6c8000-B675CF5D68-07",
        "20251325-SO-2C3E6C8000-B675CF5D68-07",
        "20250625-SO-2C3E6C8000-B675CF5D68-07\n",
        "2025٠625-SO-2C3E6C8000-B675CF5D68-07",
    ],
)
def test_what_is_no_reference_number(text: str) -> None:
    assert not ids.is_reference(text)


def test_a_reference_number_is_not_refused_for_its_checksum() -> None:
    assert ids.is_reference("20250625-SO-2C3E6C8000-B675CF5D68-08", "SO")


@given(st.integers())
def test_made_nips_are_nips_and_no_digit_may_change(seed: int) -> None:
    nip = ids.make_nip(Random(seed))
    assert ids.is_nip(nip)
    TypeAdapter(ids.Nip).validate_python(nip)
    for place in range(10):
        wrong = f"{nip[:place]}{(int(nip[place]) + 1) % 10}{nip[place + 1 :]}"
        assert not ids.is_nip(wrong)


@given(st.integers())
def test_made_pesels_are_pesels(seed: int) -> None:
    pesel = ids.make_pesel(Random(seed))
    assert ids.is_pesel(pesel)
    TypeAdapter(ids.Pesel).validate_python(pesel)
    assert not ids.is_pesel(f"{pesel[:10]}{(int(pesel[10]) + 1) % 10}")


def test_identities_are_repeatable_and_differ() -> None:
    assert ids.make_nip(Random(7)) == ids.make_nip(Random(7))
    assert len({ids.make_nip(Random(seed)) for seed in range(50)}) == 50


@pytest.mark.parametrize("nip", ["5265877635", "7762811692", "1111111111", "7352765225", "6824515772"])
def test_good_nips(nip: str) -> None:
    assert ids.is_nip(nip)


@pytest.mark.parametrize(
    ("nip", "by_pattern"),
    [
        ("5265877634", True),
        ("1234567890", True),  # the remainder is 10: no check digit fits
        ("5005877635", False),
        ("0265877635", False),
        ("526587763", False),
        ("52658776355", False),
        ("526-587-76-35", False),
        ("526587763٥", False),
        ("5265877635\n", False),
    ],
)
def test_bad_nips(nip: str, by_pattern: bool) -> None:
    assert not ids.is_nip(nip)
    assert ids.is_nip(nip, checksum=False) is by_pattern


@pytest.mark.parametrize(
    ("pesel", "good", "by_pattern"),
    [
        ("15062788702", True, True),
        ("15062788703", False, True),
        ("15132788702", False, False),
        ("1506278870", False, False),
    ],
)
def test_pesels(pesel: str, good: bool, by_pattern: bool) -> None:
    assert ids.is_pesel(pesel) is good
    assert ids.is_pesel(pesel, checksum=False) is by_pattern


def test_internal_id_has_a_check_digit_of_its_own() -> None:
    assert ids.internal_id_check("6824515772-1234") == 3
    assert ids.internal_id_check("68245157721234") == 3
    assert ids.is_internal_id("6824515772-12343")
    assert not ids.is_internal_id("6824515772-12344")
    assert ids.is_internal_id("6824515772-12344", checksum=False)
    assert not ids.is_internal_id("6824515773-12343", checksum=True)
    assert not ids.is_internal_id("6824515772-1234", checksum=False)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ids.PeppolId, "PPL000001", ["PPL00000", "pPL000001", "PPL00000٢"]),
        (ids.InternalId, "6824515772-12343", ["6824515772-1234", "6824515772_12343"]),
        (
            ids.NipVatUe,
            "5265877635-DE123456789",
            ["5265877635-DE12345678", "5265877635-XX123456789", "DE123456789"],
        ),
        (ids.NipVatUe, "5265877635-ATU12345678", ["5265877635-ATU1234567٨"]),
        (ids.ReferenceNumber, "20250625-SO-2C3E6C8000-B675CF5D68-07", ["20250625-SO"]),
        (ids.Challenge, "20250514-CR-226FB7B000-3ACF9BE4C0-10", ["x" * 37]),
    ],
)
def test_types_of_identifiers(kind: type[str], good: str, bad: list[str]) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(good) == good
    for text in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


def test_no_pattern_lets_foreign_digits_through() -> None:
    """`\\d` of the contract is 0-9; that of Python is every script's."""
    foreign = "٥٢٦٥٨٧٧٦٣٥"
    assert re.fullmatch(ids.NIP_PATTERN.replace("[1-9]", r"\d"), foreign)
    assert not ids.is_nip(foreign, checksum=False)
