"""Content Credentials (C2PA): a mark that is signed with a key of the user's, by the extra `c2pa`."""

import io
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.configuration import ConfigurationError
from saddlepoint.marks.containers import mark_in
from saddlepoint.marks.mark import VOCABULARY, Mark
from saddlepoint.storage.files import read_bytes, write_atomically

#: Media types by a file's ending.
_TYPES = {
    **{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jfif": "image/jpeg", ".webp": "image/webp"},
    **{".tif": "image/tiff", ".tiff": "image/tiff", ".gif": "image/gif", ".wav": "audio/wav"},
}
#: Bytes of a file of keys, and of one that is read for its credentials.
_KEY_BYTES, _FILE_BYTES = 1 << 20, 1 << 30
_KEY, _CHAIN = b"PRIVATE KEY-----", b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class Credentials:
    """A private key with the certificates that vouch for it.

    Attributes:
        algorithm: es256, es384, es512, ps256 or ed25519.
        key: PEM.
        chain: PEM, the key's own certificate first.
    """

    algorithm: str
    key: bytes
    chain: bytes

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """From one PEM file with the certificates and the key, not encrypted.

        Raises:
            ConfigurationError: the extra is not installed, or the file holds no such pair.
        """
        try:
            import c2pa  # noqa: F401
            from cryptography.hazmat.primitives import serialization
        except ImportError as error:
            raise ConfigurationError("files are signed with c2pa: pip install 'saddlepoint[c2pa]'") from error
        data = read_bytes(path, _KEY_BYTES)
        blocks = [b"-----BEGIN " + part.strip() + b"\n" for part in data.split(b"-----BEGIN ")[1:]]
        keys = [block for block in blocks if _KEY in block]
        chain = b"".join(block for block in blocks if block.startswith(_CHAIN))
        if len(keys) != 1 or not chain:
            raise ConfigurationError(
                f"{path} has {len(keys)} private keys and {chain.count(_CHAIN)} certificates: give one PEM file with "
                f"your certificates and their key"
            )
        try:
            key = serialization.load_pem_private_key(keys[0], None)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"the private key in {path} can't be read: {error}") from error
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(_algorithm(key, path), pem, chain)

    def can_sign(self, path: Path) -> bool:
        """Whether a file's format takes credentials."""
        return path.suffix.lower() in _TYPES

    def sign(self, path: Path) -> None:
        """Sign a marked file, in place, whole or as it was. Two signatures of a file differ, by chance.

        Raises:
            ConfigurationError: the file has no mark, or the library refuses the key.
        """
        import c2pa

        mark = mark_in(path)
        if mark is None:
            raise ConfigurationError(f"{path} has no mark that could be signed")
        info = c2pa.C2paSignerInfo(self.algorithm.encode(), self.chain, self.key, None)
        signed = io.BytesIO()
        try:
            with (
                closing(c2pa.Signer.from_info(info)) as signer,
                closing(c2pa.Builder(json.dumps(_manifest(mark, path)))) as builder,
                path.open("rb") as given,
            ):
                builder.sign(signer, _TYPES[path.suffix.lower()], given, signed)
        except c2pa.C2paError as error:
            raise ConfigurationError(f"{path} could not be signed: {error}") from error
        write_atomically(path, signed.getvalue())


def _algorithm(key: Any, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    known = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in known:
        return known[key.curve.name]
    raise ConfigurationError(f"the key in {path} is of a kind that C2PA lacks: give ed25519, RSA, or P-256 to P-521")


def _manifest(mark: Mark, path: Path) -> dict[str, Any]:
    created = {"action": "c2pa.created", "digitalSourceType": VOCABULARY + mark.kind}
    return {
        "title": path.name,
        "format": _TYPES[path.suffix.lower()],
        "claim_generator_info": [{"name": mark.software, "version": mark.version}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": "org.saddlepoint.mark", "data": mark.plain()},
        ],
    }


def credentials_in(path: Path) -> dict[str, Any] | None:
    """What a file's Content Credentials say: `valid`, `signed_by`, `problems`; None without any, or without the extra.

    A certificate that no list of trust names is no problem here: whom to trust is the reader's affair.
    """
    form = _TYPES.get(path.suffix.lower())
    if form is None:
        return None
    try:
        import c2pa
    except ImportError:
        return None
    try:
        with closing(c2pa.Reader(form, io.BytesIO(read_bytes(path, _FILE_BYTES)))) as reader:
            found = json.loads(reader.json())
    except (c2pa.C2paError, OSError, ValueError):
        return None
    own = found.get("manifests", {}).get(found.get("active_manifest"), {})
    problems = [
        str(one.get("code"))
        for one in found.get("validation_status", [])
        if one.get("code") != "signingCredential.untrusted"
    ]
    return {
        "valid": not problems,
        "signed_by": own.get("signature_info", {}).get("common_name") or own.get("signature_info", {}).get("issuer"),
        "problems": problems,
    }
