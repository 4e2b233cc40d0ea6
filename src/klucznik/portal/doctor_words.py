"""Words of the token doctor: German beside `client/token_shape_words`, and refusals in all three."""

from __future__ import annotations

from typing import Final

_COPY: Final = (
    "Kopieren Sie den ganzen Token noch einmal mit der Kopiertaste; geht das nicht mehr, erzeugen "
    "Sie einen neuen."
)
_STORED: Final = "Entfernen Sie das dort, wo der Token gespeichert ist."

#: By code of the finding: what was seen, what to do.
GERMAN: Final[dict[str, tuple[str, str]]] = {
    "bom": (
        "Im Text stand eine unsichtbare Bytereihenfolge-Marke (BOM).",
        "Speichern Sie die Datei als UTF-8 ohne BOM oder fügen Sie nur den Token ein.",
    ),
    "invisible": (
        "Im Text standen unsichtbare Zeichen, wie manche Seiten und Mailprogramme sie einfügen.",
        "Entfernen Sie den Token im ERP und fügen Sie ihn aus der Quelle neu ein.",
    ),
    "bars": (
        "Die Striche | waren durch ähnliche Zeichen oder Codes wie %7C ersetzt.",
        "Wo der Token gespeichert ist, muss ein einfaches | stehen.",
    ),
    "dashes": (
        "Bindestriche waren in Gedankenstriche verwandelt, wie Textprogramme es tun.",
        "Bewahren Sie den Token nicht in einem Dokument auf, sondern im Tresor.",
    ),
    "blank": ("Um den Token standen Leerzeichen oder Zeilenenden.", _STORED),
    "quotes": ("Der Token stand in Anführungszeichen.", _STORED),
    "broken-line": (
        "Mitten im Token stand ein Zeilenende oder Leerzeichen.",
        "Speichern Sie den Token in einer Zeile.",
    ),
    "around": (
        "Um den Token stand anderer Text.",
        "Speichern Sie nur den Token, ohne Beschriftung.",
    ),
    "doubled": ("Derselbe Token wurde {count}-mal hintereinander eingefügt.", "Speichern Sie ihn einmal."),
    "case": (
        "Groß- und Kleinbuchstaben waren verändert.",
        "KSeF vergleicht jeden Buchstaben: Speichern Sie den Token, wie er ausgegeben wurde.",
    ),
    "environment": (
        "Ein Token verrät seine Umgebung nicht: die der Test-, Demo- und Produktivumgebung sehen "
        "gleich aus und "
        "gelten nur dort, wo sie ausgegeben wurden.",
        "",
    ),
    "checksum": (
        "Die Prüfsumme der Referenznummer ist {given}, aus dem Rest folgt {right}: Ein Zeichen kann "
        "falsch sein.",
        "Vergleichen Sie die Referenznummer mit der Tokenliste.",
    ),
    "context-checksum": (
        "Die Prüfziffer von {value} ist falsch: Solche Nummern kennt nur die Testumgebung.",
        "Prüfen Sie die Nummer; in der Produktion kann sie nicht stimmen.",
    ),
    "short": (
        "40 Buchstaben und Ziffern: die Form, die viele Anleitungen beschreiben. KSeF 2.0 gibt eine "
        "andere aus; ein "
        "lokales KSeF nimmt sie nur, wenn es mit --token-form short40 gestartet wurde.",
        "Ein solcher Token sagt nicht, wem er gehört: Geben Sie die NIP dazu an.",
    ),
    "empty": (
        "Hier ist nichts.",
        "Fügen Sie den Token ein, alle drei Teile samt den Strichen dazwischen.",
    ),
    "several": (
        "Hier sind mehrere verschiedene Token ({count}).",
        "Fügen Sie einen davon ein.",
    ),
    "too-long": (
        "Der geheime Teil hat {count} Zeichen statt 64: Am Ende klebt etwas.",
        _COPY,
    ),
    "truncated": (
        "Der Token ist abgeschnitten: Von 64 Zeichen des geheimen Teils sind {count} da.",
        _COPY,
    ),
    "beheaded": (
        "Der Anfang fehlt: die Referenznummer vor dem ersten Strich.",
        _COPY,
    ),
    "tail": (
        "64 hexadezimale Ziffern ohne Striche: nur der letzte Teil eines Tokens, wie ein Doppelklick "
        "ihn markiert, "
        "oder ein Token von KSeF 1.0.",
        "Kopieren Sie alle drei Teile. Token von KSeF 1.0 wurden nicht übernommen: Erzeugen Sie einen neuen.",
    ),
    "opaque": (
        "{count} Zeichen ohne Striche: Das sieht nach einem Token von KSeF 1.0 oder dem Schlüssel "
        "eines anderen "
        "Systems aus.",
        "Token von KSeF 1.0 wurden nicht in 2.0 übernommen: Erzeugen Sie einen neuen.",
    ),
    "secret": (
        "Der geheime Teil besteht nicht aus 64 hexadezimalen Ziffern: Ein Zeichen wurde verändert "
        "oder ging verloren.",
        _COPY,
    ),
    "hidden": (
        "Teile sind Punkte oder Sterne: Er wurde dort kopiert, wo er verdeckt ist.",
        _COPY,
    ),
    "number-only": (
        "Das ist nur die Referenznummer. Sie benennt den Token, aber anmelden kann man sich damit nicht.",
        "Der Token selbst wurde einmal gezeigt, als er erzeugt wurde. Ist er verloren, erzeugen Sie "
        "einen neuen und "
        "widerrufen Sie diesen.",
    ),
    "other-number": (
        "Die Referenznummer ist von der Art {kind}; bei einem Token steht dort EC.",
        "Suchen Sie die Nummer des Tokens in der Tokenliste.",
    ),
    "invoice-number": ("Das ist die KSeF-Nummer einer Rechnung, kein Token.", _COPY),
    "nip-only": ("Das ist eine NIP, kein Token.", _COPY),
    "jwt": (
        "Das ist ein Zugriffs- oder Erneuerungstoken (JWT), den ein Programm nach der Anmeldung bekommt.",
        "Ihr ERP braucht den KSeF-Token selbst: drei Teile mit Strichen dazwischen.",
    ),
    "pem": (
        "Das ist ein Zertifikat oder ein privater Schlüssel, kein Token.",
        "War es ein privater Schlüssel, zeigen Sie ihn niemandem; melden Sie sich damit als Zertifikat an.",
    ),
    "day": ("Die Referenznummer beginnt mit {day}; das ist kein Datum.", _COPY),
    "context-type": (
        "Der Kontext darin ist vom Typ {type}; ein Token gilt im Kontext einer NIP oder einer "
        "internen Kennung.",
        "Erzeugen Sie im Portal einen neuen Token und widerrufen Sie diesen.",
    ),
    "context-value": (
        "Der Kontext darin ist keine gültige {type}: Ziffern wurden verändert oder gingen verloren.",
        _COPY,
    ),
    "context-missing": (
        "Der mittlere Teil, der sagt, wem der Token gehört, fehlt oder ist beschädigt.",
        _COPY,
    ),
    "parts": (
        "Zwischen den Strichen stehen {count} Teile, die keinen Token ergeben; ein Token hat drei: "
        "Referenznummer, "
        "Kontext, Geheimnis.",
        _COPY,
    ),
    "unknown": ("{count} Zeichen, die mit einem Token nichts gemein haben.", _COPY),
}

_RENEW: Final = (
    "Generate a new one here in the portal and put it in place of the old one.",
    "Wygeneruj nowy tutaj, w portalu, i wstaw go w miejsce starego.",
    "Erzeugen Sie hier im Portal einen neuen und setzen Sie ihn an die Stelle des alten.",
)

#: A refused login, by kind: what it means and what to do; each en, pl, de.
REFUSALS: Final[dict[str, tuple[tuple[str, str, str], tuple[str, str, str]]]] = {
    "revoked": (
        ("The token was revoked.", "Token unieważniono.", "Der Token wurde widerrufen."),
        _RENEW,
    ),
    "inactive": (
        (
            "The token is not active: it is still being made or revoked, its making failed, or its "
            "time is over.",
            "Token nie jest aktywny: jest jeszcze tworzony lub unieważniany, nie udało się go "
            "utworzyć albo minął "
            "jego czas.",
            "Der Token ist nicht aktiv: Er wird noch erstellt oder widerrufen, das Erstellen schlug "
            "fehl, oder seine "
            "Zeit ist um.",
        ),
        (
            "Look at its state in the list of tokens; if it does not become active, generate a new one.",
            "Sprawdź jego status na liście tokenów; jeśli nie stanie się aktywny, wygeneruj nowy.",
            "Sehen Sie seinen Status in der Tokenliste nach; wird er nicht aktiv, erzeugen Sie einen neuen.",
        ),
    ),
    "encoding": (
        (
            "KSeF does not recognise this as a token: those of KSeF 1.0 do not work in 2.0.",
            "KSeF nie rozpoznaje tego jako tokena: tokeny KSeF 1.0 nie działają w 2.0.",
            "KSeF erkennt das nicht als Token: die von KSeF 1.0 gelten in 2.0 nicht.",
        ),
        _RENEW,
    ),
    "context": (
        (
            "The token belongs to another company than the one given.",
            "Token należy do innej firmy niż podana.",
            "Der Token gehört einer anderen Firma als der angegebenen.",
        ),
        (
            "Give the NIP for which it was generated.",
            "Podaj NIP, dla którego został wygenerowany.",
            "Geben Sie die NIP an, für die er erzeugt wurde.",
        ),
    ),
    "unknown": (
        (
            "This KSeF does not know the token: it comes from another environment, or characters of "
            "it are wrong.",
            "Ten KSeF nie zna tego tokena: pochodzi z innego środowiska albo niektóre znaki są błędne.",
            "Dieses KSeF kennt den Token nicht: Er stammt aus einer anderen Umgebung, oder Zeichen "
            "sind falsch.",
        ),
        (
            "Look for its reference number in the list of tokens of this environment. If it is "
            "there, copy the token "
            "again or generate a new one; if not, use the environment where it was generated.",
            "Odszukaj jego numer referencyjny na liście tokenów w tym środowisku. Jeśli tam jest, "
            "skopiuj token "
            "ponownie albo wygeneruj nowy; jeśli nie, użyj środowiska, w którym go wygenerowano.",
            "Suchen Sie seine Referenznummer in der Tokenliste dieser Umgebung. Steht sie dort, "
            "kopieren Sie den "
            "Token erneut oder erzeugen Sie einen neuen; sonst nehmen Sie die Umgebung, in der er "
            "erzeugt wurde.",
        ),
    ),
    "no-rights": (
        (
            "The token is good, but who generated it holds no permission in this context any more.",
            "Token jest poprawny, ale osoba, która go wygenerowała, nie ma już w tym kontekście "
            "żadnych uprawnień.",
            "Der Token ist gut, aber wer ihn erzeugte, hat in diesem Kontext keine Berechtigung mehr.",
        ),
        (
            "Have the owner grant the permissions anew, and the token works again; or let somebody "
            "who holds them "
            "generate another.",
            "Niech właściciel ponownie nada uprawnienia, a token znów zadziała; albo niech ktoś, kto je ma, "
            "wygeneruje inny.",
            "Lässt der Inhaber die Berechtigungen neu erteilen, gilt der Token wieder; oder jemand, "
            "der sie hat, "
            "erzeugt einen anderen.",
        ),
    ),
    "other": (
        (
            "KSeF refused the login.",
            "KSeF odrzucił logowanie.",
            "KSeF hat die Anmeldung abgelehnt.",
        ),
        (
            "Try once more; KSeF's own words are below.",
            "Spróbuj jeszcze raz; słowa KSeF są poniżej.",
            "Versuchen Sie es noch einmal; die Worte von KSeF stehen unten.",
        ),
    ),
}
