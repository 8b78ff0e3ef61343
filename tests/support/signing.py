"""Pictures with real Content Credentials, signed by a chain of certificates made here, and the verdict on them.

Both sides are the reference implementation's; must not import chargen.
"""

from __future__ import annotations

import datetime
import io
import json

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image


def certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, authority: bool
) -> bytes:
    """Make one certificate of the chain, with the extensions that C2PA demands of a signer."""

    def named(text: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Wonderland Tests")
        return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage),
            critical=True,
        )
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def signer() -> tuple[bytes, bytes]:
    """Give a certificate chain and the private key of its leaf, both PEM."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain = certificate("leaf", "root", leaf, root, authority=False) + certificate(
        "root", "root", root, root, authority=True
    )
    key = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return chain, key


def signed(by_whom: tuple[bytes, bytes], form: str, width: int, height: int) -> bytes:
    """Return a picture with a credential made by the reference implementation."""
    plain, out = io.BytesIO(), io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(plain, form)
    plain.seek(0)
    created = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    }
    manifest = {
        "claim_generator_info": [{"name": "tests", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}],
    }
    with c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", *by_whom, None)) as by, c2pa.Builder(manifest) as builder:
        builder.sign(by, f"image/{form.lower()}", plain, out)
    return out.getvalue()


def state(data: bytes) -> str | None:
    """Ask the reference implementation: `Valid`, `Invalid`, or None where there is no credential."""
    try:
        with c2pa.Reader("image/png", io.BytesIO(data)) as reader:
            found = json.loads(reader.json())["validation_state"]
            return str(found)
    except c2pa.C2paError.ManifestNotFound:
        return None
