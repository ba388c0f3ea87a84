"""Certificates, made here and now: of an authority, of a server and of its callers."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


class Files(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path


def uri(text: str) -> x509.GeneralName:
    """A URI among the names of a certificate."""
    return x509.UniformResourceIdentifier(text)


def dns(text: str) -> x509.GeneralName:
    """A DNS name among the names of a certificate."""
    return x509.DNSName(text)


HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


class Authority:
    """Signs certificates, and writes them into a folder."""

    def __init__(self, folder: Path, name: str = "Harbour Kitchen") -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        made = _builder(self._name, self._name, self._key.public_key(), timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
        self.certificate = folder / f"{name}.ca.pem"
        self.certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        name: str,
        *names: x509.GeneralName,
        use: x509.ObjectIdentifier = CLIENT,
        good: timedelta = timedelta(hours=1),
    ) -> Files:
        """A certificate for `names`, in files that are called `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_named(name), self._name, key.public_key(), good)
        made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(issuer, critical=False)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        files = Files(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        signed = made.sign(self._key, hashes.SHA256())
        files.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
        files.key.chmod(0o600)
        return files

    def trusted(self, shown: Files | None = None) -> ssl.SSLContext:
        """What a client connects with that trusts this authority, and shows a certificate if it has one."""
        context = ssl.create_default_context(cafile=self.certificate)
        if shown is not None:
            context.load_cert_chain(*shown)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, good: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    begins = min(now, now + good) - timedelta(hours=1)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return made.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(now + good)
