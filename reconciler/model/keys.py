"""Keys, DS and their identity (RFC 4034)."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum

ZONE_FLAG = 0x0100
"""Bit 7 of the DNSKEY flags (RFC 4034 §2.1.1)."""
SEP_FLAG = 0x0001
"""Bit 15 of the DNSKEY flags (RFC 4034 §2.1.1)."""
REVOKE_FLAG = 0x0080
"""Bit 8 of the DNSKEY flags (RFC 5011 §7)."""
SHA256 = 2
"""The digest type of a DS where nobody asks for another (RFC 8624 §3.3)."""


class KeyRole(StrEnum):
    """What a key is for (RFC 9499)."""

    KSK = "ksk"
    ZSK = "zsk"
    CSK = "csk"

    @property
    def flags(self) -> int:
        """DNSKEY flags of a fresh key in this role: 256 for a ZSK, 257 otherwise."""
        return ZONE_FLAG if self is KeyRole.ZSK else ZONE_FLAG | SEP_FLAG


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A DNSKEY, known or still to be created.

    Identity is (flags, algorithm, public key); `label` only names it in one document. A key to come
    has no `public_key` and is labelled by its symbol, `ksk@13/3` (role, algorithm, generation).
    `home` is the signer that holds the private key, None where nobody known does.
    """

    label: str
    algorithm: int
    flags: int
    public_key: bytes | None = None
    home: str | None = None
    generation: int | None = None

    @property
    def is_zone_key(self) -> bool:
        """True if a validator may use this key: ZONE set and not revoked."""
        return bool(self.flags & ZONE_FLAG) and not self.flags & REVOKE_FLAG

    @property
    def is_sep(self) -> bool:
        """True if the SEP flag is set."""
        return bool(self.flags & SEP_FLAG)

    @property
    def tag(self) -> int | None:
        """Key tag (RFC 4034 appendix B), None for a key to come."""
        if self.public_key is None:
            return None
        return key_tag(dnskey_rdata(self.flags, self.algorithm, self.public_key))

    def text(self) -> str:
        """Return the DNSKEY in presentation form, or the symbol of a key to come."""
        if self.public_key is None:
            return self.label
        return f"{self.flags} 3 {self.algorithm} {base64.b64encode(self.public_key).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedDs:
    """A DS that matches no known key: it stands at the parent, and no key will ever fit it.

    `rdata` is its presentation form, `tag algorithm digest_type digest` in lower case, where known.
    """

    label: str
    algorithm: int
    rdata: str | None = None


KeyEntry = Key | UnmatchedDs


@dataclass(frozen=True, slots=True, order=True)
class DsRef:
    """A DS by the label of its key (or of an `UnmatchedDs`) and its digest type."""

    key: str
    digest_type: int


def symbol(role: KeyRole, algorithm: int, generation: int, signer: str | None = None) -> str:
    """Return the label of a key to come, such as `ksk@13/3`.

    Where a zone has several signers, `signer` tells their keys apart: `ksk@13/3@b`.
    """
    at_home = "" if signer is None else f"@{signer}"
    return f"{role}@{algorithm}/{generation}{at_home}"


def parse_symbol(label: str) -> tuple[KeyRole, int, int] | None:
    """Return role, algorithm and generation of a symbol; None if `label` is not one."""
    role, at, rest = label.partition("@")
    algorithm, slash, of_signer = rest.partition("/")
    generation = of_signer.partition("@")[0]
    if not (at and slash and algorithm.isdecimal() and generation.isdecimal()):
        return None
    return (KeyRole(role), int(algorithm), int(generation)) if role in set(KeyRole) else None


def dnskey_rdata(flags: int, algorithm: int, public_key: bytes) -> bytes:
    """Return the wire form of a DNSKEY (RFC 4034 §2.1), protocol 3."""
    return struct.pack("!HBB", flags, 3, algorithm) + public_key


_DIGESTS = {1: "sha1", 2: "sha256", 4: "sha384"}
"""Digest types that are in use, by their names (IANA "DS RR Type Digest Algorithms")."""


def ds_text(zone: str, key: Key, digest_type: int) -> str | None:
    """Return the DS of a key in presentation form: `tag algorithm digest_type digest`.

    None for a key to come and for a digest type that nobody uses. `zone` is absolute and in lower
    case, as its canonical form (RFC 4034 §5.1.4, §6.2).
    """
    name = _DIGESTS.get(digest_type)
    if key.public_key is None or name is None:
        return None
    rdata = dnskey_rdata(key.flags, key.algorithm, key.public_key)
    labels = [label.encode() for label in zone.rstrip(".").split(".") if label]
    owner = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    digest = hashlib.new(name, owner + rdata, usedforsecurity=False).hexdigest()
    return f"{key.tag} {key.algorithm} {digest_type} {digest}"


def key_tag(rdata: bytes) -> int:
    """Return the key tag of a DNSKEY's wire form (RFC 4034 appendix B; not for algorithm 1)."""
    total = (sum(rdata[::2]) << 8) + sum(rdata[1::2])
    return (total + (total >> 16)) & 0xFFFF
