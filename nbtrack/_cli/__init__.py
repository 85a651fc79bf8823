"""The command line: parsing and printing, nothing else. One file for each command."""

from __future__ import annotations

from typing import Any

import click

from .._errors import NbtrackError
from .._version import __version__
from .artifact import artifact
from .config import config
from .diff import diff
from .discard import discard
from .doctor import doctor
from .enable import disable, enable
from .export import export
from .export_wandb import export_wandb
from .gc import gc
from .lake import lake
from .logs import logs
from .ls import ls
from .pull import pull
from .recover import recover
from .restore import restore
from .show import show
from .sync import sync
from .ui import ui


class _Group(click.Group):
    """Shows the errors of nbtrack as one line, not as a traceback. A command may be two words."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        two_words = " ".join(args[:2])
        if len(args) > 1 and two_words in self.commands:
            return two_words, self.commands[two_words], args[2:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NbtrackError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nbtrack")
@click.pass_context
def main(context: click.Context) -> None:
    """Look at the runs that nbtrack recorded."""
    from .._profile import apply_configuration

    context.obj = apply_configuration()
    for error in context.obj.broken:
        click.echo(f"nbtrack: {error}", err=True)


for _command in (
    *(ls, show, logs, export, export_wandb, ui, artifact, sync, pull, lake, gc),
    *(diff, restore),
    *(recover, config, enable, disable, discard, doctor),
):
    main.add_command(_command)
