"""Models keep what they declare: each is fed what its facts allow, then every way of breaking them.

`test_contract.py` compares declarations. A declaration may be hollow (a pattern published but not
checked); here the models themselves are asked.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from klucznik.wire import problems
from klucznik.wire.base import Model

OFFICIAL: dict[str, Any] = json.loads(
    Path(__file__).with_name("facts-2.9.0.json").read_text(encoding="utf-8")
)["schemas"]


def _subclasses(model: type[Model]) -> Iterator[type[Model]]:
    for below in model.__subclasses__():
        yield below
        yield from _subclasses(below)


#: Importing `problems` brings in the envelopes; `klucznik.wire` itself brings in all tags.
MODELS = {
    model.__name__: model
    for model in _subclasses(Model)
    if model.__module__.startswith("klucznik.wire.") and model.__name__ in OFFICIAL
}

#: One value that matches, and values that nearly do, for each pattern of the contract in use.
PATTERNS = {
    OFFICIAL["Nip"]["pattern"]: ("5265877635", ["0265877635", "5005877635", "52658７7635", "526587763A"]),
    OFFICIAL["Pesel"]["pattern"]: ("15062788702", ["15132788702", "1506278870٢", "1506278870X"]),
    OFFICIAL["KsefNumber"]["pattern"]: (
        "5265877635-20250826-0100001AF629-AF",
        [
            "5265877635-20251326-0100001AF629-AF",
            "5265877635-20250826-0100001af629-AF",
            "5265877635-20250826-0100001AF629-A٢",
            "5265877635-20250826-0100001AF629_AF",
        ],
    ),
}
_CERTIFICATE = OFFICIAL["CertificateListItem"]["properties"]["certificateSerialNumber"]
_ENROLLMENT = OFFICIAL["EnrollCertificateRequest"]["properties"]["certificateName"]
PATTERNS |= {
    _CERTIFICATE["pattern"]: (
        "0321C82DA41B4362",
        ["0321c82da41b4362", "0321C82DA41B436G", "0321C82DA41B436٢"],
    ),
    _ENROLLMENT["pattern"]: ("Źródło-1_a b", ["Name.pl", "Ümlaut", "tab\tbed", "a  b\u00a0c", "cyfra ٢"]),
}
PATTERNS[OFFICIAL["PeppolId"]["pattern"]] = ("PPL123456", ["PP1123456", "XPL123456", "PPL12345٢"])
_VAT_UE = OFFICIAL["EuEntityPermissionsQueryRequest"]["properties"]["vatUeIdentifier"]["pattern"]
PATTERNS[_VAT_UE] = ("DE123456789", ["DE12345678", "XX123456789", "DE12345678٢", "de123456789"])
_ADDRESSES = OFFICIAL["AllowedIps"]["properties"]
PATTERNS |= {
    _ADDRESSES["ip4Addresses"]["items"]["pattern"]: (
        "10.0.0.1",
        ["10.0.0.256", "10.0.0", "10.0.0.01", "١.0.0.1"],
    ),
    _ADDRESSES["ip4Ranges"]["items"]["pattern"]: (
        "10.0.0.1-10.0.0.9",
        ["10.0.0.1–10.0.0.9", "10.0.0.1", "10.0.0.1-"],
    ),
    _ADDRESSES["ip4Masks"]["items"]["pattern"]: ("10.0.0.0/8", ["10.0.0.0/33", "10.0.0.0/08", "10.0.0.0"]),
}

FORMATS = {
    "date-time": ("2025-07-11T12:23:56.0154300+00:00", ["yesterday", "2025-13-01T00:00:00Z"]),
    "date": ("2025-07-11", ["2025-02-30", "11.07.2025"]),
    "uri": ("https://example.test/upo.xml", []),
    "byte": ("AAAA", ["AA", "A A A A", "AA-_", "AAAA\n", "żółw"]),
}
HASH = b64encode(bytes(range(32))).decode()


def resolve(facts: dict[str, Any]) -> dict[str, Any]:
    return OFFICIAL[facts["ref"]] | {"nullable": facts.get("nullable", False)} if "ref" in facts else facts


def sample(facts: dict[str, Any]) -> Any:
    """A value that the facts allow, with every property present."""
    facts = resolve(facts)
    if "enum" in facts:
        return facts["enum"][0]
    match facts.get("type"):
        case "string" if "pattern" in facts:
            return PATTERNS[facts["pattern"]][0]
        case "string" if facts.get("minLength") == 44:
            return HASH
        case "string" if "format" in facts:
            return FORMATS[facts["format"]][0]
        case "string":
            return "x" * max(facts.get("minLength", 1), 1)
        case "integer":
            return facts.get("minimum", 1) + facts.get("exclusiveMinimum", False)
        case "number":
            return 43370.57
        case "boolean":
            return True
        case "array":
            return [sample(facts["items"])] * facts.get("minItems", 1)
        case "object" if "properties" in facts:
            return {name: sample(part) for name, part in facts["properties"].items()}
        case "object":
            return {"key": "value"}
        case unknown:
            raise AssertionError(f"no sample for {unknown}: {facts}")


def spoiled(facts: dict[str, Any]) -> Iterator[Any]:
    """Values that the facts forbid, one fault each."""
    facts = resolve(facts)
    match facts["type"]:
        case "string":
            yield 5
            if "enum" in facts:
                yield "Nothing of the kind"
                return
            if "minLength" in facts:
                yield sample(facts)[: facts["minLength"] - 1]
            if "maxLength" in facts:
                yield "x" * (facts["maxLength"] + 1)
            if "pattern" in facts:
                yield from PATTERNS[facts["pattern"]][1]
                yield sample(facts) + "\n"
            if "format" in facts:
                yield from FORMATS[facts["format"]][1]
        case "integer":
            yield "5"
            yield 1.5
            yield True
            if "minimum" in facts:
                yield facts["minimum"] - (not facts.get("exclusiveMinimum"))
            if "format" in facts:
                yield 2**31 if facts["format"] == "int32" else 2**63
        case "number":
            yield "43370.57"
            yield True
        case "boolean":
            yield "true"
            yield 1
        case "array":
            yield {}
            yield from ([spoilt] for spoilt in spoiled(facts["items"]))
            if "minItems" in facts:
                yield [sample(facts["items"])] * (facts["minItems"] - 1)
            if "maxItems" in facts:
                yield [sample(facts["items"])] * (facts["maxItems"] + 1)
            if "minItems" in facts:
                yield [sample(facts["items"])] * (facts["minItems"] - 1)
            if "maximum" in facts:  # the contract's way to bound the length, see AllowedIps
                yield [sample(facts["items"])] * (facts["maximum"] + 1)
        case "object" if "properties" in facts:
            yield []
            whole = sample(facts)
            for name in facts.get("required", []):
                yield {key: value for key, value in whole.items() if key != name}
            for name, part in facts["properties"].items():
                if not resolve(part).get("nullable"):
                    yield whole | {name: None}
                yield from (whole | {name: spoilt} for spoilt in spoiled(part))
        case "object":
            yield []


def test_every_built_model_is_asked() -> None:
    assert len(MODELS) > 60
    assert problems.ForbiddenProblemDetails in MODELS.values()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_takes_what_the_contract_allows_and_gives_it_back(name: str) -> None:
    whole = sample(OFFICIAL[name])
    given = MODELS[name].parse(json.dumps(whole)).json_bytes()
    # The old envelope of HTTP 400 writes the same instant with Z.
    assert json.loads(given.replace(b'00Z"', b'00+00:00"')) == whole


@pytest.mark.parametrize("name", sorted(MODELS))
def test_takes_the_least_the_contract_allows(name: str) -> None:
    facts = OFFICIAL[name]
    whole = sample(facts)
    least = {key: whole[key] for key in facts.get("required", [])}
    read = MODELS[name].parse(json.dumps(least))
    given_back = json.loads(read.json_bytes())
    defaults = {key: part["default"] for key, part in facts["properties"].items() if "default" in part}
    assert given_back == defaults | least
    nulls = {key: None for key, part in facts["properties"].items() if resolve(part).get("nullable")}
    assert MODELS[name].parse(json.dumps(whole | nulls)) is not None


@pytest.mark.parametrize("name", sorted(MODELS))
def test_refuses_every_single_fault(name: str) -> None:
    accepted = []
    for spoilt in spoiled(OFFICIAL[name]):
        try:
            MODELS[name].parse(json.dumps(spoilt))
        except ValidationError:
            continue
        accepted.append(spoilt)
    assert not accepted


@pytest.mark.parametrize("name", sorted(MODELS))
def test_ignores_what_it_does_not_know(name: str) -> None:
    whole = sample(OFFICIAL[name])
    assert MODELS[name].parse(json.dumps(whole | {"addedLater": {"a": 1}})) == MODELS[name].parse(
        json.dumps(whole)
    )


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_refusal_never_repeats_the_input(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MODELS[name].parse('["a-secret-pasted-in-the-wrong-place"]')
    assert "a-secret" not in str(refused.value)
