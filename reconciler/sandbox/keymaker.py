"""Keys of the embedded world: made from its seed, so that runs repeat, and turned into DNSKEY, DS.

RSA keys are the exception: their generation cannot be seeded with the library in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import dns.dnssec
import dns.name
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from reconciler.model.keys import dnskey_rdata, key_tag, parse_symbol
from reconciler.sandbox.history import HeldKey

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSASHA256, ECDSAP256SHA256, ED25519 = 8, 13, 15
ALGORITHMS = frozenset({RSASHA256, ECDSAP256SHA256, ED25519})
"""Algorithms that keys can be made for."""

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the base point of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3)."""


def make_key(
    *, seed: int, zone: str, place: str, label: str, taken: set[tuple[int, int]]
) -> HeldKey:
    """Make the key for a symbol (`ksk@13/1`); its (algorithm, tag) is none of `taken`.

    `id` of the result is 0: the store gives it its own. A label that is no symbol, or names an
    algorithm that the sandbox does not know, raises ValueError.
    """
    parsed = parse_symbol(label)
    if parsed is None:
        message = f"{label} is not a key symbol"
        raise ValueError(message)
    role, algorithm, _ = parsed
    attempt = 0
    while True:
        entropy = hashlib.sha512(f"{seed}|{zone}|{place}|{label}|{attempt}".encode()).digest()
        private = _private_key(algorithm, entropy)
        public = dns.dnssec.make_dnskey(private.public_key(), algorithm, role.flags).key
        if (algorithm, key_tag(dnskey_rdata(role.flags, algorithm, public))) not in taken:
            break
        attempt += 1
    return HeldKey(
        id=0,
        zone=zone,
        place=place,
        label=label,
        algorithm=algorithm,
        flags=role.flags,
        public=public,
        private=private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _private_key(algorithm: int, entropy: bytes) -> PrivateKey:
    if algorithm == ECDSAP256SHA256:
        scalar = int.from_bytes(entropy) % (_P256_ORDER - 1) + 1
        return ec.derive_private_key(scalar, ec.SECP256R1())
    if algorithm == ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(entropy[:32])
    if algorithm == RSASHA256:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    message = f"the sandbox cannot make keys of algorithm {algorithm}"
    raise ValueError(message)


def load_private(key: HeldKey) -> PrivateKey:
    """Return the private key of a key that is held here."""
    if key.private is None:
        message = f"no private key for {key.label} of {key.zone}"
        raise ValueError(message)
    private = serialization.load_der_private_key(key.private, password=None)
    if not isinstance(private, PrivateKey):
        message = f"unexpected kind of private key for {key.label}"
        raise TypeError(message)
    return private


def dnskey(key: HeldKey) -> DNSKEY:
    """Return the DNSKEY record of a key."""
    arguments = (dns.rdataclass.IN, dns.rdatatype.DNSKEY, key.flags, 3, key.algorithm, key.public)
    return DNSKEY(*arguments)  # type: ignore[no-untyped-call]  # dnspython leaves it untyped


def tag(key: HeldKey) -> int:
    """Return the key tag (RFC 4034 appendix B)."""
    return key_tag(dnskey_rdata(key.flags, key.algorithm, key.public))


def tags(keys: Iterable[HeldKey]) -> set[tuple[int, int]]:
    """Return the (algorithm, tag) pairs that are taken."""
    return {(key.algorithm, tag(key)) for key in keys}


def ds_text(
    zone: str, *, flags: int, algorithm: int, public_key: bytes, digest_type: int = 2
) -> str:
    """Return the DS of a DNSKEY in presentation form, lower case (RFC 4034 §5.3)."""
    owner = dns.name.from_text(zone).canonicalize().to_digestable()
    rdata = dnskey_rdata(flags, algorithm, public_key)
    digest = hashlib.new(_DIGESTS[digest_type], owner + rdata).hexdigest()
    return f"{key_tag(rdata)} {algorithm} {digest_type} {digest}"


_DIGESTS = {1: "sha1", 2: "sha256", 4: "sha384"}
DIGEST_TYPES = frozenset(_DIGESTS)
"""DS digest types that the world's registries take (IANA: SHA-1, SHA-256, SHA-384)."""

DELETE_CDS = frozenset({"0 0 0 00"})
DELETE_CDNSKEY = frozenset({"0 3 0 AA=="})
"""The form that asks the parent to remove every DS (RFC 8078 §4)."""
