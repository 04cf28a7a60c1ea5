from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import ApprovalError
from reconciler.governance.statement import NAMESPACE
from reconciler.ledger.sshsig import sign, signature_problem

TEXT = '{"digest":"sha256:aa","person":"änn"}'

needs_ssh_keygen = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"
)

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def save(key: PrivateKey, path: Path) -> str:
    """Write an OpenSSH private key and return its public line."""
    hidden = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, hidden)
    )
    path.chmod(0o600)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return f"{public.decode()} somebody"


KEYS: dict[str, PrivateKey] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa-256": ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-384": ec.generate_private_key(ec.SECP384R1()),
    "ecdsa-521": ec.generate_private_key(ec.SECP521R1()),
    "rsa-2048": rsa.generate_private_key(65537, 2048),
}


def test_what_is_signed_verifies(tmp_path: Path) -> None:
    public = save(KEYS["ed25519"], tmp_path / "key")
    armoured = sign(TEXT, tmp_path / "key", NAMESPACE)
    assert signature_problem(TEXT, armoured, public, NAMESPACE) is None


def test_another_text_key_or_namespace_does_not_verify(tmp_path: Path) -> None:
    public = save(KEYS["ed25519"], tmp_path / "key")
    other = save(ed25519.Ed25519PrivateKey.generate(), tmp_path / "other")
    armoured = sign(TEXT, tmp_path / "key", NAMESPACE)
    assert signature_problem(TEXT + " ", armoured, public, NAMESPACE) == "it does not fit the text"
    assert signature_problem(TEXT, armoured, other, NAMESPACE) == "it was made with another key"
    problem = signature_problem(TEXT, sign(TEXT, tmp_path / "key", "git"), public, NAMESPACE)
    assert problem == "it was made for the namespace `git`, not `reconcile-approval@v1`"


@given(st.data())
def test_no_changed_byte_verifies(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        public = save(KEYS["ed25519"], Path(folder, "key"))
        armoured = sign(TEXT, Path(folder, "key"), NAMESPACE)
    first, *body, last = armoured.strip().splitlines()
    blob = bytearray(base64.b64decode("".join(body)))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    changed = "\n".join([first, base64.b64encode(blob).decode(), last])
    assert signature_problem(TEXT, changed, public, NAMESPACE) is not None


@pytest.mark.parametrize(
    "armoured",
    [
        "",
        "hello",
        "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n====\n-----END SSH SIGNATURE-----\n",
    ],
)
def test_nonsense_is_no_signature(armoured: str) -> None:
    assert signature_problem(TEXT, armoured, "ssh-ed25519 AAAA", NAMESPACE) is not None


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-ed25519 AAAA"])
def test_a_public_key_that_cannot_be_read_verifies_nothing(tmp_path: Path, line: str) -> None:
    save(KEYS["ed25519"], tmp_path / "key")
    assert signature_problem(TEXT, sign(TEXT, tmp_path / "key", NAMESPACE), line, NAMESPACE)


def test_only_ed25519_keys_sign_here_and_others_are_told_how(tmp_path: Path) -> None:
    save(KEYS["ecdsa-256"], tmp_path / "key")
    with pytest.raises(ApprovalError) as error:
        sign(TEXT, tmp_path / "key", NAMESPACE)
    assert "ssh-keygen -Y sign" in error.value.diagnostics[0].hint
    with pytest.raises(ApprovalError):
        sign(TEXT, tmp_path / "missing", NAMESPACE)


@needs_ssh_keygen
def test_ssh_keygen_verifies_what_is_signed_here(tmp_path: Path) -> None:
    public = save(KEYS["ed25519"], tmp_path / "key")
    (tmp_path / "sig").write_text(sign(TEXT, tmp_path / "key", NAMESPACE))
    (tmp_path / "allowed").write_text(f'ann@example.com namespaces="{NAMESPACE}" {public}\n')
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "ann@example.com"]
    command += ["-n", NAMESPACE, "-s", "sig"]
    done = subprocess.run(
        command, cwd=tmp_path, input=TEXT.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@needs_ssh_keygen
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_what_ssh_keygen_signs_verifies_here(tmp_path: Path, kind: str, hash_name: str) -> None:
    public = save(KEYS[kind], tmp_path / "key")
    (tmp_path / "text").write_text(TEXT)
    command = ["ssh-keygen", "-Y", "sign", "-f", "key", "-n", NAMESPACE]
    command += ["-O", f"hashalg={hash_name}", "text"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    armoured = (tmp_path / "text.sig").read_text()
    assert signature_problem(TEXT, armoured, public, NAMESPACE) is None
    assert signature_problem(TEXT + "x", armoured, public, NAMESPACE) is not None


@needs_ssh_keygen
def test_a_key_with_a_passphrase_is_refused_and_told_how(tmp_path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", "key"]
    subprocess.run(command, cwd=tmp_path, check=True)
    with pytest.raises(ApprovalError) as error:
        sign(TEXT, tmp_path / "key", NAMESPACE)
    assert "passphrase" in error.value.diagnostics[0].hint
