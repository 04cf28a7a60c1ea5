"""SSH signatures over texts, made and verified without any SSH tool (OpenSSH's PROTOCOL.sshsig)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from reconciler.diagnostics import ApprovalError, Diagnostic

_MAGIC = b"SSHSIG"
_VERSION = 1
_HASHES = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
"""PROTOCOL.sshsig §2 allows these two."""
_SMALLEST_RSA = 2048
"""Bits; OpenSSH refuses to sign with less than 1024, NIST SP 800-57 asks for 2048."""
_ARMOUR = re.compile(
    r"\s*-----BEGIN SSH SIGNATURE-----\s([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*"
)
_EC_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    b"ecdsa-sha2-nistp256": hashes.SHA256(),
    b"ecdsa-sha2-nistp384": hashes.SHA384(),
    b"ecdsa-sha2-nistp521": hashes.SHA512(),
}
_RSA_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    b"rsa-sha2-512": hashes.SHA512(),
    b"rsa-sha2-256": hashes.SHA256(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    """The parts of an SSHSIG blob (PROTOCOL.sshsig §1)."""

    public_key: bytes
    namespace: bytes
    hash_name: bytes
    algorithm: bytes
    signature: bytes


def sign(text: str, key_file: Path, namespace: str) -> str:
    """Return an armoured signature over `text` (UTF-8) with an OpenSSH ed25519 private key.

    A file that cannot be read or has a passphrase, or another kind of key, raises ApprovalError.
    """
    key = _private_key(key_file)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    signature = key.sign(_signed_data(text, namespace.encode(), b"sha512"))
    blob = _MAGIC + struct.pack("!I", _VERSION)
    blob += b"".join(
        _string(part)
        for part in (
            base64.b64decode(public.split()[1]),
            namespace.encode(),
            b"",
            b"sha512",
            _string(b"ssh-ed25519") + _string(signature),
        )
    )
    body = textwrap.fill(base64.b64encode(blob).decode(), 70)
    return f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n"


OTHER_KEY = "it was made with another key"
"""What `signature_problem` says of a signature that may hold, but is somebody else's."""


@lru_cache(maxsize=2**15)  # judged once on record and again at each step: of 8,000 zones at once
def signature_problem(
    text: str | bytes, armoured: str, public_key: str, namespace: str
) -> str | None:
    """Return why `armoured` is no signature over `text` by `public_key` for `namespace`, or None.

    `public_key` is a line as in `authorized_keys`: `ssh-ed25519 AAAA… comment`.
    """
    blob = _read(armoured)
    if blob is None:
        return "it is not an SSH signature"
    if blob.namespace != namespace.encode():
        return f"it was made for the namespace `{_shown(blob.namespace)}`, not `{namespace}`"
    if blob.hash_name not in _HASHES:
        return f"its hash `{_shown(blob.hash_name)}` is not supported"
    if blob.public_key != _wire_key(public_key):
        return OTHER_KEY
    try:
        _verify(blob, public_key, _signed_data(text, blob.namespace, blob.hash_name))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return "it does not fit the text"
    return None


_loaded = lru_cache(maxsize=1024)(
    lambda public_key: serialization.load_ssh_public_key(public_key.encode())
)
"""Keys as values: few people and machines sign very much."""


def _verify(blob: _Blob, public_key: str, data: bytes) -> None:
    key = _loaded(public_key)
    if isinstance(key, ed25519.Ed25519PublicKey) and blob.algorithm == b"ssh-ed25519":
        key.verify(blob.signature, data)
    elif isinstance(key, ec.EllipticCurvePublicKey) and blob.algorithm in _EC_HASHES:
        r, s = (int.from_bytes(part, "big") for part in _strings(blob.signature, 2))
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_EC_HASHES[blob.algorithm]))
    elif isinstance(key, rsa.RSAPublicKey) and blob.algorithm in _RSA_HASHES:
        if key.key_size < _SMALLEST_RSA:
            raise InvalidSignature
        key.verify(blob.signature, data, padding.PKCS1v15(), _RSA_HASHES[blob.algorithm])
    else:
        raise InvalidSignature


def _signed_data(text: str | bytes, namespace: bytes, hash_name: bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    hashed = _HASHES[hash_name](data).digest()
    return _MAGIC + b"".join(_string(part) for part in (namespace, b"", hash_name, hashed))


def _read(armoured: str) -> _Blob | None:
    match = _ARMOUR.fullmatch(armoured)
    if match is None:
        return None
    try:
        blob = base64.b64decode("".join(match[1].split()), validate=True)
        head = _MAGIC + struct.pack("!I", _VERSION)
        if not blob.startswith(head):
            return None
        public_key, namespace, _reserved, hash_name, inner = _strings(blob[len(head) :], 5)
        algorithm, signature = _strings(inner, 2)
    except (binascii.Error, ValueError, struct.error):
        return None
    return _Blob(
        public_key=public_key,
        namespace=namespace,
        hash_name=hash_name,
        algorithm=algorithm,
        signature=signature,
    )


def _string(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


def _strings(data: bytes, count: int) -> list[bytes]:
    """Split exactly `count` length-prefixed strings (RFC 4251 §5); anything else: ValueError."""
    found = list(_each_string(data))
    if len(found) != count:
        message = f"{len(found)} strings where {count} belong"
        raise ValueError(message)
    return found


def _each_string(data: bytes) -> Iterable[bytes]:
    while data:
        (size,) = struct.unpack_from("!I", data)
        if len(data) < 4 + size:
            message = "cut short"
            raise ValueError(message)
        yield data[4 : 4 + size]
        data = data[4 + size :]


def _wire_key(public_key: str) -> bytes | None:
    try:
        return base64.b64decode(public_key.split()[1], validate=True)
    except (IndexError, ValueError):
        return None


def _private_key(key_file: Path) -> ed25519.Ed25519PrivateKey:
    try:
        key = serialization.load_ssh_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ApprovalError(_unusable(key_file, str(error))) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ApprovalError(_unusable(key_file, f"it holds a {type(key).__name__}"))
    return key


def _unusable(key_file: Path, why: str) -> Diagnostic:
    return Diagnostic(
        code="signing-key-unusable",
        summary=f"{key_file} cannot be used to sign an approval",
        detail=why,
        hint="give an ed25519 private key without passphrase; with any other key, one with a "
        "passphrase or in an agent, sign the statement with `ssh-keygen -Y sign`",
    )


def _shown(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace")
