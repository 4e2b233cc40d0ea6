"""Every refusal people commonly meet has words that say what to do."""

from __future__ import annotations

import pytest

from klucznik.client import hints
from klucznik.wire import codes


@pytest.mark.parametrize(
    "code",
    [21111, 21115, 21155, 21165, 21173, 21180, 21182, 21184, 21301, 21304, 21470, 26001, 26002, 9105],
)
def test_common_codes_have_a_hint(code: int) -> None:
    assert hints.of_code(code)
    assert code in codes.CODES


def test_a_revoked_token_is_told_from_other_reasons_of_21301() -> None:
    revoked = hints.of_code(21301, [codes.KSEF_TOKEN_REVOKED])
    assert "klucznik token put" in revoked
    assert revoked != hints.of_code(21301, ["Status uwierzytelniania (415) nie pozwala…"])


def test_only_what_passes_by_itself_is_repeated() -> None:
    assert {c for c in codes.CODES if hints.again_for(c) == "later"} == {21165, 21182, 21184}


@pytest.mark.parametrize(
    "details",
    [
        "Token unieważniony",
        "Token nieaktywny",
        "Nieprawidłowe kodowanie tokena",
        f"Token nie może być użyty w kontekście {'5265877635'}",
        "Nieprawidłowy czas tokena",
        "Nieprawidłowe wyzwanie autoryzacyjne",
        "Nieprawidłowy token",
        "Nieprawidłowe szyfrowanie tokena",
    ],
)
def test_every_detail_of_450_has_a_hint(details: str) -> None:
    assert hints.of_login(450, [details])


def test_the_details_of_450_do_not_share_one_answer() -> None:
    said = {
        hints.of_login(450, [d])
        for d in ("Token unieważniony", "Token nieaktywny", "Nieprawidłowe kodowanie tokena", "kontekście")
    }
    assert len(said) == 4


@pytest.mark.parametrize("code", [415, 425, 460, 480, 500, 550])
def test_failed_logins_have_a_hint(code: int) -> None:
    assert hints.of_login(code, [])


def test_the_dead_and_the_unknown_get_no_invented_advice() -> None:
    assert hints.of_login(470, []) == ""
    assert hints.of_code(99999) == ""


def test_what_became_of_an_invoice_has_a_hint_where_something_is_to_be_done() -> None:
    for code in (410, 415, 430, 450):
        assert hints.of_result("refused", code, [])
    attachments = "Sprzedawca 1 nie posiada zgody do wysyłania faktur z załącznikami"
    assert hints.of_result("refused", 410, [attachments]) != hints.of_result("refused", 410, [])
    assert hints.of_result("conflict", 440, [])
    assert hints.of_result("accepted", 200, []) == hints.of_result("refused", 435, []) == ""


def test_vat_ue_rights_come_from_elsewhere() -> None:
    assert "VatUeManage" in hints.of_missing_permissions(["VatUeManage"], [])
    assert "CredentialsManage" not in hints.of_missing_permissions(["VatUeManage"], [])
