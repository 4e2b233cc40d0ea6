"""AuthTokenRequest: built, read, refused; and the same verdict as the official 2.1 schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from lxml import etree

from klucznik.crypto import authority, xades
from klucznik.documents.auth_request import AuthTokenRequest, SchemaFault, read

CHALLENGE = "20251010-CR-2C3E6C8000-47C899773E-5C"
NS = "http://ksef.mf.gov.pl/auth/token/2.1"
PLAIN = AuthTokenRequest(CHALLENGE, "Nip", "5265877635")
FULL = AuthTokenRequest(
    CHALLENGE,
    "NipVatUe",
    "5265877635-ATU12345678",
    "certificateFingerprint",
    ip4_addresses=("10.0.0.1", "255.255.255.255"),
    ip4_ranges=("10.0.0.1-10.0.0.9",),
    ip4_masks=("10.0.0.0/8", "0.0.0.0/0"),
    version="2.0",
)


def test_the_simple_form() -> None:
    assert (
        PLAIN.to_xml()
        == (
            f'<AuthTokenRequest xmlns="{NS}"><Challenge>{CHALLENGE}</Challenge><ContextIdentifier>'
            "<Nip>5265877635</Nip></ContextIdentifier><SubjectIdentifierType>certificateSubject"
            "</SubjectIdentifierType></AuthTokenRequest>"
        ).encode()
    )


@pytest.mark.parametrize(
    "request_", [PLAIN, FULL, replace(FULL, version="2.1"), replace(FULL, ip4_ranges=())]
)
def test_what_is_built_is_read_back(request_: AuthTokenRequest) -> None:
    assert read(request_.to_xml()) == request_


def test_a_declaration_blanks_and_a_mark_do_not_matter() -> None:
    text = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<x:AuthTokenRequest xmlns:x="' + NS + '">\n'
        f"  <x:Challenge>\n\t{CHALLENGE} </x:Challenge>\n  <x:ContextIdentifier>\n<x:Nip>5265877635</x:Nip>"
        "</x:ContextIdentifier><x:SubjectIdentifierType> certificateSubject </x:SubjectIdentifierType>\n"
        "</x:AuthTokenRequest>\n"
    )
    assert read(text.encode()) == PLAIN


@pytest.mark.parametrize("form", ["enveloped", "enveloping"])
def test_the_element_a_signature_was_verified_over_is_read(form: str) -> None:
    now = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    ania = authority.person("Ania", "Zmyślona", now=now, nip="5265877635")
    if form == "enveloped":
        signed = xades.sign(FULL.to_xml(), ania, signing_time=now, form="enveloped")
        assert read(signed) == FULL  # the signature inside the root is passed over
    else:
        signed = xades.sign(FULL.to_xml(), ania, signing_time=now, form="enveloping")
    verified = xades.verify(signed, expect_root=["{http://ksef.mf.gov.pl/auth/token/2.0}AuthTokenRequest"])
    assert read(verified.document) == FULL


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"challenge": "20251010-CR-2c3e6c8000-47C899773E-5C"}, "Challenge' element is invalid"),
        ({"challenge": ""}, "Challenge' element is invalid"),
        ({"context_value": " 5265877635"}, ":TNIP' - The Pattern constraint failed."),
        ({"context_value": "5265877635\n"}, ":TNIP'"),
        ({"context_value": "٥٢٦٥٨٧٧٦٣٥"}, ":TNIP'"),
        ({"context_type": "InternalId", "context_value": "5265877635-1234"}, ":TIID'"),
        ({"context_type": "NipVatUe", "context_value": "5265877635-DE123456789012"}, ":TNipVatUE'"),
        ({"context_type": "NipVatUe", "context_value": "5265877635-GR123456789"}, ":TNipVatUE'"),
        ({"context_type": "PeppolId", "context_value": "PPL12345"}, ":TPeppolId'"),
        ({"context_type": "Pesel"}, "has invalid child element 'Pesel'"),
        ({"subject_type": "certificate"}, "The Enumeration constraint failed."),
        ({"ip4_addresses": ("010.0.0.1",)}, "Ip4Address' element is invalid"),
        ({"ip4_addresses": ("256.0.0.1",)}, "Ip4Address"),
        ({"ip4_addresses": ("1.1.1",)}, "Ip4Address"),
        ({"ip4_addresses": ("1.1.1.1.",)}, "Ip4Address"),
        ({"ip4_ranges": ("1.1.1.1",)}, "Ip4Range"),
        ({"ip4_masks": ("1.1.1.1/33",)}, "Ip4Mask"),
        ({"ip4_masks": ("1.1.1.1/08",)}, "Ip4Mask"),
        ({"ip4_masks": ("1.1.1.1",)}, "Ip4Mask"),
        ({"ip4_addresses": ("1.1.1.1",) * 11}, "invalid child element 'Ip4Address'"),
        ({"ip4_ranges": ("1.1.1.1-1.1.1.2",) * 11}, "invalid child element 'Ip4Range'"),
        ({"ip4_masks": ("1.1.1.1/1",) * 11}, "invalid child element 'Ip4Mask'"),
        ({"version": "2.2"}, "AuthTokenRequest' element is not declared."),
    ],
)
def test_bad_values_are_refused_when_built(change: dict[str, Any], part: str) -> None:
    with pytest.raises(SchemaFault) as fault:
        replace(PLAIN, **change).to_xml()
    assert part in fault.value.text


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("<Challenge>", "<Inne/><Challenge>", "invalid child element 'Inne'"),
        ("<Nip>", "<Nip>5265877635</Nip><Nip>", "invalid child element 'Nip'"),
        ("<Nip>5265877635</Nip>", "", "has incomplete content."),
        ("<Nip>5265877635</Nip>", "<Nip><b/>5265877635</Nip>", "cannot contain child element 'b'"),
        ("<Challenge>", "słowo<Challenge>", "cannot contain text."),
        ("</AuthTokenRequest>", "<AuthorizationPolicy/></AuthTokenRequest>", "expected: 'AllowedIps'"),
        ("<Nip>", '<Nip a="1">', "The 'a' attribute is not declared."),
        ("<ContextIdentifier>", '<ContextIdentifier Id="x">', "The 'Id' attribute is not declared."),
        ("AuthTokenRequest", "AuthTokenReply", "AuthTokenReply' element is not declared."),
        (f' xmlns="{NS}"', "", "The 'AuthTokenRequest' element is not declared."),
    ],
)
def test_bad_structure_is_refused(old: str, new: str, part: str) -> None:
    with pytest.raises(SchemaFault) as fault:
        read(PLAIN.to_xml().decode().replace(old, new).encode())
    assert part in fault.value.text


def test_a_comment_left_in_a_tree_is_refused() -> None:
    tree = etree.fromstring(PLAIN.to_xml().replace(b"526", b"526<!-- -->"))
    with pytest.raises(SchemaFault):
        read(tree)
    tree = etree.fromstring(PLAIN.to_xml().replace(b"<Challenge>", b"<!-- --><Challenge>"))
    with pytest.raises(SchemaFault):
        read(tree)


def test_an_empty_list_of_addresses_limits_nothing() -> None:
    policy = b"<AuthorizationPolicy><AllowedIps/></AuthorizationPolicy></AuthTokenRequest>"
    assert read(PLAIN.to_xml().replace(b"</AuthTokenRequest>", policy)) == PLAIN


def without_anchors(text: str) -> str:
    """The official file writes `^` and `$`, which are characters like others in XSD."""
    return re.sub(r'(<xsd:pattern value=")\^?(.*?)\$?("/>)', r"\1\2\3", text)


PIECES = [
    "", " ", "\n", "0", "1", "9", "33", "255", "256", "010", ".", "-", "/", "P", "PL", "DE", "ATU", "XI",
    "GD", "A", "5265877635", "123456789", "12345", "1.1.1.1", "PPL123456", "EL", "x",
]  # fmt: skip


def test_the_verdict_is_that_of_the_official_schema(
    official_schema: Callable[[str, Callable[[str], str]], etree.XMLSchema],
) -> None:
    schema = official_schema("auth/schemat_auth_v2-1.xsd", without_anchors)
    rand, verdicts = Random(20260701), [0, 0]
    base = [
        replace(FULL, version="2.1"),
        PLAIN,
        replace(
            PLAIN, context_type="InternalId", context_value="5265877635-12345", ip4_masks=("1.1.1.1/32",)
        ),
        replace(PLAIN, context_type="PeppolId", context_value="PPL123456", ip4_addresses=("1.1.1.1",) * 10),
    ]
    for _ in range(6000):
        tree = etree.fromstring(rand.choice(base).to_xml())
        node = rand.choice(list(tree.iter()))
        match rand.randrange(6):
            case 0 | 1 if not len(node):
                text = node.text or ""
                cut = rand.randrange(len(text) + 1)
                node.text = text[:cut] + rand.choice(PIECES) + text[cut + rand.randrange(3) :]
            case 2 if not len(node):
                node.text = "".join(rand.choices(PIECES, k=3))
            case 3:
                node.append(etree.fromstring(etree.tostring(rand.choice(list(tree.iter())))))
            case 4:
                children = list(node)
                rand.shuffle(children)
                node[:] = children
            case _:
                for child in list(node)[rand.randrange(3) :]:
                    node.remove(child)
        try:
            read(etree.tostring(tree))
            taken = True
        except SchemaFault:
            taken = False
        assert taken == schema.validate(tree), (etree.tostring(tree), schema.error_log)
        verdicts[taken] += 1
    assert min(verdicts) > 500


COUNTRIES = (
    "ATU12345678 BE0123456789 BG123456789 BG1234567890 CY12345678A CZ12345678 CZ1234567890 DE123456789"
    " DK12345678 EE123456789 EL123456789 ESA12345678 ES12345678A ESA1234567A FI12345678 FRAB123456789"
    " HR12345678901 HU12345678 IE1234567AB IE1+12345A IT12345678901 LT123456789 LT123456789012 LU12345678"
    " LV12345678901 MT12345678 NLABC+*1234567 PT123456789 RO12 RO1234567890 SE123456789012 SI12345678"
    " SK1234567890 XI123456789 XI123456789012 XIGD123 XIHA123"
)


@pytest.mark.parametrize("number", COUNTRIES.split())
def test_every_country_of_the_list(number: str) -> None:
    request = replace(PLAIN, context_type="NipVatUe", context_value=f"5265877635-{number}")
    assert read(request.to_xml()) == request
    for wrong in (f"{number}AA", f"x{number}", number.lower(), number[2:], f"{number}\n"):
        with pytest.raises(SchemaFault):
            replace(request, context_value=f"5265877635-{wrong}").to_xml()
