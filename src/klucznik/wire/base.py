"""What every wire model shares: names, strictness, and the scalar types of the contract."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from klucznik.secret import Secret


def _camel(name: str) -> str:
    """JSON name of a field: camelCase, a trailing underscore (Python keyword) dropped."""
    return to_camel(name.rstrip("_"))


class Model(BaseModel):
    """A JSON object of the contract: class name = schema name, fields in snake_case.

    Strict (no "5" for 5), unknown properties ignored (auth.md section 8), and an error never
    repeats the input, which may be a secret.
    """

    model_config = ConfigDict(
        alias_generator=_camel,
        populate_by_name=True,
        strict=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        ser_json_inf_nan="constants",
        allow_inf_nan=False,
    )

    @classmethod
    def parse(cls, body: bytes | str) -> Self:
        """Read JSON; raises `pydantic.ValidationError`."""
        return cls.model_validate_json(body)

    def json_bytes(self) -> bytes:
        """The object as it travels: wire names, absent values left out."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)


class WireEnum(StrEnum):
    """An enumeration of the contract; read without regard to case, written canonically."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        folded = str(value).lower()
        return next((member for member in cls if member.value.lower() == folded), None)


def _decode_base64(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a Base64 string")
    try:
        return binascii.a2b_base64(value.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("is not valid Base64") from None


def _check_base64(value: str) -> str:
    try:
        b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not valid Base64") from None
    return value


def _as_utc(value: datetime) -> datetime:
    """A date-time without an offset is read as Polish local time (query-export.md section 1)."""
    if value.tzinfo is None:
        from klucznik.clock import WARSAW

        value = value.replace(tzinfo=WARSAW)
    return value.astimezone(UTC)


def wire_time(value: datetime) -> str:
    """UTC with seven fraction digits and `+00:00`, as KSeF writes instants (sessions.md section 8)."""
    value = value.astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond:06d}0+00:00"


def _decimal(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return Secret(value)


#: Bytes that travel as standard Base64 (`format: byte`); whitespace, URL alphabet and bad padding refused.
Base64Bytes = Annotated[
    bytes,
    PlainValidator(_decode_base64),
    PlainSerializer(lambda v: b64encode(v).decode(), return_type=str),
    WithJsonSchema({"type": "string", "format": "byte"}),
]

#: Base64 kept as text: `Sha256HashBase64` of the contract, 44 characters for 32 bytes.
Sha256HashBase64 = Annotated[
    str,
    Field(min_length=44, max_length=44, json_schema_extra={"format": "byte"}),
    AfterValidator(_check_base64),
]

#: `format: date-time`; aware, in UTC.
Timestamp = Annotated[
    datetime,
    AfterValidator(_as_utc),
    PlainSerializer(wire_time, return_type=str, when_used="json"),
]

#: `format: date`.
Day = date

#: `type: number, format: double`, read and computed as Decimal.
Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "format": "double"}),
]

#: A string that is a secret from the moment it is read.
SecretText = Annotated[
    Secret,
    PlainValidator(_secret),
    PlainSerializer(lambda v: v.text(), return_type=str),
    WithJsonSchema({"type": "string"}),
]

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31, json_schema_extra={"format": "int32"})]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63, json_schema_extra={"format": "int64"})]
