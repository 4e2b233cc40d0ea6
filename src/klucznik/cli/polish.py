"""Click's own sentences in Polish; ours stand beside the English in the code (`lang.tr`)."""

from __future__ import annotations

import gettext

from klucznik.lang import language

_SENTENCES = {
    "Usage:": "Użycie:",
    "Options": "Opcje",
    "Commands": "Polecenia",
    "Show this message and exit.": "Pokaż tę pomoc i zakończ.",
    "Show the version and exit.": "Pokaż wersję i zakończ.",
    "%(prog)s, version %(version)s": "%(prog)s, wersja %(version)s",
    "Error: {message}": "Błąd: {message}",
    "Try '{command} {option}' for help.": "Pomoc: '{command} {option}'.",
    "No such option: {name}": "Nie ma opcji {name}",
    "No such option: {name!r}": "Nie ma opcji {name!r}",
    "No such command {name!r}.": "Nie ma polecenia {name!r}.",
    "Did you mean {possibility}?": "Może chodzi o {possibility}?",
    "Did you mean one of: {possibilities}?": "Może chodzi o: {possibilities}?",
    "Missing command.": "Brakuje polecenia.",
    "Missing argument": "Brakuje argumentu",
    "Missing option": "Brakuje opcji",
    "Invalid value: {message}": "Nieprawidłowa wartość: {message}",
    "Invalid value for {param_hint}: {message}": "Nieprawidłowa wartość {param_hint}: {message}",
    "{value!r} is not a valid {number_type}.": "{value!r} nie jest poprawną liczbą ({number_type}).",
    "{value!r} is not one of {choices}.": "{value!r} nie jest jedną z wartości: {choices}.",
    "{value!r} is not in the range {range}.": "{value!r} nie mieści się w zakresie {range}.",
    "{name} {filename!r} does not exist.": "{name} {filename!r} nie istnieje.",
    "{name} {filename!r} is a directory.": "{name} {filename!r} jest katalogiem.",
    "{name} {filename!r} is a file.": "{name} {filename!r} jest plikiem.",
    "File": "Plik",
    "Directory": "Katalog",
    "Path": "Ścieżka",
    "file": "plik",
    "directory": "katalog",
    "path": "ścieżka",
    "Option {name!r} requires an argument.": "Opcja {name!r} wymaga wartości.",
    "Got unexpected extra argument ({args})": "Nadmiarowy argument ({args})",
    "Got unexpected extra arguments ({args})": "Nadmiarowe argumenty ({args})",
    "required": "wymagane",
    "default: {default}": "domyślnie: {default}",
    "env var: {var}": "zmienna: {var}",
    "Aborted!": "Przerwano!",
    "Repeat for confirmation": "Powtórz",
    "Error: The two entered values do not match.": "Błąd: wpisane wartości różnią się.",
}


def _translate(message: str) -> str:
    return _SENTENCES.get(message, message)


def _translate_many(msgid1: str, msgid2: str, n: int) -> str:
    return _translate(msgid1 if n == 1 else msgid2)


def install() -> None:
    """Hand click Polish sentences when the person's language is Polish."""
    if language() == "pl":
        gettext.gettext = _translate
        gettext.ngettext = _translate_many
