"""Certificates and keys made on the fly: an issuer, and a signer that it vouches for."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

SIGNER = "Signer-of-the-tests"
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Papers:
    """Paths of PEM files: the certificates, the signer's first, and the signer's key."""

    certificate: Path
    key: Path


def key_of(kind: str) -> Any:
    match kind:
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "weak rsa":
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)
        case _:
            curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
            return ec.generate_private_key({**curves, "k256": ec.SECP256K1()}[kind])


def written_key(path: Path, key: Any, passphrase: bytes | None = None) -> Path:
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        locked = serialization.BestAvailableEncryption(passphrase)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, form, locked))
    return path


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def root(key: Any, now: datetime.datetime) -> x509.Certificate:
    """The issuer's own certificate."""
    signs = [False, False, False, False, False, True, True, False, False]
    return (
        x509.CertificateBuilder()
        .subject_name(named("Issuer"))
        .issuer_name(named("Issuer"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.KeyUsage(*signs), True)
        .sign(key, hashes.SHA256())
    )


def papers(
    folder: Path,
    kind: str = "p256",
    *,
    begins: datetime.timedelta = -DAY,
    ends: datetime.timedelta = 30 * DAY,
    usage: bool = True,
    asks: str = "",
) -> Papers:
    """A signer's certificate and key in `folder`. `begins`, `ends`: from now. `usage`: with what
    C2PA asks for. `asks`: the address at which to ask whether it was called back."""
    folder.mkdir(exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)
    key, issuer = key_of(kind), key_of("p256")
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(SIGNER))
        .issuer_name(named("Issuer"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False
        )
    )
    if usage:
        signs = [True, *[False] * 8]
        builder = builder.add_extension(x509.KeyUsage(*signs), True).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), True
        )
    if asks:
        where = x509.UniformResourceIdentifier(asks)
        ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([ocsp]), False)
    made = builder.sign(issuer, hashes.SHA256())
    certificate, pem = folder / "certificate.pem", serialization.Encoding.PEM
    certificate.write_bytes(made.public_bytes(pem) + root(issuer, now).public_bytes(pem))
    return Papers(certificate, written_key(folder / "key.pem", key))
