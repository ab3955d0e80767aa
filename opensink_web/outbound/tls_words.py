"""Why there is no secure connection, and what to do about it, instead of OpenSSL's words.

https://docs.openssl.org/3.0/man1/openssl-verification-options/ lists the verification's codes.
"""

import ssl

from opensink_web.outbound.destination import Destination

_VERIFICATION = {
    9: "is not valid yet. Check the clocks of both machines",
    10: "has expired. Renew it",
    18: "is signed by nobody but itself",
    19: "is signed by an authority that is not known here",
    20: "is signed by an authority that is not known here, or is sent without those in between",
    21: "is signed by an authority that is not known here, or is sent without those in between",
    62: "is for another name",
    64: "is for another address",
}
_UNKNOWN_AUTHORITY = frozenset((18, 19, 20, 21))
_NO_TLS = frozenset(
    (
        *("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"),
        *(
            "PACKET_LENGTH_TOO_LONG",
            "RECORD_LAYER_FAILURE",
            "RECORD_TOO_SMALL",
            "BAD_PACKET_LENGTH",
        ),
    )
)
_OLD = frozenset(
    ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW", "DH_KEY_TOO_SMALL")
)
_WANTS_CERTIFICATE = frozenset(
    (
        *("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE"),
        *("TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN"),
    )
)
_UNKNOWN_NAME = frozenset(("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME"))


def verification_sentence(error: ssl.SSLCertVerificationError, destination: Destination) -> str:
    """Say why a certificate does not count."""
    why = _VERIFICATION.get(error.verify_code)
    if why is None:
        reason = error.verify_message.rstrip(".")
        return f"The certificate of {destination.host} could not be verified: {reason}."
    sentence = f"The certificate of {destination.host} {why}."
    if error.verify_code not in _UNKNOWN_AUTHORITY:
        return sentence
    return (
        f"{sentence} Whoever runs this server can have it trust more authorities with "
        "OUTBOUND_CA_BUNDLE."
    )


def handshake_sentence(reason: str | None, destination: Destination) -> str:
    """Say why a handshake failed; `reason` is OpenSSL's name for it."""
    place = place_of(destination)
    if reason in _NO_TLS:
        return (
            f"{place} does not speak HTTPS: what answers there is plain HTTP or something else. "
            "Write http:// in the URL, or the port of HTTPS."
        )
    if reason in _OLD:
        return f"{place} speaks only old versions of TLS. OpenSink needs TLS 1.2 or later."
    if reason in _WANTS_CERTIFICATE:
        return f"{place} wants a certificate of its callers, and OpenSink has none to send."
    if reason in _UNKNOWN_NAME:
        return f"{place} does not know the name {destination.host}: it has no certificate for it."
    words = (reason or "the handshake failed").replace("_", " ").lower()
    return f"There is no secure connection to {place}: {words}."


def place_of(destination: Destination) -> str:
    """Return host and port."""
    if ":" in destination.host:
        return f"[{destination.host}]:{destination.port}"
    return f"{destination.host}:{destination.port}"
