"""What is said of a pasted token: by code, seen in English and Polish, next step in English and Polish."""

from __future__ import annotations

from typing import Final

_COPY: Final = (
    "Copy the whole token once more, with the copy button; where that is no longer possible, "
    "generate a new one.",
    "Skopiuj cały token jeszcze raz, przyciskiem kopiowania; jeśli to już niemożliwe, wygeneruj nowy.",
)
_NEW: Final = (
    "Generate a new token in the portal, then revoke this one.",
    "Wygeneruj w portalu nowy token, a ten unieważnij.",
)

WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    # Taken off.
    "bom": (
        "An invisible byte order mark (BOM) stood in the text.",
        "W tekście był niewidoczny znacznik kolejności bajtów (BOM).",
        "Save the file as UTF-8 without BOM, or paste the token by itself.",
        "Zapisz plik jako UTF-8 bez BOM albo wklej sam token.",
    ),
    "invisible": (
        "Invisible characters stood in the text, as some pages and mail programs add them.",
        "W tekście były niewidoczne znaki, jakie dodają niektóre strony i programy pocztowe.",
        "In your ERP remove the token and paste it anew from the source.",
        "W systemie ERP usuń token i wklej go na nowo ze źródła.",
    ),
    "bars": (
        "The bars | had been replaced by look-alikes or codes such as %7C.",
        "Kreski | były zastąpione podobnymi znakami albo kodami takimi jak %7C.",
        "Where the token is stored, the bar must be a plain |.",
        "Tam, gdzie token jest zapisany, kreska musi być zwykłym znakiem |.",
    ),
    "dashes": (
        "Hyphens had been turned into dashes, as word processors do.",
        "Łączniki były zamienione na półpauzy, jak robią to edytory tekstu.",
        "Do not keep the token in a document: put it into the vault.",
        "Nie trzymaj tokena w dokumencie: włóż go do sejfu.",
    ),
    "blank": (
        "There were blanks or line ends around it.",
        "Wokół tokena były spacje albo końce wierszy.",
        "Remove them where the token is stored: KSeF refuses the token with them.",
        "Usuń je tam, gdzie token jest zapisany: z nimi KSeF go odrzuci.",
    ),
    "quotes": (
        "There were quotation marks around it.",
        "Token był w cudzysłowie.",
        "Remove them where the token is stored.",
        "Usuń cudzysłów tam, gdzie token jest zapisany.",
    ),
    "broken-line": (
        "A line break or blank stood inside it.",
        "W środku był koniec wiersza albo spacja.",
        "Store the token on one line.",
        "Zapisz token w jednym wierszu.",
    ),
    "around": (
        "There was other text around it.",
        "Wokół tokena był inny tekst.",
        "Store the token alone, without a label.",
        "Zapisz sam token, bez opisu.",
    ),
    "doubled": (
        "The same token was pasted {count} times in a row.",
        "Ten sam token wklejono {count} razy pod rząd.",
        "Store it once.",
        "Zapisz go raz.",
    ),
    "case": (
        "Capital and small letters had been changed.",
        "Zmieniono wielkość liter.",
        "KSeF compares each letter: store the token as it was issued.",
        "KSeF porównuje każdą literę: zapisz token tak, jak został wydany.",
    ),
    # To know.
    "environment": (
        "Nothing in a token tells its environment: those of the test, demo and production KSeF look "
        "alike and "
        "work only where they were issued.",
        "Token nie zdradza środowiska: tokeny z KSeF testowego, przedprodukcyjnego i produkcyjnego wyglądają "
        "tak samo i działają tylko tam, gdzie je wydano.",
        "",
        "",
    ),
    # It may fail.
    "checksum": (
        "The checksum of the reference number is {given}, the rest of it gives {right}: a character "
        "may be wrong.",
        "Suma kontrolna numeru referencyjnego to {given}, a z reszty wynika {right}: jeden znak może "
        "być błędny.",
        "Compare the reference number with the list of tokens.",
        "Porównaj numer referencyjny z listą tokenów.",
    ),
    "context-checksum": (
        "The checksum of {value} is wrong: only the test environment knows such numbers.",
        "Suma kontrolna {value} jest błędna: takie numery są tylko w środowisku testowym.",
        "Check the number; on production it cannot be right.",
        "Sprawdź numer; na produkcji nie może być poprawny.",
    ),
    "short": (
        "40 letters and digits: the form that many guides describe. KSeF 2.0 itself issues another "
        "one; a local "
        "KSeF takes it only when started with --token-form short40.",
        "40 liter i cyfr: postać, o której mówi wiele poradników. KSeF 2.0 wydaje inną; lokalny KSeF "
        "przyjmuje "
        "ją tylko po uruchomieniu z --token-form short40.",
        "Such a token does not say whose it is: give the NIP with it.",
        "Taki token nie mówi, czyj jest: podaj do niego NIP.",
    ),
    # It cannot work.
    "empty": (
        "There is nothing here.",
        "Tu nic nie ma.",
        "Paste the token, all three parts with the bars between them.",
        "Wklej token, wszystkie trzy części razem z kreskami.",
    ),
    "several": (
        "There are {count} tokens here, and they differ.",
        "Jest tu kilka różnych tokenów ({count}).",
        "Paste one of them.",
        "Wklej jeden z nich.",
    ),
    "too-long": (
        "The secret part has {count} characters instead of 64: something stuck to its end.",
        "Część tajna ma {count} znaków zamiast 64: coś przykleiło się na końcu.",
        *_COPY,
    ),
    "truncated": (
        "It was cut off: of the 64 characters of its secret part {count} are there.",
        "Token jest ucięty: z 64 znaków części tajnej jest {count}.",
        *_COPY,
    ),
    "beheaded": (
        "Its beginning is missing: the reference number in front of the first bar.",
        "Brakuje początku: numeru referencyjnego przed pierwszą kreską.",
        *_COPY,
    ),
    "tail": (
        "64 hexadecimal digits without bars: only the last part of a token, as a double click "
        "selects it, or a "
        "token of KSeF 1.0.",
        "64 cyfry szesnastkowe bez kresek: sama ostatnia część tokena, jaką zaznacza dwukrotne "
        "kliknięcie, albo "
        "token z KSeF 1.0.",
        "Copy all three parts. Tokens of KSeF 1.0 were not carried over to 2.0: generate a new one.",
        "Skopiuj wszystkie trzy części. Tokenów KSeF 1.0 nie przeniesiono do 2.0: wygeneruj nowy.",
    ),
    "opaque": (
        "{count} characters without bars: it looks like a token of KSeF 1.0 or a key of another system.",
        "{count} znaków bez kresek: wygląda na token KSeF 1.0 albo klucz innego systemu.",
        "Tokens of KSeF 1.0 were not carried over to 2.0: generate a new one.",
        "Tokenów KSeF 1.0 nie przeniesiono do 2.0: wygeneruj nowy.",
    ),
    "secret": (
        "The secret part is not made of 64 hexadecimal digits: a character was changed or lost.",
        "Część tajna nie składa się z 64 cyfr szesnastkowych: znak zmieniono albo zgubiono.",
        *_COPY,
    ),
    "hidden": (
        "Parts of it are dots or stars: it was copied from a place that hides it.",
        "Części zastępują kropki lub gwiazdki: skopiowano go z miejsca, które go ukrywa.",
        *_COPY,
    ),
    "number-only": (
        "This is only the reference number. It names the token, but nobody can log in with it.",
        "To tylko numer referencyjny. Wskazuje token, ale nie można się nim zalogować.",
        "The token itself was shown once, when it was generated. If it is lost, generate a new one "
        "and revoke "
        "this one.",
        "Sam token pokazano raz, przy generowaniu. Jeśli przepadł, wygeneruj nowy, a ten unieważnij.",
    ),
    "other-number": (
        "Its reference number is of the kind {kind}; that of a token has EC in its place.",
        "Jego numer referencyjny jest rodzaju {kind}; numer tokena ma w tym miejscu EC.",
        "Look for the number of the token in the list of tokens.",
        "Odszukaj numer tokena na liście tokenów.",
    ),
    "invoice-number": (
        "This is the KSeF number of an invoice, not a token.",
        "To numer KSeF faktury, nie token.",
        *_COPY,
    ),
    "nip-only": ("This is a NIP, not a token.", "To NIP, nie token.", *_COPY),
    "jwt": (
        "This is an access or refresh token (JWT), which a program receives after logging in.",
        "To token dostępowy lub odświeżania (JWT), który program otrzymuje po zalogowaniu.",
        "Your ERP wants the KSeF token itself: three parts with bars between them.",
        "System ERP potrzebuje samego tokena KSeF: trzech części rozdzielonych kreskami.",
    ),
    "pem": (
        "This is a certificate or a private key, not a token.",
        "To certyfikat albo klucz prywatny, nie token.",
        "If it was a private key, show it to nobody; log in with it by the certificate way.",
        "Jeśli to klucz prywatny, nie pokazuj go nikomu; loguj się nim jako certyfikatem.",
    ),
    "day": (
        "The reference number begins with {day}, which is no day.",
        "Numer referencyjny zaczyna się od {day}, a to nie jest data.",
        *_COPY,
    ),
    "context-type": (
        "The context in it is of the type {type}; a token lives in a NIP or an internal identifier.",
        "Kontekst w tokenie jest typu {type}; token działa w kontekście NIP albo identyfikatora "
        "wewnętrznego.",
        *_NEW,
    ),
    "context-value": (
        "The context in it is no valid {type}: digits were changed or lost.",
        "Kontekst w tokenie nie jest poprawnym {type}: cyfry zmieniono albo zgubiono.",
        *_COPY,
    ),
    "context-missing": (
        "The middle part, which says whose token it is, is missing or damaged.",
        "Brakuje środkowej części, która mówi, czyj to token, albo jest uszkodzona.",
        *_COPY,
    ),
    "parts": (
        "There are {count} parts between the bars that do not make a token; a token has three: "
        "reference number, "
        "context, secret.",
        "Między kreskami jest {count} części, które nie tworzą tokena; token ma trzy: numer referencyjny, "
        "kontekst, część tajną.",
        *_COPY,
    ),
    "unknown": (
        "{count} characters that have nothing in common with a token.",
        "{count} znaków, które nie mają nic wspólnego z tokenem.",
        *_COPY,
    ),
}
