"""The addresses of runs as they are now: asked for again and again, or as a stream."""

from __future__ import annotations

from typing import Any

from tornado.iostream import StreamClosedError

from ..live.wire import encode, seen
from ..store.documents import read_info
from ..store.registry import run_of_kernel
from .api.run import Kernel, KernelRun
from .requests import RUN, ApiHandler, RefusedError, reads
from .shared import Shared
from .stores import UnknownRunError, UnknownStoreError
from .watch import Watch

_KERNEL_HEADER = "X-Nbtrack-Kernel"
# A page that hears nothing for longer than this knows that the connection is gone.
_HEARTBEAT_SECONDS = 10.0
_LENGTH = 4
_MOST_STREAMS = 500


class LiveHandler(ApiHandler):
    """A run as it is now."""

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """The message that brings a page up to date; 204 if it is.

        Arguments: ``since``, the number of the state that the page holds; ``kernel``, whose state
        is told in a header; ``viewer``, if somebody looks at the page.
        """
        kernel = self._kernel_state(self.get_query_argument("kernel", ""))
        try:
            since = int(self.get_query_argument("since", "-1"))
        except ValueError:
            raise RefusedError(400, "since is no number") from None
        seen = self.get_query_argument("viewer", "") == "1"
        message = await self.in_thread(
            lambda: self.shared.live.message(store, run_id, since, kernel=kernel, viewer=seen)
        )
        self.set_header(_KERNEL_HEADER, kernel or "unknown")
        self.set_header("Cache-Control", "no-store")
        if message is None:
            self.set_status(204)
            await self.finish()
        else:
            await self.finish(message, set_content_type="application/octet-stream")

    def _kernel_state(self, kernel: str) -> str | None:
        """``busy``, ``idle`` and so on; ``gone`` for a kernel that this server does not have."""
        if not kernel:
            return None
        manager: Any = self.kernel_manager
        if kernel not in manager:
            return "gone"
        return str(getattr(manager.get_kernel(kernel), "execution_state", None) or "unknown")


class StreamHandler(ApiHandler):
    """A run as it changes."""

    def initialize(self, name: str, shared: Shared) -> None:
        """``shared`` is the same for all handlers."""
        super().initialize(name, shared)
        self._watch: Watch | None = None
        self._gone = False

    @reads
    async def get(self, store: str, run_id: str) -> None:
        """Messages, each behind its length as little-endian uint32: the first holds everything.

        A length of 0 comes when there is nothing else to say for a while.
        """
        watches = self.shared.watches
        if watches.viewers >= _MOST_STREAMS:
            raise RefusedError(503, "too many pages follow runs here")
        run_dir = await self.in_thread(lambda: self.shared.stores.run(store, run_id))
        watch = self._watch = watches.join(run_dir)
        try:
            # What cannot be shown is said with a status, before anything is sent.
            await self.in_thread(lambda: self.shared.live.frame(run_dir))
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Cache-Control", "no-store")
            # A proxy that gathers an answer before it passes it on would hold up every message.
            self.set_header("X-Accel-Buffering", "no")
            await self._send(watch)
        except StreamClosedError:
            pass
        finally:
            watches.leave(watch)
        if not self._gone:
            await self.finish(set_content_type="application/octet-stream")

    def on_connection_close(self) -> None:
        """The page is gone."""
        super().on_connection_close()
        self._gone = True
        if self._watch is not None:
            self._watch.wake()

    async def _send(self, watch: Watch) -> None:
        known, base = 0, None
        while True:
            found = await watch.newer_than(known, _HEARTBEAT_SECONDS, until=lambda: self._gone)
            if self._gone or found.over:
                return
            if found.frame is None or found.state == known:
                self.write(bytes(_LENGTH))
            else:
                known = found.state
                message = encode(found.frame, base)
                base = seen(found.frame)
                self.write(len(message).to_bytes(_LENGTH, "little") + message)
            await self.flush()


class KernelHandler(ApiHandler):
    """Which run a kernel records, for who has a notebook open and asks again and again."""

    _track_activity = False

    @reads
    async def get(self, kernel: str) -> None:
        """:class:`Kernel`; the same for a kernel that there is not as for one without a run."""
        await self.answer(lambda: Kernel(run=self._run_of(kernel)))

    def _run_of(self, kernel: str) -> KernelRun | None:
        found = run_of_kernel(kernel)
        if found is None:
            return None
        store, run_id = found
        try:
            run_dir = self.shared.stores.run(store, run_id)
            name = read_info(run_dir).name
            verdict = self.shared.live.verdict(run_dir)
        except (UnknownStoreError, UnknownRunError, FileNotFoundError):
            return None  # it ended without anything in it, or somebody has removed it
        return KernelRun(
            store=store, run=run_id, name=name, state=verdict.state, reason=verdict.reason
        )


def addresses(shared: Shared) -> list[Any]:
    """What is answered here."""
    one = f"/nbtrack/api/live/{RUN}"
    with_shared = {"shared": shared}
    return [
        (one, LiveHandler, with_shared),
        (f"{one}/stream", StreamHandler, with_shared),
        (r"/nbtrack/api/kernels/(?P<kernel>[A-Za-z0-9_-]{1,100})", KernelHandler, with_shared),
    ]
