"""Schemas from a folder: found wherever they lie in it, and a clear word when they cannot be used."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from klucznik.documents import samples, schema, xml
from klucznik.documents.forms import FA2, FA3, FA_RR1, FORMS, PEF3, Form
from klucznik.documents.xsd import written
from klucznik.errors import Unreadable

ANIA, BIURO = "5265877635", "1111111111"
DAY, NOW = date(2026, 7, 1), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FA = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW)


def lay(folder: Path, form: Form, *, shared: bool = True) -> Path:
    """Our own schema of a form, as files: whoever has no official ones can still use the folder."""
    (folder / "forms").mkdir(parents=True)
    own, common = written(form)
    (folder / "forms" / "form.xsd").write_bytes(own)
    if shared:
        (folder / "shared").mkdir()
        (folder / "shared" / "common.xsd").write_bytes(common)
    return folder


@pytest.mark.parametrize("form", [FA3, FA2, FA_RR1], ids=lambda form: form.system_code)
def test_schemas_are_found_wherever_they_lie(form: Form, tmp_path: Path) -> None:
    judge = schema.validator(form, lay(tmp_path, form))
    assert schema.takes(judge, xml.parse(FA)) == (form is FA3)


def test_a_schema_is_compiled_once_for_each_folder(tmp_path: Path) -> None:
    one, two = lay(tmp_path / "one", FA3), lay(tmp_path / "two", FA3)
    assert schema.validator(FA3, one) is schema.validator(FA3, one)
    assert schema.validator(FA3, one) is not schema.validator(FA3, two)
    assert schema.validator(FA3) is schema.validator(FA3, None)


def refusal(form: Form, folder: Path) -> str:
    with pytest.raises(Unreadable) as refused:
        schema.validator(form, folder)
    return str(refused.value)


def test_no_such_folder(tmp_path: Path) -> None:
    assert refusal(FA3, tmp_path / "nowhere") == f"no such folder: {tmp_path / 'nowhere'}"
    (tmp_path / "file.xsd").write_bytes(b"")
    assert refusal(FA3, tmp_path / "file.xsd").startswith("no such folder: ")


def test_a_folder_without_schemas(tmp_path: Path) -> None:
    assert refusal(FA3, tmp_path) == f"no .xsd file below {tmp_path}"


def test_a_folder_without_the_form(tmp_path: Path) -> None:
    told = refusal(FA2, lay(tmp_path, FA3))
    assert told == f"no schema of FA (2) ({FA2.namespace}) below {tmp_path}"


def test_a_broken_schema_is_named(tmp_path: Path) -> None:
    lay(tmp_path, FA3)
    own = tmp_path / "forms" / "form.xsd"
    own.write_bytes(own.read_bytes().replace(b'type="t:TNaglowek"', b'type="t:Nieznany"'))
    told = refusal(FA3, tmp_path)
    assert told.startswith("form.xsd cannot be used as a schema: ")
    assert "Nieznany" in told


def test_what_is_no_xml_does_not_hide_what_is(tmp_path: Path) -> None:
    lay(tmp_path, FA3)
    (tmp_path / "a.xsd").write_bytes(b"<xs:schema")
    assert schema.takes(schema.validator(FA3, tmp_path), xml.parse(FA))


def test_shared_definitions_that_are_not_there_are_named(tmp_path: Path) -> None:
    told = refusal(FA3, lay(tmp_path, FA3, shared=False))
    assert told == f"form.xsd needs common.xsd, which is not below {tmp_path}"


def test_pef_has_no_schema_of_ours() -> None:
    for form in FORMS.values():
        if form.faktura is None:
            with pytest.raises(Unreadable):
                schema.validator(form)
    assert "PEF (3)" in PEF3.system_code


@pytest.mark.parametrize("lines", [10, 5_000])
def test_large_documents_get_the_same_verdict(lines: int) -> None:
    at, end = FA.index(b"<FaWiersz>"), FA.rindex(b"</FaWiersz>") + len(b"</FaWiersz>")
    line = b"<FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>a</P_7></FaWiersz>"
    good = FA[:at] + line * lines + FA[end:]
    bad = good[:-200].replace(b"<P_7>a</P_7>", b"<P_7></P_7>") + good[-200:]
    judge = schema.validator(FA3)
    assert schema.takes(judge, xml.parse(good))
    assert not schema.takes(judge, xml.parse(bad))
