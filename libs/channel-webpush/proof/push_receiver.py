"""A browser's half of Web Push that shares no code with the sender: http-ece opens the body, PyJWT checks the VAPID token.

`subscribe` prints a new subscription and its private key. `open` reads {subscription, request} from standard input and prints
what the message says. Anything wrong ends with a traceback and exit code 1.
"""

import base64
import json
import os
import sys

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def subscribe() -> dict:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    return {"p256dh": encode(point), "auth": encode(os.urandom(16)), "private": encode(secret)}


def open_message(subscription: dict, request: dict) -> dict:
    key = ec.derive_private_key(int.from_bytes(decode(subscription["private"]), "big"), ec.SECP256R1())
    headers = request["headers"]
    plaintext = http_ece.decrypt(
        decode(request["body"]),
        private_key=key,
        auth_secret=decode(subscription["auth"]),
        version=headers["content-encoding"],
    )

    scheme, _, parameters = headers["authorization"].partition(" ")
    assert scheme == "vapid", scheme
    fields = dict(part.strip().split("=", 1) for part in parameters.split(","))
    point = decode(fields["k"])
    signer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(
        fields["t"],
        signer,
        algorithms=["ES256"],
        audience=request["origin"],
        options={"require": ["exp", "aud", "sub"]},
    )
    return {"plaintext": plaintext.decode("utf-8"), "claims": claims, "key": encode(point)}


if sys.argv[1] == "subscribe":
    print(json.dumps(subscribe()))
else:
    print(json.dumps(open_message(**json.load(sys.stdin))))
