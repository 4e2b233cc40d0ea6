"""What every wire model shares: names, strictness, and the scalar types of the contract."""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from contextvars import ContextVar
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    RootModel,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from klucznik.secret import Secret

#: How an instant begins, and how a day is written.
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _camel(name: str) -> str:
    """JSON name of a field: camelCase, a trailing underscore (Python keyword) dropped."""
    return to_camel(name.rstrip("_"))


def _refuse_nan(body: bytes | str, title: str) -> None:
    """NaN and the infinities are not JSON, yet pydantic reads them, and in ignored properties keeps quiet.

    The names are rare enough to search for; only a body that has one of them is parsed twice.
    """
    found = any(
        (name in body) if isinstance(body, str) else (name.encode() in body) for name in ("NaN", "Infinity")
    )
    if not found:
        return
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as fault:
        raise ValidationError.from_exception_data(
            title,
            [InitErrorDetails(type="json_invalid", ctx={"error": str(fault)}, input="")],
            input_type="json",
            hide_input=True,
        ) from None


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
        _refuse_nan(body, cls.__name__)
        return cls.model_validate_json(body)

    def json_bytes(self) -> bytes:
        """The object as it travels: wire names, absent values left out."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)


T = TypeVar("T")


class ListModel(RootModel[list[T]], Generic[T]):
    """An answer that is a bare JSON array; strict and silent about its input, like `Model`."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    @classmethod
    def parse(cls, body: bytes | str) -> Self:
        """Read JSON; raises `pydantic.ValidationError`."""
        _refuse_nan(body, cls.__name__)
        return cls.model_validate_json(body)

    def json_bytes(self) -> bytes:
        """The array as it travels: wire names, absent values left out."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)


#: Set while a client reads an answer: a new member of an enumeration breaks nothing (auth.md section 8).
tolerant: ContextVar[bool] = ContextVar("tolerant", default=False)


class WireEnum(StrEnum):
    """An enumeration of the contract; read without regard to case, written canonically."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):  # null must not be read as the member "None"
            return None
        folded = value.lower()
        known = next((member for member in cls if member.value.lower() == folded), None)
        return cls._unheard_of(value) if known is None and tolerant.get() else known

    @classmethod
    def _unheard_of(cls, value: str) -> Self:
        """A value that a newer KSeF has added, as a member by itself."""
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member


def _decode_base64(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a Base64 string")
    try:
        # Python 3.11 passes over missing padding after one "=": "QUJD=" would be "QUJD".
        if len(value) % 4:
            raise ValueError("is not valid Base64")
        return binascii.a2b_base64(value.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("is not valid Base64") from None


def _check_hash(value: str) -> str:
    if len(_decode_base64(value)) != 32:
        raise ValueError("is not the Base64 of 32 bytes")
    return value


def _written_as_instant(value: Any) -> Any:
    """An instant, or text that begins as RFC 3339 has it: pydantic reads "5" too, as five seconds into 1970.

    What was looked at here is text to pydantic's strict mode, no longer JSON: hence `strict=False` beside it.
    """
    if not isinstance(value, datetime) and not (isinstance(value, str) and _INSTANT.match(value)):
        raise PydanticCustomError(
            "datetime_parsing", "Input should be a valid datetime, as RFC 3339 writes it"
        )
    return value


def _written_as_day(value: Any) -> Any:
    """The same for a day, which has no time beside it."""
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    if not is_day and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise PydanticCustomError("date_parsing", "Input should be a valid date in the format YYYY-MM-DD")
    return value


def _as_utc(value: datetime) -> datetime:
    """A date-time without an offset is read as Polish local time (query-export.md section 1)."""
    if value.tzinfo is None:
        from klucznik.clock import WARSAW

        value = value.replace(tzinfo=WARSAW)
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the last hours of the year 9999, the first of the year 1
        raise ValueError("is out of range") from None


def wire_time(value: datetime) -> str:
    """UTC with seven fraction digits and `+00:00`, as KSeF writes instants (sessions.md section 8)."""
    value = value.astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond:06d}0+00:00"


def _wire_time_z(value: datetime) -> str:
    return wire_time(value).removesuffix("+00:00") + "Z"


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number")
    return Decimal(repr(value))


def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("may be left out, but not be null")
    return value


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
    Field(min_length=44, max_length=44, json_schema_extra={"format": "byte", "x-schema": "Sha256HashBase64"}),
    AfterValidator(_check_hash),
]

#: Base64 of the SHA-256 of a public key (SPKI): the same 44 characters, to which the contract gives no name.
PublicKeyId = Annotated[
    str,
    Field(min_length=44, max_length=44, json_schema_extra={"format": "byte"}),
    AfterValidator(_check_hash),
]

#: `format: date-time`; aware, in UTC.
Timestamp = Annotated[
    datetime,
    Field(strict=False),
    BeforeValidator(_written_as_instant),
    AfterValidator(_as_utc),
    PlainSerializer(wire_time, return_type=str, when_used="json"),
]

#: The same, written with `Z`: the one instant inside the old envelope of HTTP 400 (auth.md section 4).
TimestampZ = Annotated[Timestamp, PlainSerializer(_wire_time_z, return_type=str, when_used="json")]

#: `format: date`.
Day = Annotated[date, Field(strict=False), BeforeValidator(_written_as_day)]

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

#: A property that may be absent but never null (the contract: not required, not nullable). Its default
#: is None and stands for "absent"; `json_bytes` leaves it out.
MayOmit = Annotated[
    T | None,
    AfterValidator(_not_null),
    Field(json_schema_extra={"x-not-null": True}),
]
