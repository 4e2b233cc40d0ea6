"""Latarnia, the status service: what it announces is set on the management door. Rule: qr-offline.md 6.

The real one has a host of its own; here it lives under `/latarnia` of the API's address.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from klucznik.server.local import LocalKsef
from klucznik.server.render import Answer
from klucznik.server.store import keep_setting, setting
from klucznik.wire.base import wire_time

_SETTING: Final = "latarnia"

Status = Literal["AVAILABLE", "MAINTENANCE", "FAILURE", "TOTAL_FAILURE"]
Category = Literal["FAILURE", "TOTAL_FAILURE", "MAINTENANCE"]
Kind = Literal["FAILURE_START", "FAILURE_END", "MAINTENANCE_ANNOUNCEMENT"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Message(_Strict):
    """One announcement; `event_id` ties the start and the end of a failure together."""

    id: str
    event_id: int
    category: Category
    type: Kind
    title: str
    text: str
    start: AwareDatetime
    end: AwareDatetime | None = None
    version: Annotated[int, Field(ge=1)] = 1
    published: AwareDatetime

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """No client should be tried with what the real service never says."""
        if (self.category == "MAINTENANCE") != (self.type == "MAINTENANCE_ANNOUNCEMENT"):
            raise ValueError(f"{self.type} is no message of the category {self.category}")
        if self.type == "FAILURE_END" and self.end is None:
            raise ValueError("FAILURE_END has an end")
        if self.end is not None and self.end < self.start:
            raise ValueError("end lies before start")
        return self


class Announcements(_Strict):
    """What the service says: its status, and the messages."""

    status: Status = "AVAILABLE"
    messages: list[Message] = []


def shown(ksef: LocalKsef) -> dict[str, Any]:
    """Status and messages, as they travel; without messages, that property is left out."""
    kept = ksef.store.read(lambda db: setting(db, _SETTING))
    found = Announcements.model_validate_json(kept) if kept else Announcements()
    messages = [
        {
            **message.model_dump(by_alias=True),
            **{
                name: wire_time(value) if value else None
                for name, value in (
                    ("start", message.start),
                    ("end", message.end),
                    ("published", message.published),
                )
            },
        }
        for message in found.messages
    ]
    return {"status": found.status, **({"messages": messages} if messages else {})}


async def put(ksef: LocalKsef, announcements: Announcements) -> None:
    """Announce this from now on; a restart keeps it."""
    text = announcements.model_dump_json(by_alias=True)
    await ksef.store.write(lambda db: keep_setting(db, _SETTING, text))


def answer(ksef: LocalKsef, path: str) -> Answer | None:
    """GET /latarnia/status and /latarnia/messages; None for any other path."""
    found = shown(ksef)
    match path:
        case "/latarnia/status":
            body: Any = found
        case "/latarnia/messages":
            body = found.get("messages", [])
        case _:
            return None
    return Answer(200, json.dumps(body, ensure_ascii=False).encode())
