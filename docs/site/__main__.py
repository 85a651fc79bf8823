"""Builds the site: ``python -m docs.site [FOLDER]``, into ``build/docs`` if none is named.

A warning fails it. ``FOLDER/html`` is the site.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from docs.site.sources import ROOT, prepare


def main() -> int:
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "build" / "docs"
    prepare(folder / "source")
    configured = ["-c", str(Path(__file__).parent), "-d", str(folder / "read")]
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--fresh-env", "--quiet"]
    return sphinx([*configured, *strict, str(folder / "source"), str(folder / "html")])


if __name__ == "__main__":
    sys.exit(main())
