"""What a secret looks like: the detectors of detect-secrets, and those that it has not.

Imported only when a text may hold one: detect-secrets brings an HTTP client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from detect_secrets.filters.heuristic import (
    is_not_alphanumeric_string,
    is_prefixed_with_dollar_sign,
    is_sequential_string,
    is_templated_secret,
)
from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

_STRONG = (
    r"(?:api|access|account|auth|client|secret|service|private|master|license|signing|encryption)"
    r"[_-]?key|apikey|secret|passw(?:or)?d|passwd|passphrase|pwd|credentials?"
)
_WORD = rf"(?:(?P<strong>{_STRONG})|token)\d{{0,2}}"
_SIGN = r"[\\\"'`\])]{0,4}\s{0,4}(?::=|=>|={1,3}|!==?|:|,(?=\s{0,2}\\?[\"']))\s{0,4}"


class Found(NamedTuple):
    """A secret in a text: from where to where, of which kind, and whether to know it again."""

    start: int
    end: int
    kind: str
    remember: bool


def _pattern(text: str, flags: int = 0) -> tuple[re.Pattern[str], ...]:
    return (re.compile(text, flags),)


class HuggingFaceDetector(RegexBasedDetector):
    secret_type = "Hugging Face Token"
    denylist = _pattern(r"\b(?:hf_[A-Za-z]{30,}|api_org_[A-Za-z]{30,})[A-Za-z0-9]*")


class GoogleDetector(RegexBasedDetector):
    secret_type = "Google API Key"
    denylist = (
        re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
        re.compile(r"\bya29\.[0-9A-Za-z_-]{20,}"),
        re.compile(r"\bGOCSPX-[0-9A-Za-z_-]{28}"),
        re.compile(r"\b1//0[0-9A-Za-z_-]{40,}"),
    )


class ModelProviderDetector(RegexBasedDetector):
    secret_type = "AI Provider Key"
    denylist = (
        re.compile(r"(?<![A-Za-z0-9_-])sk-(?:proj|svcacct|admin|ant|or|lf)-[A-Za-z0-9_-]{16,}"),
        re.compile(
            r"(?<![A-Za-z0-9_-])sk-(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{32,}"
        ),
        re.compile(r"\bgsk_[A-Za-z0-9]{40,}"),
        re.compile(r"\br8_[A-Za-z0-9]{37,}"),
        re.compile(r"\bpplx-[A-Za-z0-9]{40,}"),
        re.compile(r"\bxai-[A-Za-z0-9]{40,}"),
        re.compile(r"\bnvapi-[A-Za-z0-9_-]{40,}"),
        re.compile(r"\bwandb_v1_[A-Za-z0-9_]{40,}"),
    )


class CodeHostDetector(RegexBasedDetector):
    secret_type = "Access Token"
    denylist = (
        re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
        re.compile(r"\bnpm_[A-Za-z0-9]{36}"),
        re.compile(r"\bdapi[a-f0-9]{32}(?:-\d)?"),
        re.compile(r"\bdop_v1_[a-f0-9]{64}"),
        re.compile(r"\b[sr]k_test_[0-9a-zA-Z]{24,}"),
        re.compile(r"\bwhsec_[0-9a-zA-Z+/=]{24,}"),
        re.compile(r"\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{20,}"),
        re.compile(r"\bxox[abposr]-[0-9A-Za-z-]{20,}"),
        re.compile(r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
        re.compile(r"\bhvs\.[A-Za-z0-9_-]{24,}"),
        re.compile(r"\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}"),
        re.compile(r"\blin_api_[A-Za-z0-9]{40}"),
        re.compile(r"\bsecret_[A-Za-z0-9]{43}\b"),
    )


class WandbDetector(RegexBasedDetector):
    secret_type = "W&B API Key"
    denylist = _pattern(
        r"(?:wandb|weights.?(?:&|and).?biases)[^\n]{0,60}?(?<![0-9a-f])([0-9a-f]{40})(?![0-9a-f])",
        re.IGNORECASE,
    )


class AwsSecretDetector(RegexBasedDetector):
    secret_type = "AWS Secret Key"
    denylist = (
        re.compile(
            r"(?:aws|secret)[^\n]{0,30}?key[^\n]{0,20}?"
            r"(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
            re.IGNORECASE,
        ),
        re.compile(r"session.?token\W{1,6}([A-Za-z0-9/+=]{100,})", re.IGNORECASE),
    )


class BearerDetector(RegexBasedDetector):
    secret_type = "Bearer Token"
    denylist = _pattern(
        r"\b(?:bearer|authorization\W{1,4}(?:token|basic))\s+([A-Za-z0-9._~+/=-]{16,})",
        re.IGNORECASE,
    )


class UrlDetector(RegexBasedDetector):
    secret_type = "Credentials in URL"
    denylist = (
        re.compile(r"://:([^@/\s\"'<>{}]{4,})@"),
        re.compile(r"://[^:/?#\[\]@\s\"'<>{}]{1,80}:([^@/\s\"'<>]{3,})@"),
        re.compile(r"://([^:/?#\[\]@\s\"'<>{}]{16,})@"),
        re.compile(
            r"[?&](?:sig|signature|X-Amz-Signature|token|key|apikey)=([A-Za-z0-9%+/=_-]{20,})"
        ),
    )


class PrivateKeyBodyDetector(RegexBasedDetector):
    """The lines between the marks, also where they are written as ``\\n`` in one string."""

    secret_type = "Private Key"
    denylist = _pattern(
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"((?:(?!-----).)+)(?:-----END|\Z|-----)",
        re.DOTALL,
    )


def _is_mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


class WebTokenDetector(RegexBasedDetector):
    """With its signature, which the pattern of detect-secrets may leave."""

    secret_type = "JSON Web Token"
    denylist = _pattern(r"\beyJ[A-Za-z0-9_=-]{8,}\.[A-Za-z0-9_=-]{8,}(?:\.[A-Za-z0-9_.+/=-]*)?")


class _Asked(NamedTuple):
    """A detector, the texts that it is asked about, and what a match has to be besides."""

    detector: RegexBasedDetector
    hints: tuple[str, ...]
    is_one: Callable[[str], bool] = lambda value: True


def _is_given(value: str) -> bool:
    return not _is_placeholder(value)


# The hints are in lower case; every match contains one of them. None: a match has no fixed part.
DETECTORS = (
    _Asked(PrivateKeyBodyDetector(), ("private key",), lambda body: len(body) >= 8),
    _Asked(AWSKeyDetector(), ("akia", "asia", "a3t", "abia", "acca", "aws"), _is_mixed),
    _Asked(ArtifactoryDetector(), ("akc",), lambda value: "AKC" in value and _is_mixed(value)),
    _Asked(AzureStorageKeyDetector(), ("accountkey=",)),
    _Asked(CloudantDetector(), ("cloudant", "cl_", "cl-", "clou")),
    _Asked(DiscordBotTokenDetector(), (), _is_mixed),
    _Asked(GitHubTokenDetector(), ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    _Asked(
        GitLabTokenDetector(),
        (
            *("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "gr1348941", "glcbt-", "glimt-"),
            *("glptt-", "glagent-", "gloas-"),
        ),
    ),
    _Asked(IbmCosHmacDetector(), ("secret",)),
    _Asked(WebTokenDetector(), ("eyj",), lambda value: len(value) >= 40),
    _Asked(MailchimpDetector(), ("-us",), _is_mixed),
    _Asked(NpmDetector(), ("_authtoken",)),
    _Asked(OpenAIDetector(), ("t3blbkfj",)),
    _Asked(PypiTokenDetector(), ("pypi-",)),
    _Asked(SendGridDetector(), ("sg.",)),
    _Asked(SlackDetector(), ("xox", "hooks.slack")),
    _Asked(SoftlayerDetector(), ("softlayer", "sl_", "sl-")),
    _Asked(SquareOAuthDetector(), ("sq0csp",)),
    _Asked(StripeDetector(), ("k_live_",)),
    _Asked(TelegramBotTokenDetector(), (), _is_mixed),
    _Asked(TwilioKeyDetector(), (), _is_mixed),
    _Asked(HuggingFaceDetector(), ("hf_", "api_org_")),
    _Asked(GoogleDetector(), ("aiza", "ya29.", "gocspx", "1//0")),
    _Asked(ModelProviderDetector(), ("sk-", "gsk_", "r8_", "pplx-", "xai-", "nvapi-", "wandb_v1_")),
    _Asked(
        CodeHostDetector(),
        (
            *("github_pat_", "npm_", "dapi", "dop_v1_", "k_test_", "whsec_", "xapp-", "xox"),
            *("shp", "hvs.", "glsa_", "lin_api_", "secret_"),
        ),
    ),
    _Asked(WandbDetector(), ("wandb", "biases")),
    _Asked(AwsSecretDetector(), ("aws", "secret", "session"), _is_mixed),
    _Asked(BearerDetector(), ("bearer", "authorization"), _is_mixed),
    _Asked(UrlDetector(), ("://", "sig=", "signature=", "token=", "key="), _is_given),
    _Asked(BasicAuthDetector(), ("://",), _is_given),
)
NAME_HINTS = ("key", "secret", "passw", "pwd", "token", "passphrase", "credential")

_QUOTED = re.compile(
    rf"{_WORD}{_SIGN}[A-Za-z]{{0,2}}(?P<open>\\?[\"'`])(?P<value>[^\"'`\s\\]{{6,}})(?P=open)",
    re.IGNORECASE,
)
_BARE = re.compile(rf"{_WORD}{_SIGN}(?P<value>[^\s\"'`,;()\[\]{{}}<>\\]{{8,}})", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)+|\$.*")
_PLACEHOLDER = re.compile(
    r"your|example|changeme|placeholder|redacted|dummy|\.\.\.|…|^x+$|^\*+$|^(?:my[_-]?)?"
    rf"(?:{_STRONG}|token)$|^(?:none|null|true|false|required|optional|undefined)$|^[~.]?/",
    re.IGNORECASE,
)
_NAME = re.compile(rf".*?{_WORD}", re.IGNORECASE | re.DOTALL)
_LAST_WORD = re.compile(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9_]*\Z")


def find(text: str) -> list[Found]:
    """The secrets in a text, in order, none within another."""
    found = [*_by_detectors(text), *_by_names(text)]
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Found] = []
    for one in found:
        if kept and one.start < kept[-1].end:
            if one.end > kept[-1].end:
                kept[-1] = kept[-1]._replace(end=one.end)
        else:
            kept.append(one)
    return kept


def is_secret_name(name: str) -> bool | None:
    """Whether a setting of this name is a secret: True, False, or None if it may be one."""
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    return True if match["strong"] else None


def is_secret_value(value: str, *, sure: bool) -> bool:
    """Whether the value of a setting with a secret's name is one.

    ``sure``: the name says so, and any value that is no placeholder is one; else it must look so.
    """
    if _is_placeholder(value):
        return False
    if sure:
        return len(value) >= 4 and not is_not_alphanumeric_string(value)
    return _is_random(value)


def is_worth_remembering(value: str) -> bool:
    """Whether a secret is so much unlike words that it can be looked for everywhere."""
    return len(value) >= 8 and _is_mixed(value) and not value.isdigit()


def _by_detectors(text: str) -> Iterator[Found]:
    lower = text.lower()
    for asked in DETECTORS:
        if asked.hints and not any(hint in lower for hint in asked.hints):
            continue
        for pattern in asked.detector.denylist:
            for match in pattern.finditer(text):
                yield from _matched(match, asked)


def _matched(match: re.Match[str], asked: _Asked) -> Iterator[Found]:
    groups = [at for at in range(1, match.re.groups + 1) if match[at]]
    # A short group is a mere prefix, but in these: the whole match is the secret then.
    exact = isinstance(asked.detector, UrlDetector | BasicAuthDetector | PrivateKeyBodyDetector)
    at = groups[0] if groups and (exact or len(match[groups[0]]) > 8) else 0
    value = match[at].strip(" \t\n\r\"'=:")
    if not asked.is_one(value):
        return
    start = match.start(at) + match[at].index(value)
    body = isinstance(asked.detector, PrivateKeyBodyDetector)
    remember = not body and is_worth_remembering(value)
    yield Found(start, start + len(value), asked.detector.secret_type, remember)


def _by_names(text: str) -> Iterator[Found]:
    lower = text.lower()
    if not any(hint in lower for hint in NAME_HINTS):
        return
    for match in _QUOTED.finditer(text):
        value = match["value"]
        if match["strong"]:
            is_one = is_secret_value(value, sure=True)
        else:
            is_one = _is_random(value) and not _is_placeholder(value)
        if is_one:
            yield _named(match, value)
    for match in _BARE.finditer(text):
        value = match["value"].rstrip(".:")
        if not _is_mixed(value) or _is_placeholder(value) or match["value"][:1] in "=!$":
            continue
        shell = match["strong"] and _in_capitals(text, match)
        if shell or _is_random(value) or (match["strong"] and not _IDENTIFIER.fullmatch(value)):
            yield _named(match, value)


def _in_capitals(text: str, match: re.Match[str]) -> bool:
    """Whether the name before the value is written as that of a variable of the environment."""
    name = text[max(0, match.start() - 60) : match.start("value")].rstrip("\"'`:= ")
    return _LAST_WORD.search(name) is not None


def _named(match: re.Match[str], value: str) -> Found:
    start = match.start("value")
    return Found(start, start + len(value), "Keyword", is_worth_remembering(value))


def _is_placeholder(value: str) -> bool:
    return bool(
        is_templated_secret(value)
        or is_prefixed_with_dollar_sign(value)
        or is_sequential_string(value)
        or _PLACEHOLDER.search(value)
        or _CONSTANT.fullmatch(value)
        or ("{" in value and "}" in value)
        or value.startswith(("%(", "[secret"))
    )


def _is_random(value: str) -> bool:
    """Whether it is long, and looks like no word, name or path."""
    if len(value) < 16 or not re.fullmatch(r"[A-Za-z0-9_.~+/=:-]+", value):
        return False
    digits = sum(c.isdigit() for c in value)
    return (
        digits >= 3
        and sum(c.isalpha() for c in value) >= 3
        and (digits * 8 >= len(value) or (value != value.lower() and value != value.upper()))
    )
