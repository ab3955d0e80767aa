"""The keys that encrypt secrets: where they come from, and what happens when they change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from opensink_web.errors import ConfigurationError, UnreadableSecret
from opensink_web.keyring import KeyFile, Keyring, id_of, key_id_of, new_key
from opensink_web.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "data")


@pytest.fixture
def ring(file: KeyFile) -> Keyring:
    return Keyring((), file)


def test_what_is_encrypted_is_decrypted(ring: Keyring) -> None:
    ciphertext = ring.encrypt("a sëcret that is kept".encode())
    assert "cret that is kept" not in ciphertext
    assert ring.decrypt(ciphertext).decode() == "a sëcret that is kept"


def test_the_same_text_looks_different_each_time(ring: Keyring) -> None:
    assert ring.encrypt(b"x") != ring.encrypt(b"x")


def test_the_file_is_made_when_it_is_needed_for_its_owner_alone(
    ring: Keyring, file: KeyFile
) -> None:
    assert ring.ids() == ()
    assert not file.path.exists()
    ring.encrypt(b"x")
    assert len(file.read()) == 1
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_two_processes_make_one_file(file: KeyFile) -> None:
    first, second = Keyring((), file), Keyring((), file)
    ciphertext = first.encrypt(b"x")
    file.make()
    assert second.decrypt(ciphertext) == b"x"
    assert key_id_of(second.encrypt(b"y")) == key_id_of(ciphertext)


def test_the_first_key_encrypts_and_all_decrypt(file: KeyFile) -> None:
    old, new = new_key(), new_key()
    ciphertext = Keyring((old,), file).encrypt(b"x")
    both = Keyring((new, old), file)
    assert both.decrypt(ciphertext) == b"x"
    assert key_id_of(both.encrypt(b"x")) == id_of(new)
    assert not file.path.exists()


def test_a_ring_that_is_in_use_follows_its_file(ring: Keyring, file: KeyFile) -> None:
    old = ring.encrypt(b"x")
    file.write((new_key(), *file.read()))
    elsewhere = Keyring((), file).encrypt(b"y")
    assert ring.decrypt(elsewhere) == b"y"
    assert ring.decrypt(old) == b"x"
    assert key_id_of(ring.encrypt(b"z")) == key_id_of(elsewhere)


def test_without_its_key_a_ciphertext_says_so(ring: Keyring, file: KeyFile) -> None:
    ciphertext = Keyring((new_key(),), file).encrypt(b"x")
    with pytest.raises(UnreadableSecret, match="a key that this server does not have"):
        ring.decrypt(ciphertext)


@pytest.mark.parametrize(
    "change",
    [lambda text: text[:-2], lambda text: text[:20] + "AA", lambda text: text[:-2] + "é="],
)
def test_a_damaged_ciphertext_says_so(ring: Keyring, change: Callable[[str], str]) -> None:
    with pytest.raises(UnreadableSecret, match="damaged"):
        ring.decrypt(change(ring.encrypt(b"x")))


@pytest.mark.parametrize("text", ["short", "é" * 44, "A" * 48, "!" * 44])
def test_what_is_no_key_is_refused_by_name(text: str, file: KeyFile) -> None:
    with pytest.raises(ConfigurationError, match="ENCRYPTION_KEYS") as refused:
        Settings.from_env({"ENCRYPTION_KEYS": f"{new_key()},{text}"})
    assert text not in str(refused.value)
    file.path.parent.mkdir()
    file.path.write_text(text)
    with pytest.raises(ConfigurationError, match="encryption_keys"):
        file.read()


def test_settings_take_keys_and_never_show_them() -> None:
    keys = (new_key(), Fernet.generate_key().decode())
    secret = "kept to itself"
    settings = Settings.from_env(
        {"ENCRYPTION_KEYS": f" {keys[0]} ,{keys[1]}", "SECRET_KEY": secret}
    )
    assert settings.encryption_keys == keys
    assert settings.environment()["ENCRYPTION_KEYS"] == ",".join(keys)
    assert keys[0] not in repr(settings)
    assert secret not in repr(settings)
