"""`chargen review`: the book in a browser on this machine, to look through and decide."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Any

import click

from chargen.cli.output import say
from chargen.errors import ExitCode, StartError


@click.command("review")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen there; by default anywhere."
)
@click.option("--no-open", is_flag=True, help="Print the address and open no browser.")
@click.option(
    "--export",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the page with all pictures into DIR instead, to look at without a server.",
)
def command(*, port: int, no_open: bool, folder: Path | None) -> ExitCode:
    """Look through the pictures in a browser: grid, full view, comparison, versions; approve, reject, restore, undo.

    The page is served to this machine only, until Ctrl-C. It opens on what was not reviewed yet; `?` shows the keys. A
    build may go on meanwhile: the page follows it.
    """
    from chargen.web.desk import Desk  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    desk = Desk(Path.cwd())
    if folder is not None:
        from chargen.web.export import export  # noqa: PLC0415 - as above

        written = export(desk, folder)
        desk.close()
        say(f"wrote {written.images} images to {folder}: open {folder / 'index.html'}")
        return ExitCode.DONE
    return _serve(desk, port, open_browser=not no_open)


def _serve(desk: Any, port: int, *, open_browser: bool) -> ExitCode:
    import webbrowser  # noqa: PLC0415 - as above

    import uvicorn  # noqa: PLC0415 - as above

    from chargen.web.app import HOST, hosts_at, page_app  # noqa: PLC0415 - as above

    class Server(uvicorn.Server):
        """Ends the open event streams before it waits for its connections."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.live.stop()
            await super().shutdown(sockets)

    listening = _listening(HOST, port)
    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(32)
    app = page_app(desk, token, hosts_at(port))
    address = f"http://{HOST}:{port}/?token={token}"
    say(address)
    say("Ctrl-C ends it")
    if open_browser:
        webbrowser.open(address)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="on")
    Server(config).run(sockets=[listening])
    return ExitCode.DONE


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on this machine only. Raises StartError."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen()  # before the address is printed: whoever asks at once only waits a moment
    except OSError as failure:
        found.close()
        raise StartError(f"can't listen on port {port}: {failure.strerror}", hint="choose another `--port`") from None
    return found
