"""The command `chargen`: finds the subcommand, imports only that one, and turns errors into messages and exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from chargen import __version__
from chargen.cli.output import discard, of_bug, of_system, to_stderr
from chargen.errors import ChargenError, ExitCode
from chargen.text.names import did_you_mean

COMMANDS = {
    "init": "make a small working project in a folder",
    "new": "write a commented file of a kind, to fill in",
    "plan": "show what a build would do, why, and at what price",
    "watch": "tell what every save changes, and build it within a budget",
    "batch": "build the images of one kind, or all",
    "jobs": "list the jobs at vendors, wait for them, or end one",
    "promote": "make final images in place of approved drafts",
    "check": "report errors and warnings in your files",
    "prompt": "print an image's composed prompt with the source of each part",
    "models": "print the table of known models",
    "schema": "print JSON Schemas of your files, for editors",
    "why": "explain an image's verdict: what changed since it was made, word by word",
    "impact": "list every image that a file, a character or a template feeds",
    "review": "look through the pictures in a browser, and decide",
    "approve": "protect finished images from rebuilding",
    "reject": "ask for new images in the place of these",
    "notes": "list your words on rejected images",
    "lock": "keep images as they are",
    "unlock": "end an approval or a lock",
    "retake": "ask for the next version of a picture in words, from one that is there",
    "undo": "take back a decision: an approval, a rejection, a restored version",
    "accept": "mark pictures as up to date without making new ones",
    "adopt": "take pictures you have already, so that nothing is bought for them",
    "history": "list all versions of an image",
    "pick": "make another of an image's variants the current one, without a call",
    "restore": "bring back a version of an image, without a call",
    "mv": "rename an entry, or move it to another file, with its picture and its history",
    "orphans": "list pictures that no entry plans any more",
    "gc": "propose what may go to the trash, and move it there",
    "trash": "list, restore or empty the trash",
    "store": "look after the originals that a team shares on object storage",
    "cost": "add up what was spent, by day, provider and file",
    "log": "list what was run: when, what was built, what failed, and what it cost",
}
"""Subcommands with their one line of help, in the order `--help` lists them; each is in `chargen/cli/NAME.py`."""

_OF_STATUS = frozenset({"approve", "reject", "lock", "unlock"})
"""Subcommands that are one mechanism, and stand in one file: `chargen/cli/status.py`."""


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
        module = import_module(f"chargen.cli.{'status' if cmd_name in _OF_STATUS else cmd_name}")
        command: click.Command = getattr(module, cmd_name if cmd_name in _OF_STATUS else "command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; suggest the nearest name for one there is not."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as failure:
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
    """Run the command line and exit with an `ExitCode`."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one return for each way to end
    """Run the command line and return its exit code."""
    try:
        result: Any = cli.main(args=arguments, prog_name="chargen", standalone_mode=False)
    except ChargenError as failure:
        to_stderr(str(failure))
        return failure.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        return ExitCode.INTERRUPTED
    except click.ClickException as failure:
        to_stderr(_usage_error(failure))
        return ExitCode.NOTHING_STARTED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except _ReaderLeftError:
        discard(sys.stdout)
        return 0
    except OSError as failure:
        to_stderr(str(of_system(failure)))
        return ExitCode.NOTHING_STARTED
    except Exception as bug:
        logging.getLogger("chargen").exception("unexpected %s", type(bug).__name__)
        to_stderr(of_bug(bug))
        return ExitCode.PROGRAM
    return result if isinstance(result, int) else 0


def _usage_error(failure: click.ClickException) -> str:
    """Say a mistake of the command line the way all others are said."""
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        return failure.format_message()
    message = failure.format_message().rstrip(".").replace("'", "`")
    context = failure.ctx if isinstance(failure, click.UsageError) else None
    path = context.command_path if context is not None else "chargen"
    return f"error: {message[:1].lower()}{message[1:]}\n  hint: see `{path} --help`"
