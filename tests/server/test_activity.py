"""When somebody last worked here: a server that nobody uses may be set to end."""

from __future__ import annotations

from datetime import datetime

from tests.server.servers import Server
from tests.server.sessions import Session


def last_activity(server: Server) -> datetime:
    return datetime.fromisoformat(server.ask("GET", "api/status").json()["last_activity"])


def test_an_open_page_is_no_work_and_a_change_is(server: Server, served: Session) -> None:
    before = last_activity(server)
    run = f"nbtrack/api/runs/{served.key}/one"
    for address in ("nbtrack/api/", f"nbtrack/api/runs?store={served.key}", run):
        assert server.ask("GET", address).status == 200
    asked = f'{{"store": "{served.key}", "runs": ["one"], "keys": ["loss"]}}'
    assert server.ask("POST", "nbtrack/api/sparks", asked).status == 200
    assert last_activity(server) == before
    name = server.ask("GET", run).json()["name"]
    assert server.ask("PATCH", run, f'{{"name": "{name}"}}').status == 200
    assert last_activity(server) > before
