"""The verdict of the schema: at C speed, by libxml2, on a tree that `xml.parse` made.

The schema comes from our own description of the form (`xsd`), or from a folder of the Ministry's XSDs.
Nothing is ever loaded over the network. Rule: invoice-verification.md section 1, row 10.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lxml import etree

from klucznik.documents.model import Form
from klucznik.documents.xsd import COMMON_FILE, XSD, written
from klucznik.errors import Unreadable
from klucznik.lang import tr

_local: Final = threading.local()
#: From this many elements on a document is large.
_LARGE: Final = 5_000


def validator(form: Form, folder: Path | None = None) -> etree.XMLSchema:
    """The compiled schema of `form`, one for each thread: libxml2 keeps its error log in it.

    `folder` holds official XSDs, in any arrangement below it. Raises `Unreadable` when it holds none for
    the form, or one that does not compile.
    """
    kept: dict[tuple[Form, Path | None], etree.XMLSchema] = _local.__dict__.setdefault("kept", {})
    if (found := kept.get((form, folder))) is None:
        found = kept[form, folder] = _own(form) if folder is None else _official(form, folder)
    return found


def takes(judge: etree.XMLSchema, root: etree._Element) -> bool:
    """The verdict on a document.

    For each fault lxml works out the node's path, and counts its siblings for that: with tens of thousands
    of faults that is quadratic. A large document is therefore judged while it is parsed once more, where
    there are no nodes yet.
    """
    if not _large()(root):
        return judge(root)
    try:
        etree.fromstring(etree.tostring(root), etree.XMLParser(schema=judge, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return True


def _large() -> etree.XPath:
    """The question whether a document is large, compiled once for each thread."""
    if "large" not in _local.__dict__:
        _local.large = etree.XPath(f"count(//*) >= {_LARGE}")
    large: etree.XPath = _local.large
    return large


def complaints(judge: etree.XMLSchema) -> list[str]:
    """What libxml2 said of the last document that `judge` was asked about itself."""
    log: Any = judge.error_log  # iterable, whatever the stubs say
    return [entry.message for entry in log]


def _own(form: Form) -> etree.XMLSchema:
    if form.faktura is None:
        raise Unreadable(
            tr(
                f"there is no schema of {form.system_code} of ours",
                f"brak własnego schematu {form.system_code}",
            ),
            hint=tr("give a folder with the official one", "wskaż folder z urzędowym"),
        )
    schema, common = written(form)
    parser = _parser()
    parser.resolvers.add(_Files({COMMON_FILE: common}))
    return etree.XMLSchema(etree.fromstring(schema, parser))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, resolve_entities=False)


class _Files(etree.Resolver):
    """Answers for the files it was given, by name, wherever a schema says they are; for nothing else."""

    def __init__(self, files: Mapping[str, Path | bytes]) -> None:
        super().__init__()
        self.files = files
        self.missing: list[str] = []

    def resolve(self, system_url: str, public_id: str, *context: Any) -> Any:
        name = system_url.replace("\\", "/").rpartition("/")[2]
        if name not in self.files:
            self.missing.append(name)
            raise OSError(f"{system_url} is not among the schemas")
        found = self.files[name]
        text = found if isinstance(found, bytes) else found.read_bytes()
        return self.resolve_string(text, *context, base_url=system_url)


def _official(form: Form, folder: Path) -> etree.XMLSchema:
    if not folder.is_dir():
        raise Unreadable(tr(f"no such folder: {folder}", f"nie ma takiego folderu: {folder}"))
    files = {path.name: path for path in sorted(folder.rglob("*.xsd"))}
    if not files:
        raise Unreadable(tr(f"no .xsd file below {folder}", f"brak plików .xsd w folderze {folder}"))
    path = next((path for path in files.values() if _declares(path, form)), None)
    if path is None:
        raise Unreadable(
            tr(
                f"no schema of {form.system_code} ({form.namespace}) below {folder}",
                f"brak schematu {form.system_code} ({form.namespace}) w folderze {folder}",
            )
        )
    parser, resolver = _parser(), _Files(files)
    parser.resolvers.add(resolver)
    try:
        return etree.XMLSchema(etree.parse(path, parser))
    except (etree.LxmlError, OSError) as bad:
        if resolver.missing:
            absent = resolver.missing[0]
            raise Unreadable(
                tr(
                    f"{path.name} needs {absent}, which is not below {folder}",
                    f"{path.name} wymaga {absent}, a nie ma go w folderze {folder}",
                )
            ) from None
        raise Unreadable(
            tr(
                f"{path.name} cannot be used as a schema: {bad}",
                f"{path.name} nie nadaje się na schemat: {bad}",
            )
        ) from None


def _declares(path: Path, form: Form) -> bool:
    """Whether the file is the schema of this form. What cannot be read is none."""
    try:
        root = etree.parse(path, _parser()).getroot()
    except (etree.LxmlError, OSError):
        return False
    return (
        root.get("targetNamespace") == form.namespace
        and root.find(f"{XSD}element[@name='{form.root}']") is not None
    )
