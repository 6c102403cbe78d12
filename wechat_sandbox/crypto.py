"""Message signature and encryption of the platform's push (消息加解密).

Rules: WeChat's page "消息推送" (miniprogram/dev/framework/server-ability/message-push.html):
SHA-1 over the sorted parts, AES-256-CBC with the key's first 16 bytes as IV, PKCS#7 with block 32.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32


class BadCiphertext(ValueError):
    """What came back is not a message encrypted by this account's key."""


def sign(*parts: str) -> str:
    """Lower-case hex SHA-1 of the parts, sorted and joined."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def decode_key(aes_key: str) -> bytes:
    """The 32 bytes behind a 43-character EncodingAESKey."""
    return base64.b64decode(aes_key + "=")


def encrypt(text: str, aes_key: str, app_id: str) -> str:
    """Frame, pad and encrypt a message; Base64."""
    key = decode_key(aes_key)
    message = text.encode()
    frame = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + app_id.encode()
    fill = BLOCK - len(frame) % BLOCK
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    sealed = encryptor.update(frame + bytes([fill]) * fill) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def decrypt(sealed: str, aes_key: str, app_id: str) -> str:
    """Undo `encrypt`, checking every byte of padding, the length and the app id.

    Raises:
        BadCiphertext: any of the checks failed; the text names which.
    """
    key = decode_key(aes_key)
    try:
        data = base64.b64decode(sealed, validate=True)
    except binascii.Error as error:
        raise BadCiphertext("Encrypt is not Base64") from error
    if not data or len(data) % BLOCK:
        raise BadCiphertext("ciphertext is not a multiple of 32 bytes")
    decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
    frame = decryptor.update(data) + decryptor.finalize()
    fill = frame[-1]
    if not 1 <= fill <= BLOCK or frame[-fill:] != bytes([fill]) * fill:
        raise BadCiphertext("bad padding")
    frame = frame[:-fill]
    length = int.from_bytes(frame[16:20], "big")
    if len(frame) < 20 or length > len(frame) - 20:
        raise BadCiphertext("bad message length")
    if frame[20 + length :] != app_id.encode():
        raise BadCiphertext("app id does not match")
    try:
        return frame[20 : 20 + length].decode()
    except UnicodeDecodeError as error:
        raise BadCiphertext("message is not UTF-8") from error


def encrypt_user_data(text: str, session_key: str, iv: bytes) -> str:
    """`encryptedData` of a Mini Program: AES-128-CBC, PKCS#7 with block 16, Base64."""
    data = text.encode()
    fill = 16 - len(data) % 16
    encryptor = Cipher(AES(base64.b64decode(session_key)), CBC(iv)).encryptor()
    return base64.b64encode(encryptor.update(data + bytes([fill]) * fill) + encryptor.finalize()).decode()
