"""What all addresses have in common: who may use them, what they take, how they answer."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from hashlib import blake2b
from http.client import responses
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web
from tornado.iostream import StreamClosedError

from .._decoding import convert, from_json
from .._errors import ArtifactNotFoundError, NbtrackError, RunNotFoundError, UsageError
from .._version import __version__
from .plain import to_json
from .stores import UnknownRunError, UnknownStoreError

if TYPE_CHECKING:
    from .shared import Shared

# Who may read or change the files of the server's folder may do so with runs.
RESOURCE = "contents"
# Parts of addresses: a store by its key, and a run in a store.
STORE = r"(?P<store>[0-9a-f]{16})"
RUN = STORE + r"/(?P<run_id>[A-Za-z0-9_-]{1,64})"
MAX_BODY = 1 << 20
_WORTH_PACKING = 1024
_CHUNK = 256 * 1024
_UNKNOWN = (
    UnknownStoreError,
    UnknownRunError,
    RunNotFoundError,
    ArtifactNotFoundError,
    FileNotFoundError,
)

S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Awaitable[None]])


class RefusedError(web.HTTPError):
    """A request that is not answered; ``message`` says why, to a person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.message = message


def reads(method: F) -> F:
    """A method of a handler for those who are logged in and may read."""
    allowed: F = authorized(action="read")(method)
    return web.authenticated(allowed)  # type: ignore[return-value]  # it returns what it was given


def writes(method: F) -> F:
    """A method of a handler for those who are logged in and may write, unless nobody may."""

    @wraps(method)
    async def unless_read_only(self: ApiHandler, *arguments: Any, **named: Any) -> None:
        if self.shared.read_only:
            raise RefusedError(403, "this server only reads")
        self._track_activity = True
        await method(self, *arguments, **named)

    allowed: F = authorized(action="write")(unless_read_only)
    return web.authenticated(allowed)  # type: ignore[return-value]  # it returns what it was given


class Reply(NamedTuple):
    """What an answer holds; no body: the asker has it."""

    etag: str | None
    body: bytes | None
    packed: bool


@web.stream_request_body
class ApiHandler(ExtensionHandlerMixin, APIHandler):
    """What answers at one address of the API.

    Attributes:
        shared: What all requests share.
    """

    auth_resource = RESOURCE
    # Pages ask again and again by themselves: that one is open does not mean that somebody works
    # here, and keeps no server alive that ends when nobody does. Whoever writes does work.
    _track_activity = False

    def initialize(self, name: str, shared: Shared) -> None:
        """``shared`` is the same for all handlers."""
        super().initialize(name)
        self.shared = shared
        self._received: list[bytes] = []
        self._size = 0

    @property
    def content_security_policy(self) -> str:
        """Nothing of an answer is a page."""
        return "default-src 'none'; frame-ancestors 'none'; sandbox"

    def data_received(self, chunk: bytes) -> None:
        """Keep a part of the body, unless it is too much anyhow."""
        self._size += len(chunk)
        if self._size <= MAX_BODY:
            self._received.append(chunk)
        else:
            self._received.clear()

    def arguments(self, kind: type[S]) -> S:
        """The arguments of the address as a structure.

        Lists are given several times, or with commas between.

        Raises:
            RefusedError: They are not what the structure holds.
        """
        lists = {
            field.name
            for field in msgspec.structs.fields(kind)  # type: ignore[arg-type]  # of structures
            if getattr(field.type, "__origin__", None) is list
        }
        given: dict[str, Any] = {}
        for name, raw in self.request.query_arguments.items():
            try:
                values = [value.decode() for value in raw]
            except UnicodeDecodeError:
                raise RefusedError(400, f"{name} is no text") from None
            if name in lists:
                given[name] = [part for value in values for part in value.split(",") if part]
            else:
                given[name] = values[-1]
        try:
            return convert(given, kind, strict=False)
        except (msgspec.ValidationError, OverflowError) as error:
            raise RefusedError(400, str(error)) from None

    def body(self, kind: type[S], *, limit: int = MAX_BODY) -> S:
        """The body, JSON of at most ``limit`` bytes, as a structure.

        Raises:
            RefusedError: It is too large, or not what the structure holds.
        """
        if self._size > min(limit, MAX_BODY):
            raise RefusedError(413, f"at most {limit} bytes can be sent")
        try:
            return from_json(b"".join(self._received), kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
            raise RefusedError(400, str(error)) from None

    async def answer(
        self, work: Callable[[], Any], *, etag: Callable[[], str | None] | None = None
    ) -> None:
        """Answer with what ``work`` gives, as JSON.

        Both are called in a thread: a slow disk holds up nobody else.

        Args:
            work: Makes the answer: structures, or what JSON holds.
            etag: Names what the answer would be, if that is known before it is made; then a page
                that has it already is told so.

        Raises:
            RefusedError: As :meth:`in_thread`.
        """
        headers = self.request.headers
        known = headers.get("If-None-Match", "")
        packs = "gzip" in headers.get("Accept-Encoding", "")
        reply = await self.in_thread(lambda: _reply(work, etag, known, packs))
        self.set_header("Cache-Control", "no-store" if reply.etag is None else "no-cache")
        self.set_header("Vary", "Accept-Encoding")
        if reply.etag is not None:
            self.set_header("ETag", reply.etag)
        if reply.body is None:
            self.set_status(304)
            await self.finish()
            return
        if reply.packed:
            self.set_header("Content-Encoding", "gzip")
        await self.finish(reply.body)

    async def in_thread(self, work: Callable[[], S]) -> S:
        """What ``work`` gives, done in a thread.

        Raises:
            RefusedError: It cannot be done: 400 if the request is to blame, 404 if there is no such
                thing, 503 if the files cannot be read or written now.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.shared.threads, work)
        except _UNKNOWN as error:
            missing = isinstance(error, FileNotFoundError)
            raise RefusedError(404, "there is no such run" if missing else str(error)) from None
        except UsageError as error:
            raise RefusedError(400, str(error)) from None
        except (NbtrackError, OSError) as error:
            raise RefusedError(503, str(error)) from error

    async def send(self, file: IO[bytes], size: int, kind: str) -> None:
        """Answer with the next ``size`` bytes of a file, read in a thread, as the asker takes them.

        Args:
            kind: What they are, for the header ``Content-Type``.
        """
        while size > 0:
            chunk = await self.in_thread(partial(file.read, min(size, _CHUNK)))
            if not chunk:
                break
            size -= len(chunk)
            self.write(chunk)
            await self.flush()
        await self.finish(set_content_type=kind)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Who asked may have gone, since pages take questions back: that is no fault."""
        if not isinstance(value, StreamClosedError):
            super().log_exception(typ, value, tb)

    def compute_etag(self) -> None:
        """No hash of what is sent: what has a name got it from :meth:`answer`."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """``{"message": …}``."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = responses.get(status_code, "an unknown error")
        if isinstance(error, RefusedError):
            message = error.message
        elif isinstance(error, web.HTTPError) and error.log_message:
            message = error.log_message
        self.set_header("Cache-Control", "no-store")
        self.finish(to_json({"message": message}))


def _reply(
    work: Callable[[], Any], etag: Callable[[], str | None] | None, known: str, packs: bool
) -> Reply:
    name = etag() if etag is not None else None
    tag = None
    if name is not None:
        # What another version would answer may look different.
        digest = blake2b(f"{__version__} {name}".encode(errors="replace"), digest_size=12)
        tag = f'W/"{digest.hexdigest()}"'
        if tag in known:
            return Reply(tag, None, packed=False)
    body = to_json(work())
    packed = packs and len(body) >= _WORTH_PACKING
    return Reply(tag, gzip.compress(body, 4) if packed else body, packed)
