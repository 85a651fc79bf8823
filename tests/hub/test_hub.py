"""What an administrator of a JupyterHub and its users do, with the configurations of the page."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from functools import partial

import pytest

from tests.browser.lab import wait_for
from tests.hub.conftest import Starts, commands, snippets
from tests.hub.hub import Hub, Kernel
from tests.kernel.victims import memory_group

pytestmark = [pytest.mark.full, pytest.mark.kernel, pytest.mark.timeout(3600)]

ENABLE = "nbtrack enable --system"
HUB = "jupyterhub_config.py"
KERNELS = "/etc/ipython/ipython_kernel_config.py"
SERVERS = "/etc/jupyter/jupyter_server_config.py"
TRACKED = "%%track --name first\nimport nbtrack\nnbtrack.log({'loss': 0.5})"
AT_WORK = """\
%%track
import nbtrack, time
for step in range(100_000):
    nbtrack.log({'loss': 0.5}); time.sleep(0.1)
"""
GREEDY = "%%track\ntaken = []\nwhile True:\n    taken.append(b'x' * (20 << 20))"
# Stands for a pod: processes in a namespace of their own, which end with the first of them.
POD = "unshare --user --map-current-user --pid --fork --kill-child --mount --mount-proc"


def hub_config(word: str) -> str:
    """What the page puts into the Hub's configuration, of the snippet with this word in it."""
    found = [part for part in snippets(HUB).split(f"# {HUB}\n") if word in part]
    assert len(found) == 1
    return found[0]


def shortened(text: str, *, seconds: int) -> str:
    """A configuration that does not wait for an hour."""
    assert "3600" in text
    return text.replace("3600", str(seconds)).replace("= 300", "= 1")


def states(hub: Hub, user: str) -> dict[str, str]:
    """The states of a user's runs, with what they say."""
    return {run.state: run.reason for run in hub.runs(user)}


@pytest.fixture
def on_my_machine(starts: Starts) -> Iterator[Hub]:
    """A Hub as the page's first minutes have it, of a user without any rights."""
    hub = starts(hub_config('"simple"'), commands("nbtrack enable --sys-prefix"), user="alice")
    yield hub
    assert "Removed" in hub.shell("nbtrack disable --sys-prefix")


def test_five_minutes(on_my_machine: Hub) -> None:
    on_my_machine.start_server("ada")
    assert on_my_machine.kernel("ada").run(TRACKED) == ""
    listed = on_my_machine.ask("GET", "/user/ada/nbtrack/api/runs").json()
    assert (listed["total"], listed["running"]) == (1, 1)


@pytest.fixture(scope="module")
def team(starts: Starts) -> Hub:
    """A Hub for a team, with the page's settings for kernels; nothing is culled."""
    setup = f"{ENABLE}\n{commands('mkdir', 'chgrp', 'chmod')}"
    hub = starts(setup=setup, files={KERNELS: snippets(KERNELS)})
    for user in ("alice", "bob"):
        hub.start_server(user)
        assert hub.kernel(user).run(TRACKED) == ""
    return hub


def test_runs_are_their_user_s(team: Hub) -> None:
    for user in ("alice", "bob"):
        (run,) = team.runs(user)
        home = team.home(user)
        assert {path.stat().st_uid for path in (home / ".nbtrack").rglob("*")} == {
            home.stat().st_uid
        }
        assert (run.state, run.rows) == ("running", 1)
    assert "Permission denied" in team.shell(f"ls {team.home('alice')}/.nbtrack", "bob")


def test_settings_for_all_are_defaults(team: Hub) -> None:
    said = team.shell("nbtrack config", "alice")
    assert "all load nbtrack: /etc/ipython/startup/60-nbtrack.py" in said
    assert KERNELS in said
    profile = ".ipython/profile_default"
    out = 'c.NbTrack.mode = "disabled"'
    team.shell(f"mkdir -p {profile}; echo '{out}' > {profile}/ipython_config.py", "bob")
    before = len(team.runs("bob"))
    assert team.kernel("bob").run(TRACKED) == ""
    assert len(team.runs("bob")) == before
    team.shell(f"rm {profile}/ipython_config.py", "bob")


def test_only_who_may_use_the_server_sees_its_pages(team: Hub) -> None:
    alice, bob = team.token_of("alice"), team.token_of("bob")
    api = "/user/alice/nbtrack/api"
    assert team.ask("GET", api, token=alice).status == 200
    for address in ("/user/alice/nbtrack", api, f"{api}/runs"):
        assert team.ask("GET", address, token=bob).status == 403
    assert team.ask("GET", f"{api}/runs", token=None).status == 403
    assert b"<title>JupyterHub</title>" in team.ask("GET", "/user/alice/nbtrack", token=None).body
    assert team.ask("POST", "/hub/api/shares/alice/", {"user": "bob"}).status == 200
    # Her server knows for minutes what the first token may do.
    bob = team.token_of("bob")
    (run,) = team.ask("GET", f"{api}/runs", token=bob).json()["rows"]
    store = team.ask("GET", api, token=bob).json()["stores"][0]["key"]
    changed = team.ask("PATCH", f"{api}/runs/{store}/{run['id']}", {"notes": "b"}, token=bob)
    assert changed.status == 200


def test_the_team_has_one_place(team: Hub) -> None:
    artifact = "open('d', 'w').write('{0}')\nnbtrack.log_artifact('d', name='data', type='raw')"
    for user in ("alice", "bob"):
        kernel = team.kernel(user)
        kernel.run(f"%%track\nimport nbtrack\n{artifact.format(user)}")
        wait_for(partial(is_synced, kernel), f"{user}'s run is there")
    for user in ("alice", "bob"):
        listed = json.loads(team.shell("nbtrack ls --json --store file:///srv/nbtrack", user))
        assert {run["project"] for run in listed} == {"alice", "bob"}
        made = team.shell("nbtrack artifact ls --json --store file:///srv/nbtrack", user)
        assert [one["name"] for one in json.loads(made)] == ["data:v1", "data:v0"]
    assert "Permission denied" in team.shell("setpriv --reuid=nobody ls /srv/nbtrack")


def is_synced(kernel: Kernel) -> bool:
    """Whether the run of a kernel says that it is at the place."""
    return " synced to file:///srv/nbtrack, " in kernel.run("%track status")


def test_nbtrack_ui_says_where_a_browser_finds_the_runs(team: Hub) -> None:
    kernel = team.kernel("alice")
    said = kernel.run("!timeout --signal=INT 20 nbtrack ui --no-browser")
    assert "your runs are at /user/alice/nbtrack." in said


LOST = {
    "finished": "died while idle: its Jupyter server had ended",
    "crashed": "died in cell [1], line 4: its Jupyter server had ended",
}
ORDERLY = {
    "finished": "kernel shut down",
    "failed": "kernel shut down while cell [1] was running",
}


@pytest.mark.parametrize(
    ("way", "expected"), [("stopped", LOST), (signal.SIGTERM, ORDERLY), (signal.SIGKILL, LOST)]
)
def test_what_a_server_that_ends_leaves(
    team: Hub, way: signal.Signals | str, expected: dict[str, str]
) -> None:
    team.shell("rm -rf .nbtrack", "bob")
    idle, busy = team.kernel("bob"), team.kernel("bob")
    idle.run(TRACKED)
    busy.start(AT_WORK)
    wait_for(lambda: sum(run.rows for run in team.runs("bob")) > 20, "rows are there")
    if isinstance(way, signal.Signals):
        team.processes("bob", "jupyterhub-singleuser")[0].send_signal(way)
    else:
        team.stop_server("bob")
    wait_for(lambda: states(team, "bob") == expected, "it is told")
    wait_for(lambda: not team.server("bob"), "the Hub knows")
    team.start_server("bob")
    listed = team.ask("GET", "/user/bob/nbtrack/api/runs").json()
    assert (listed["total"], listed["running"]) == (2, 0)


def test_out_of_memory(team: Hub) -> None:
    team.shell("rm -rf .nbtrack", "bob")
    server = team.processes("bob", "jupyterhub-singleuser")[0]
    with memory_group(700 << 20) as group:
        group.write_text(str(server.pid))
        kernel = team.kernel("bob")
        assert kernel.run("%config NbTrack.on_memory_limit = 'warn'") == ""
        assert kernel.run("import nbtrack\nnbtrack.log({'loss': 0.5})") == ""
        kernel.start(GREEDY)
        wait_for(lambda: "crashed" in states(team, "bob"), "the system has killed it")
        wait_for(lambda: "proven" in states(team, "bob")["crashed"], "the recorder says why")
        assert server.is_running()
        team.stop_server("bob")
    team.start_server("bob")
    # The line is looked up four times a second.
    assert re.fullmatch(
        r"died in cell \[3\], line [34]: killed, out of memory \(proven\), .* of 700\.0 MiB",
        states(team, "bob")["crashed"],
    )


def test_what_is_idle_is_culled(starts: Starts) -> None:
    # Longer than two servers take to start on a slow machine.
    culler = shortened(hub_config("idle-culler"), seconds=45).replace(
        "--timeout=45", '--timeout=45", "--cull-every=2'
    )
    files = {SERVERS: shortened(snippets(SERVERS), seconds=5)}
    hub = starts(culler, ENABLE, files=files)
    hub.start_server("bob")
    busy = hub.kernel("bob")
    busy.start(AT_WORK)
    hub.start_server("alice")
    idle = hub.kernel("alice")
    idle.run(TRACKED)
    wait_for(lambda: not idle.is_there(), "the idle kernel is culled")
    assert states(hub, "alice") == {"finished": "kernel shut down"}
    idle.close()
    busy.close()
    wait_for(lambda: not hub.server("alice"), "the idle server is stopped")
    assert hub.server("bob")
    assert states(hub, "bob") == {"running": "cell [1] is running"}


def test_a_pod_that_is_killed(starts: Starts) -> None:
    own = hub_config("recover").replace('"sh",\n    "-c",', f'*"{POD}".split(), "sh", "-c",', 1)
    assert commands("nbtrack recover") == "nbtrack recover --silent 10"
    hub = starts(own.replace("--silent 10", "--silent 1"), ENABLE)
    hub.start_server("alice")
    idle, busy = hub.kernel("alice"), hub.kernel("alice")
    idle.run(TRACKED)
    busy.start(AT_WORK)
    wait_for(lambda: sum(run.rows for run in hub.runs("alice")) > 20, "rows are there")
    pod = hub.processes("alice", "unshare")[0]
    namespace = os.open(f"/proc/{pod.children()[0].pid}/ns/pid", os.O_RDONLY)
    try:
        # Held open, so that the next pod does not get the same one by chance.
        pod.kill()
        wait_for(lambda: not hub.server("alice"), "the Hub knows")
        assert all("last seen" in run.reason for run in hub.runs("alice"))
        wait_for(lambda: all(silent(run.reason) for run in hub.runs("alice")), "a minute is over")
        hub.start_server("alice")
    finally:
        os.close(namespace)
    listed = hub.ask("GET", "/user/alice/nbtrack/api/runs").json()
    assert (listed["total"], listed["running"]) == (2, 0)
    assert states(hub, "alice") == {
        "finished": "died while idle: cause unknown",
        "crashed": "died in cell [1], line 4: cause unknown",
    }


def silent(reason: str) -> bool:
    """Whether a run was not heard of for a minute and some seconds."""
    words = reason.split()
    return words[-2] == "min" or (words[-2] == "s" and int(words[-3]) > 65)
