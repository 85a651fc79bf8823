"""What a person sees of an alert in a notebook."""

from __future__ import annotations

import pytest

from nbtrack.live.wire import read_frame
from nbtrack.store.layout import RunDir
from tests.kernel.kernels import Kernel, wait_until

pytestmark = pytest.mark.kernel


def test_an_alert_is_one_line_below_its_cell_and_in_the_live_view(notebook: Kernel) -> None:
    cell = notebook.run(
        "import threading\n"
        "for step in range(3):\n"
        "    nbtrack.log({'loss': step, 'epoch': 1})\n"
        "    nbtrack.alert('diverged', 'the loss rises', level='WARN')\n"
        "thread = threading.Thread(target=nbtrack.alert, args=('from a thread',))\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    assert [output for output in cell.outputs if output["kind"] == "stream"] == [
        {"kind": "stream", "name": "stderr", "text": "nbtrack: WARN: diverged: the loss rises\n"}
    ]
    run = notebook.current_run()
    found = [(alert.title, alert.level, alert.attempt) for alert in run.alerts]
    assert found == [("diverged", "WARN", 1), ("from a thread", "INFO", 1)]
    assert notebook.run("nbtrack.define_metric('loss', step_metric='epoch')").error is None

    def shown() -> bool:
        frame = read_frame(RunDir(run.path))
        card = frame.card if frame is not None else None
        return (
            card is not None
            and [alert.title for alert in card.alerts] == ["diverged", "from a thread"]
            and card.axes == {"loss": "epoch"}
        )

    wait_until(shown, "the live view to have the alerts and the step metric")
