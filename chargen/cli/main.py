"""The command `chargen`: finds the subcommand, imports only that one, and turns errors into messages and exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from chargen import __version__
from chargen.cli.pipes import discard
from chargen.errors import ChargenError
from chargen.store.files import printable

COMMANDS = {
    "init": "make a small working project in a folder",
    "plan": "show what a build would do, why, and at what price",
    "batch": "build the images of one kind, or all",
    "check": "tell everything that is wrong or odd in the input",
    "prompt": "print an image's composed prompt with the source of each part",
    "models": "print the table of known models",
    "why": "explain an image's verdict: what changed since it was made, word by word",
    "impact": "list every image that a file, a character or a template feeds",
    "approve": "say that images stay as they are",
    "reject": "ask for new images in the place of these",
    "lock": "keep images as they are",
    "unlock": "end an approval or a lock",
    "accept": "take the present pictures as current for today's inputs",
    "history": "list every version of an image there ever was",
    "restore": "bring back a version of an image, without a call",
    "orphans": "list pictures that no entry plans any more",
    "gc": "propose what may go to the trash, and move it there",
    "trash": "list, restore or empty the trash",
    "cost": "add up what was spent, by day, provider and file",
}
"""Subcommands with their one line of help, in the order `--help` lists them; each is `chargen/cli/NAME.py`."""

PROGRAM_ERROR = 2
NOTHING_STARTED = 3
INTERRUPTED = 130


class _ReaderLeftError(Exception):
    """Whoever read the output has seen enough."""


class _Commands(click.Group):
    """Subcommands by name, imported when they are used: help and completion stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"chargen.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; suggest the nearest name for one there is not."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as failure:
            from chargen.text.nearest import did_you_mean  # noqa: PLC0415 - only where something is misspelt

            hint = did_you_mean(args[0], COMMANDS) if args else ""
            raise click.UsageError(f"{failure.message} {hint}".strip(), ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; a reader that left early is told apart, because click would call it a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderLeftError from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="chargen")
def cli() -> None:
    """An incremental build system for AI illustration: plan images in YAML, build what is missing or out of date."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 an image failed, 2 the program, 3 nothing could start, 130 interrupted."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one return for each way to end
    """Run the command line and return its exit code."""
    try:
        result: Any = cli.main(args=arguments, prog_name="chargen", standalone_mode=False)
    except ChargenError as failure:
        _tell(str(failure))
        return failure.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as failure:
        _tell(_usage_error(failure))
        return NOTHING_STARTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except _ReaderLeftError:
        discard(sys.stdout)
        return 0
    except OSError as failure:
        from chargen.cli.failures import of_system  # noqa: PLC0415 - only where something fails

        _tell(str(of_system(failure)))
        return NOTHING_STARTED
    except Exception as bug:
        logging.getLogger("chargen").exception("unexpected %s", type(bug).__name__)
        _tell(f"error: unexpected {type(bug).__name__}: {bug}\n  hint: this is a bug of chargen; please report it")
        return PROGRAM_ERROR
    return result if isinstance(result, int) else 0


def _usage_error(failure: click.ClickException) -> str:
    """Say a mistake of the command line the way all others are said."""
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        return failure.format_message()
    message = failure.format_message().rstrip(".").replace("'", "`")
    context = failure.ctx if isinstance(failure, click.UsageError) else None
    path = context.command_path if context is not None else "chargen"
    return f"error: {message[:1].lower()}{message[1:]}\n  hint: see `{path} --help`"


def _tell(text: str) -> None:
    click.echo("\n".join(map(printable, text.split("\n"))), err=True)
