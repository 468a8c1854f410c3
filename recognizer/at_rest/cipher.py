"""AES-256-GCM (NIST SP 800-38D). The one file that imports `cryptography`.

Nonces are random and 96 bits long: a key may seal 2^32 things before two of them are likely to share one, and no key
here seals more than one person's photos and templates.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class NotAuthentic(Exception):
    """Damaged, sealed with another key, or about something else."""


def new_key() -> bytes:
    return AESGCM.generate_key(8 * KEY_BYTES)


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """The nonce, the ciphertext, the tag. `about` is not in it, and has to be given again to unseal it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Raises NotAuthentic."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
    except (InvalidTag, ValueError):  # the latter for what is too short to be anything
        raise NotAuthentic from None
