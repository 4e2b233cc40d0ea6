"""The client under test, its network replaced by `FakeKsef` and its clock moved by its own waiting."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from klucznik.client.credentials import Credentials, Jwt
from klucznik.client.ksef import Ksef
from klucznik.secret import Secret

from .fake_ksef import BASE, NOON, FakeKsef


@pytest.fixture
def fake() -> FakeKsef:
    return FakeKsef()


@pytest.fixture
def ksef(fake: FakeKsef) -> Ksef:
    """Logged in already."""
    return client_of(fake)


def client_of(fake: FakeKsef, *, logged_in: bool = True) -> Ksef:
    credentials = Credentials()
    if logged_in:
        credentials.access_token = Jwt(Secret("access-1"), NOON + timedelta(minutes=15))
        credentials.refresh_token = Jwt(Secret("refresh"), NOON + timedelta(days=7))
    return Ksef(
        BASE,
        http=httpx2.Client(transport=fake.transport()),
        credentials=credentials,
        clock=fake.clock,
        sleep=fake.sleep,
        jitter=lambda: 0.0,
    )
