"""Real kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kernel.kernels import Kernel


@pytest.fixture(scope="module", autouse=True)
def views_are_off(request: pytest.FixtureRequest) -> Iterator[None]:
    """What cells show is theirs alone, but in the tests of what is shown below them."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.stem != "test_views":
            patch.setenv("NBTRACK_VIEW", "off")
        yield


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels with further environment variables; all end with the test."""
    with ExitStack() as kernels:

        def start(**environ: str) -> Kernel:
            folder = tmp_path / f"kernel{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return kernels.enter_context(Kernel(folder, **environ))

        yield start


@pytest.fixture
def kernel(start_kernel: Callable[..., Kernel]) -> Kernel:
    """A fresh kernel."""
    return start_kernel()


@pytest.fixture(scope="module")
def shared_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for the tests of a module."""
    with Kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def notebook(shared_kernel: Kernel) -> Iterator[Kernel]:
    """The module's kernel with the extension loaded and a run of its own for this test."""
    loading = shared_kernel.run("%load_ext nbtrack\nimport nbtrack")
    assert loading.error is None
    yield shared_kernel
    shared_kernel.run("%unload_ext nbtrack")
