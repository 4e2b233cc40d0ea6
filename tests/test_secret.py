"""A Secret is used, never shown: every accidental way out is tried here."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import operator
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from klucznik.secret import Secret

CANARY = "kanarek-7c1f"


@pytest.fixture
def secret() -> Secret:
    return Secret(CANARY)


def test_it_leaves_by_reveal_and_text_alone(secret: Secret) -> None:
    with secret.reveal() as plain:
        assert plain == CANARY.encode()
    assert secret.text() == CANARY
    assert Secret(b"\x00\xff") == Secret(bytearray(b"\x00\xff"))


def test_every_way_of_showing_it_shows_the_fingerprint(secret: Secret) -> None:
    shown = f"Secret(***{secret.fingerprint})"
    old_style, template = operator.mod("%s", secret), str.format("{}", secret)
    ways = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", old_style, template]
    assert ways == [shown] * len(ways)


@pytest.mark.parametrize(
    "way_out",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        list,
        len,
        bytes,
        bytearray,
        lambda s: s[0],
        lambda s: "k" in s,
        lambda s: [*s],
        lambda s: s + "x",
        lambda s: "".join(s),
        lambda s: s.__getstate__(),
        lambda s: s.__reduce__(),
        vars,
    ],
)
def test_it_is_not_copied_stored_or_iterated(secret: Secret, way_out: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as refused:
        way_out(secret)
    assert CANARY not in str(refused.value)


def test_a_log_a_dataclass_and_a_traceback_with_locals_do_not_show_it(
    secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    @dataclasses.dataclass
    class Held:
        ksef_token: Secret

    held = Held(secret)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("klucznik").debug("%s %r %s", secret, secret, held)
    try:
        _ = 1 / len(held.__dict__.keys() - {"ksef_token"})
    except ZeroDivisionError as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "Held" in told
    assert CANARY not in caplog.text + told + json.dumps({"s": secret}, default=str)
    with pytest.raises(TypeError):
        dataclasses.asdict(held)


def test_what_is_no_text_is_told_without_its_bytes() -> None:
    with pytest.raises(ValueError) as refused:
        Secret(b"kanarek\xff").text()
    error: BaseException | None = refused.value
    while error is not None:  # The bytes must not hang on a context or cause either.
        assert "kanarek" not in repr(error)
        assert not isinstance(error, UnicodeError)
        error = error.__context__ or error.__cause__


def test_lone_surrogates_are_told_without_the_text() -> None:
    with pytest.raises(ValueError) as refused:
        Secret("kanarek\ud800")
    assert "kanarek" not in repr(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("value", [5, None, 1.5, ["a"], Secret("a")])
def test_it_is_made_of_text_or_bytes(value: Any) -> None:
    with pytest.raises(TypeError):
        Secret(value)


def test_equality_truth_and_hash() -> None:
    assert Secret("a") == Secret(b"a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a")
    assert not Secret("")


def test_wiping_overwrites_the_memory_in_place(secret: Secret) -> None:
    with memoryview(secret._value) as memory:
        # A view pins the memory, so `clear` cannot let go of it and we can look at what is left.
        with pytest.raises(BufferError):
            secret.wipe()
        assert bytes(memory) == bytes(len(CANARY))
    secret.wipe()
    assert not secret
    assert secret.text() == ""


def test_it_is_wiped_when_nobody_holds_it() -> None:
    secret = Secret(CANARY)
    value = secret._value
    del secret
    assert value == b""
