"""What unlocks a vault: a passphrase, a key file, or the keyring of the operating system.

Each turns into a key (KEK) that unwraps the root key in its slot of the vault. A passphrase is
stretched with Argon2id, 64 MiB and some 0.15 s a try, because people choose it; a key file and a
keyring hold 256 random bits, which HKDF only ties to the slot. Rule: reliability.md section F,
"Keys"; RFC 9106 section 4 (second recommended option: 64 MiB, t=3, p=4); RFC 5869.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import threading
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from klucznik.errors import VaultProblem
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.vault.seal import KEY_BYTES, new_key

#: Parameters stored beside a slot, open to read: names and whole numbers.
Settings = Mapping[str, int]

#: What new passphrase slots are made with. Old slots keep what they were made with.
ARGON2 = {"memory_kib": 64 * 1024, "iterations": 3, "lanes": 4}

#: What a slot may ask for (lowest, highest). A doctored file shall not take the machine's memory.
_ARGON2_RANGE = {"memory_kib": (8 * 1024, 1024 * 1024), "iterations": (1, 16), "lanes": (1, 16)}

#: The fewest characters a new passphrase may have.
SHORTEST_PASSPHRASE = 8

# One stretching at a time: a flood of tries costs 64 MiB, not 64 MiB each (reliability.md C 124).
_one_at_a_time = threading.Lock()


class Unlocking(Protocol):
    """One way to unlock a vault; the slots of its `kind` are tried with it."""

    @property
    def kind(self) -> str:
        """`passphrase`, `key-file` or `os-keyring`, as stored in the slot."""
        ...

    def prepare(self) -> Settings:
        """Get ready for a new slot; the parameters to store in it. Raises VaultProblem."""
        ...

    def derive(self, salt: bytes, settings: Settings) -> Secret:
        """The key (32 bytes) for a slot with this salt and these parameters. Raises VaultProblem."""
        ...


class Passphrase(Secret):
    """What a person knows. Equal however the keyboard composes `ż`: text is brought to NFC first.

    It shows no fingerprint: a hash of something made up by a person can be guessed at leisure.
    """

    __slots__ = ()
    kind = "passphrase"

    def __init__(self, value: str) -> None:
        super().__init__(unicodedata.normalize("NFC", value))

    @property
    def fingerprint(self) -> str:
        return ""

    def __repr__(self) -> str:
        return "Passphrase(***)"

    def prepare(self) -> Settings:
        """Argon2id's parameters of today. Raises VaultProblem on a passphrase that is too short."""
        if len(self.text()) < SHORTEST_PASSPHRASE:
            raise VaultProblem(
                tr("the passphrase is too short.", "hasło do sejfu jest za krótkie."),
                hint=tr(
                    f"take at least {SHORTEST_PASSPHRASE} characters, better four or five words",
                    f"co najmniej {SHORTEST_PASSPHRASE} znaków, lepiej cztery lub pięć słów",
                ),
            )
        return ARGON2

    def derive(self, salt: bytes, settings: Settings) -> Secret:
        """Argon2id; takes some 0.15 s and the memory that the slot names."""
        for name, (lowest, highest) in _ARGON2_RANGE.items():
            if not lowest <= settings.get(name, 0) <= highest:
                raise VaultProblem(
                    tr(
                        f"the vault is damaged: a passphrase slot asks for {name} = {settings.get(name)}.",
                        f"sejf jest uszkodzony: wpis hasła żąda {name} = {settings.get(name)}.",
                    ),
                    hint=_restore(),
                )
        stretch = Argon2id(
            salt=salt,
            length=KEY_BYTES,
            iterations=settings["iterations"],
            lanes=settings["lanes"],
            memory_cost=settings["memory_kib"],
        )
        with _one_at_a_time, self.reveal() as passphrase:
            return Secret(stretch.derive(passphrase))


class KeyFile:
    """A file with 32 random bytes in base64, one line, readable by its owner alone (mode 0600).

    On Windows a mode cannot be held: there the folder's access list is what protects the file.
    """

    kind = "key-file"

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: Path | str) -> KeyFile:
        """Write a new key file. Raises VaultProblem where the file exists or cannot be written."""
        made = cls(path)
        try:
            made.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unreadable_key_file(made.path, error) from error
        try:
            handle = os.open(made.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file, new_key().reveal() as key:
                file.write(base64.b64encode(key) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise VaultProblem(
                tr(f"the key file {made.path} exists already.", f"plik klucza {made.path} już istnieje."),
                hint=tr("use it, or choose another name", "użyj go albo wybierz inną nazwę"),
            ) from None
        except OSError as error:
            raise _unreadable_key_file(made.path, error) from error
        return made

    def prepare(self) -> Settings:
        """Nothing to choose; the file must be readable."""
        self._key()
        return {}

    def derive(self, salt: bytes, settings: Settings) -> Secret:
        """HKDF-SHA256 of the file's key."""
        return _tied_to_slot(self._key(), salt, self.kind)

    def _key(self) -> Secret:
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                # Windows shows 0666 whatever the access list says: nothing can be told from it.
                if os.name == "posix" and mode & 0o077:
                    raise VaultProblem(
                        tr(
                            f"others may read the key file {self.path} (mode {mode:04o}).",
                            f"plik klucza {self.path} mogą czytać inni (tryb {mode:04o}).",
                        ),
                        hint=tr(
                            f"chmod 600 {self.path}; if strangers had access, make a new key file",
                            f"chmod 600 {self.path}; jeśli ktoś obcy miał dostęp, utwórz nowy plik klucza",
                        ),
                    )
                text = file.read(1024)
        except OSError as error:
            raise _unreadable_key_file(self.path, error) from error
        if key := _from_base64(text.strip()):
            return key
        raise VaultProblem(
            tr(f"{self.path} is no key file.", f"{self.path} nie jest plikiem klucza."),
            hint=tr(
                "it holds 32 bytes in base64, on one line", "zawiera 32 bajty w base64, w jednym wierszu"
            ),
        )


class OsKeyring:
    """A random key kept by the operating system for this user (Keychain, Credential Manager, Secret Service).

    Any program of the same user can ask for it: convenient on a desktop, no wall against malware.
    `account` tells apart the vaults of one user; vaults may also share one key.
    """

    kind = "os-keyring"

    def __init__(self, service: str = "klucznik", account: str = "vault") -> None:
        self.service = service
        self.account = account

    def prepare(self) -> Settings:
        """Put a key into the keyring unless one is there (it may open another vault already)."""
        if self._text() is None:
            with new_key().reveal() as key:
                self._text(set_to=base64.b64encode(key).decode())
        self._key()  # Read back: some backends take a value and keep nothing.
        return {}

    def derive(self, salt: bytes, settings: Settings) -> Secret:
        """HKDF-SHA256 of the key in the keyring."""
        return _tied_to_slot(self._key(), salt, self.kind)

    def _key(self) -> Secret:
        if key := _from_base64((self._text() or "").encode()):
            return key
        raise VaultProblem(
            tr(
                f'the keyring of this computer holds no key "{self.service}/{self.account}".',
                f"pęk kluczy systemu nie zawiera klucza „{self.service}/{self.account}”.",
            ),
            hint=tr("unlock with the passphrase or a key file", "otwórz hasłem albo plikiem klucza"),
        )

    def _text(self, *, set_to: str | None = None) -> str | None:
        # 0.1 s to import, and it looks for desktops: only for those who use it.
        import keyring
        from keyring.errors import KeyringError

        try:
            if set_to is not None:
                keyring.set_password(self.service, self.account, set_to)
            return keyring.get_password(self.service, self.account)
        except KeyringError as error:
            raise VaultProblem(
                tr(
                    f"the keyring of this computer cannot be used ({type(error).__name__}).",
                    f"nie można użyć pęku kluczy systemu ({type(error).__name__}).",
                ),
                hint=tr(
                    "unlock it, or use a passphrase or a key file; servers mostly have no keyring",
                    "odblokuj go albo użyj hasła lub pliku klucza; serwery zwykle nie mają pęku kluczy",
                ),
            ) from None


def _tied_to_slot(key: Secret, salt: bytes, kind: str) -> Secret:
    hkdf = HKDF(SHA256(), length=KEY_BYTES, salt=salt, info=f"klucznik vault slot {kind}".encode())
    with key.reveal() as k:
        return Secret(hkdf.derive(k))


def _from_base64(text: bytes) -> Secret | None:
    try:
        key = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return None
    return Secret(key) if len(key) == KEY_BYTES else None


def _unreadable_key_file(path: Path, error: OSError) -> VaultProblem:
    return VaultProblem(
        tr(
            f"the key file {path} cannot be used: {error.strerror}.",
            f"nie można użyć pliku klucza {path}: {error.strerror}.",
        ),
        hint=tr("check the path and who owns the file", "sprawdź ścieżkę i właściciela pliku"),
    )


def _restore() -> str:
    return tr("restore the file from a backup", "przywróć plik z kopii zapasowej")
