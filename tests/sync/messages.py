"""What a person is told, read closely."""

from __future__ import annotations

import pytest

from nbtrack import SyncError
from nbtrack.sync.place import Place

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAOFSOMEBODY",
    "AWS_SECRET_ACCESS_KEY": "a-secret-of-somebody",
    "AWS_SESSION_TOKEN": "the-token-of-a-session",
}
PASSWORD = "pass-w0rd"
ENDPOINT = "AWS_ENDPOINT_URL"


def no_secrets(text: str) -> None:
    assert not any(secret in text for secret in (*SECRETS.values(), PASSWORD, "Signature="))


def told(url: str = "s3://bucket/team", *, put: bool = False) -> SyncError:
    with pytest.raises(SyncError) as raised:
        Place(url).put("key", b"content") if put else Place(url).check()
    error = raised.value
    no_secrets(str(error))
    assert error.path == url + "/key" * put
    return error


def check(error: SyncError, cause: str, remedy: str, *, passing: bool = False) -> None:
    assert error.message.startswith(cause)
    assert remedy in error.hint
    assert error.passing == passing
