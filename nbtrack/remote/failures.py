"""What went wrong at an object store, in words for the person who has to mend it."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._environment import secret_variables
from .opening import PREFIXES, proxy_for, scheme_of

CREDENTIALS = {
    "AWS_": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for what is"
    " public",
    "GOOGLE_": "GOOGLE_APPLICATION_CREDENTIALS, or GOOGLE_SKIP_SIGNATURE=true for what is public",
    "AZURE_": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY",
}


class Failure(NamedTuple):
    """A failure.

    Attributes:
        cause: What happened.
        remedy: What to do about it; empty if nobody knows.
        passing: It may work later, without anybody doing anything.
        busy: The store wants fewer requests.
    """

    cause: str
    remedy: str
    passing: bool
    busy: bool = False


class _Known(NamedTuple):
    pattern: re.Pattern[str]
    cause: str
    remedy: str
    passing: bool = False
    busy: bool = False


def _known(
    pattern: str, cause: str, remedy: str, *, passing: bool = False, busy: bool = False
) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), cause, remedy, passing, busy)


_LATER = "Try again later."
# The first that is found in what the store answered, ``status code message``; or in the text of the
# error, if it did not. ``{prefix}`` is AWS_, GOOGLE_ or AZURE_.
_ANSWERS = (
    _known(
        "^407",
        "the proxy wants a name and a password",
        "Write them in HTTPS_PROXY, http://name:password@host:port, or name the host in NO_PROXY.",
    ),
    _known(
        "to (an? )?HTTPS (server|port)",
        "the endpoint has TLS",
        "Write https:// in {prefix}ENDPOINT_URL.",
    ),
    _known(
        "RequestTimeTooSkewed|clock skew|RequestExpired|Request has expired",
        "this machine's clock differs from the server's",
        "Set the clock.",
    ),
    _known(
        "^429|SlowDown|TooManyRequests|ServerBusy|RequestLimitExceeded|rate limit",
        "the store asks to slow down",
        "Try again later, or with a lower --concurrency.",
        passing=True,
        busy=True,
    ),
    _known(
        "NoSuchBucket|bucket does not exist|ContainerNotFound|container does not exist",
        "there is no such bucket",
        "Make it, or check the URL.",
    ),
    _known(
        "^301|PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint",
        "the bucket is in another region",
        "Set {prefix}REGION to the bucket's.",
    ),
    _known(
        "^507|InsufficientStorage|InsufficientCapacity|Quota|StorageFull|storage full|no space",
        "the store has no room left",
        "Free some, or have the quota raised. Then sync again.",
    ),
    _known(
        "^413|EntityTooLarge|RequestBodyTooLarge|object.*too large",
        "the store does not take objects that large",
        "Leave them out with --exclude, or with --no-artifacts.",
    ),
    _known(
        "^401|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|Unauthorized"
        "|Unauthenticated|AuthenticationFailed|InvalidAuthenticationInfo",
        "the store does not know who asks",
        "Credentials come from the environment: {credentials}.",
    ),
    _known(
        "^403",
        "these credentials may not do that",
        "They need to list, read and write below this URL.",
    ),
    _known(
        "^404|^405", "no object store is at the endpoint", "Check the URL and {prefix}ENDPOINT_URL."
    ),
    _known("^408|RequestTimeout", "the store did not answer in time", _LATER, passing=True),
    _known("^409|^412", "somebody else changes the same object", _LATER, passing=True),
    # A server that is overloaded may say when to come back.
    _known(
        "^501|NotImplemented",
        "the store does not know such a request",
        "Tables need a store that can put an object only where none is (If-None-Match).",
    ),
    _known("^503", "the store failed", _LATER, passing=True, busy=True),
    _known("^5", "the store failed", _LATER, passing=True),
)
_ERRORS = (
    _known(
        "api/token|token request|Account must be specified|missing credential",
        "the store does not know who asks",
        "Credentials come from the environment: {credentials}.",
    ),
    _known(
        "ETag Header missing|extract metadata from headers",
        "no object store is at the endpoint",
        "Check the URL and {prefix}ENDPOINT_URL.",
    ),
    _known(
        "service account|Invalid Access Key",
        "the credentials cannot be used",
        "Credentials come from the environment: {credentials}.",
    ),
    _known(
        "scheme is not allowed|BadScheme",
        "the endpoint has no TLS",
        "Set {prefix}ALLOW_HTTP=true if that is meant.",
    ),
    _known(
        "builder error|Config error|failed to parse(?! parquet)|InvalidUri",
        "an option of the connection cannot be used",
        "Check the variables that begin with {prefix}, and those of proxies.",
    ),
    _known(
        "redirect without LOCATION",
        "the bucket is in another region",
        "Set {prefix}REGION to the bucket's.",
    ),
    _known(
        "certificate.{0,40}(expired|not ?valid ?yet)|Expired|NotValidYet",
        "the server's certificate is not valid at this time",
        "Check this machine's clock; else the server needs a new one.",
    ),
    _known(
        "NotValidForName",
        "the server's certificate is that of another host",
        "Check {prefix}ENDPOINT_URL.",
    ),
    _known(
        "certificate|UnknownIssuer|InvalidCertificate",
        "the server's certificate is not trusted",
        "Name the authority in SSL_CERT_FILE, or set {prefix}ALLOW_INVALID_CERTIFICATES=true.",
    ),
    _known(
        "InvalidContentType|InvalidMessage|tls handshake",
        "the endpoint does not speak TLS",
        "Write http:// in {prefix}ENDPOINT_URL and set {prefix}ALLOW_HTTP=true if that is meant.",
    ),
    _known(
        "ProxyAuthRequired",
        "the proxy wants a name and a password",
        "Write them in HTTPS_PROXY, http://name:password@host:port, or name the host in NO_PROXY.",
    ),
    _known(
        "TunnelUnsuccessful|unsuccessful tunnel|proxy connect",
        "the proxy did not connect to the host",
        "Check HTTPS_PROXY, or name the host in NO_PROXY.",
        passing=True,
    ),
    _known(
        "dns error|lookup address|name or service not known|no such host",
        "the host has no address",
        "Check the URL, {prefix}ENDPOINT_URL and the network's DNS.",
        passing=True,
    ),
    _known(
        "connection refused|tcp connect error|unreachable",
        "nobody answers at the endpoint",
        "Check {prefix}ENDPOINT_URL and that the server runs.",
        passing=True,
    ),
    _known(
        "os error 28|os error 122|StorageFull|QuotaExceeded",
        "the disk there has no room left",
        "Free some, or have the quota raised. Then sync again.",
    ),
    _known("os error 27", "a file is too large for the disk there", "Use another disk."),
    _known(
        "os error 13|os error 1\\b|os error 30|Permission denied|ReadOnlyFilesystem",
        "this folder may not be written",
        "Make it writable, or use another folder.",
    ),
    _known(
        "os error 2\\b|os error 20|os error 17|Not a directory",
        "this folder cannot be made",
        "Check the path, and that the disk is mounted.",
    ),
    _known(
        "timed out|timeout|TimedOut|deadline",
        "the store did not answer in time",
        "Try again later, or with a lower --concurrency.",
        passing=True,
    ),
    _known(
        "connection (closed|reset|error)|broken pipe|end of file|error sending request"
        "|incomplete message|error decoding response|body error|UnexpectedEof",
        "the connection broke",
        _LATER,
        passing=True,
    ),
)
# What a proxy may be to blame for.
_OF_CONNECTING = ("the host has no address", "nobody answers at the endpoint")
_ANSWERED = re.compile(r"status code: (\d{3})[^:\n]*:?\s?(.*)", re.DOTALL)
_CODE = re.compile(r"<Code>([^<]*)</Code>|\"(?:code|status|reason)\": ?\"([^\"]*)\"")
_MESSAGE = re.compile(r"<Message>(.*?)</Message>|\"message\": ?\"([^\"]*)\"", re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_ASKED = re.compile(r"performing \w+ (\w+://[^\s?]+)")
_PATIENCE = re.compile(
    r" in [\d.]+[mµn]?s(, after \d+ retries, max_retries: \d+, retry_timeout: \S+)?(?= |$)"
    r"|max_retries: \d+|retry_timeout: \S+|elapsed: \S+"
)
_LONGEST = 200
# What is shorter may be part of any word.
_SECRET = 6


def explained(url: str, error: BaseException) -> Failure:
    """What an error of obstore's means."""
    prefix = PREFIXES.get(scheme_of(url), "")
    said = in_words(error)
    asked = _ASKED.search(str(error))
    known = _find(error)
    if known is None:
        return Failure(said, "", passing=False)
    cause, remedy = known.cause, known.remedy
    if asked and cause in _OF_CONNECTING and (proxy := proxy_for(asked[1], prefix)):
        cause = f"the proxy {proxy} cannot be reached"
        remedy = "Check HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY."
    elif asked and cause == "the connection broke" and asked[1].startswith("http://"):
        remedy = f"{_LATER} If the server wants TLS, write https:// in {{prefix}}ENDPOINT_URL."
    remedy = remedy.format(prefix=prefix, credentials=CREDENTIALS.get(prefix, ""))
    return Failure(f"{cause}: {said}", remedy, known.passing, known.busy)


def _find(error: BaseException) -> _Known | None:
    text = str(error).partition("Debug source:")[0]
    answered = _ANSWERED.search(text)
    # Who one is is asked elsewhere: what is answered there is about credentials.
    if answered is None or _ERRORS[0].pattern.search(text):
        # Addresses may have any words and numbers in them, and its own patience is no cause.
        text = _PATIENCE.sub("", re.sub(r"\w+://(?!\S*api/token)\S+", "", str(error)))
        text = f"{type(error).__name__}: {text}"
        return next((known for known in _ERRORS if known.pattern.search(text)), None)
    status, body = answered.groups()
    code, message = _first(_CODE, body), _first(_MESSAGE, body) or body[:_LONGEST]
    text = f"{status} {code} {message}"
    return next((known for known in _ANSWERS if known.pattern.search(text)), None)


def in_words(error: BaseException) -> str:
    """What obstore says, in a line, without what is secret.

    An answer is its message alone: others of its parts may quote headers and what was signed.
    """
    text = _PATIENCE.sub("", str(error).partition("Debug source:")[0])
    answered = _ANSWERED.search(text)
    if answered:
        body = answered[2].strip()
        said = _first(_MESSAGE, body) or _first(_CODE, body) or _first(_TITLE, body)
        if not said and not body.startswith(("<", "{")):
            said = body[:_LONGEST]
        text = text[: answered.start(2)].rstrip(": \n") + (f": {said}" if said else "")
    return _without_secrets(" ".join(text.split()).rstrip(": "))


def _without_secrets(text: str) -> str:
    """Without queries, which may be signatures, passwords in addresses, and what variables say."""
    text = re.sub(r"\?\S*", "", text)
    text = re.sub(r"(\w+://)[^/\s@]*@", r"\1", text)
    for value in secret_variables().values():
        if len(value) >= _SECRET:
            text = text.replace(value, "***")
    return text


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return next(filter(None, found.groups()), "") if found else ""
