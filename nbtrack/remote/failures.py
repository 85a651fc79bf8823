"""What went wrong at an object store, in words for the person who has to mend it."""

from __future__ import annotations

import re
from typing import NamedTuple

from .opening import PREFIXES, scheme_of

CREDENTIALS = {
    "AWS_": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for what is"
    " public",
    "GOOGLE_": "GOOGLE_APPLICATIONCREDENTIALS, or GOOGLE_SKIP_SIGNATURE=true for what is public",
    "AZURE_": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY",
}


class Failure(NamedTuple):
    """A failure.

    Attributes:
        cause: What happened.
        remedy: What to do about it; empty if nobody knows.
        passing: It may work later, without anybody doing anything.
    """

    cause: str
    remedy: str
    passing: bool


class _Known(NamedTuple):
    pattern: re.Pattern[str]
    cause: str
    remedy: str
    passing: bool = False


def _known(pattern: str, cause: str, remedy: str, *, passing: bool = False) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), cause, remedy, passing)


# The first that is found in the text of the error. ``{prefix}`` is AWS_, GOOGLE_ or AZURE_.
_KNOWN = (
    _known(
        "builder error|URL scheme is not allowed",
        "the endpoint has no TLS",
        "Set {prefix}ALLOW_HTTP=true if that is meant.",
    ),
    _known(
        "dns error|lookup address|name or service not known|no such host",
        "the host has no address",
        "Check the URL, {prefix}ENDPOINT and the network's DNS.",
        passing=True,
    ),
    _known(
        "certificate|UnknownIssuer|tls handshake|InvalidCertificate",
        "the server's certificate is not trusted",
        "Name the authority in SSL_CERT_FILE, or set {prefix}ALLOW_INVALID_CERTIFICATES=true.",
    ),
    _known(
        "proxy|unsuccessful tunnel",
        "the proxy did not connect",
        "Check HTTPS_PROXY, or name the host in NO_PROXY.",
        passing=True,
    ),
    _known(
        "RequestTimeTooSkewed|clock skew|RequestExpired",
        "this machine's clock differs from the server's",
        "Set the clock.",
    ),
    _known(
        "\\b429\\b|TooManyRequests|SlowDown|rate limit",
        "the store asks to slow down",
        "Try again later, or with a lower --concurrency.",
        passing=True,
    ),
    _known(
        "NoSuchBucket|bucket does not exist|ContainerNotFound",
        "there is no such bucket",
        "Make it, or check the URL.",
    ),
    _known(
        "InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|Unauthorized|\\b401\\b"
        "|Unauthenticated|AuthenticationFailed|api/token|token request|Account must be specified",
        "the store does not know who asks",
        "Credentials come from the environment: {credentials}.",
    ),
    _known(
        "AccessDenied|PermissionDenied|\\b403\\b|Forbidden",
        "these credentials may not do that",
        "They need to list, read and write below this URL.",
    ),
    _known(
        "connection refused|tcp connect error",
        "nobody answers at the endpoint",
        "Check {prefix}ENDPOINT and that the server runs.",
        passing=True,
    ),
    _known(
        "timed out|timeout|deadline",
        "the store did not answer in time",
        "Try again later.",
        passing=True,
    ),
    _known(
        "NotImplemented|\\b501\\b",
        "the store does not know such a request",
        "Tables need a store that can put an object only where none is (If-None-Match).",
    ),
    _known(
        "\\b50[0-9]\\b|InternalError|ServiceUnavailable|server error",
        "the store failed",
        "Try again later.",
        passing=True,
    ),
    _known(
        "connection (closed|reset|error)|broken pipe|end of file|error sending request"
        "|incomplete message|error decoding response",
        "the connection broke",
        "Try again later.",
        passing=True,
    ),
)


def explained(url: str, error: BaseException) -> Failure:
    """What an error of obstore's means."""
    # Addresses may have any words and numbers in them, and its own patience is no cause.
    text = re.sub(r"\w+://\S+|max_retries: \d+|retry_timeout: \S+", "", str(error))
    text = f"{type(error).__name__}: {text}"
    prefix = PREFIXES.get(scheme_of(url), "")
    for known in _KNOWN:
        if known.pattern.search(text):
            remedy = known.remedy.format(prefix=prefix, credentials=CREDENTIALS.get(prefix, ""))
            return Failure(f"{known.cause}: {in_words(error)}", remedy, known.passing)
    return Failure(in_words(error), "", passing=False)


def in_words(error: BaseException) -> str:
    """What obstore says, in a line without queries, which may be signatures."""
    text = str(error).partition("Debug source:")[0]
    text = re.sub(
        r" in [\d.]+m?s, after \d+ retries, max_retries: \d+, retry_timeout: \S+", "", text
    )
    said = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    text = re.sub(r"\?\S*", "", text.partition("<?xml")[0])
    return f"{' '.join(text.split()).rstrip(': ')}{f': {said[1]}' if said else ''}"
