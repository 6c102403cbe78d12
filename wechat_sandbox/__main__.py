"""Command line: `python -m wechat_sandbox --config FILE --port N [--host 127.0.0.1]`."""

import argparse
import socket
import sys
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from wechat_sandbox.app import create_app
from wechat_sandbox.config import SandboxConfig


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox until it is stopped; 2 when the configuration is wrong."""
    parser = argparse.ArgumentParser(prog="wechat_sandbox", description="A stand-in for WeChat's servers.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file with accounts and personas")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0: any free one")
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args(arguments)
    try:
        config = SandboxConfig.load(options.config)
    except (OSError, ValueError, ValidationError) as error:
        sys.stderr.write(f"{options.config}: {error}\n")
        return 2
    listener = socket.create_server((options.host, options.port))
    shown = "127.0.0.1" if options.host in {"0.0.0.0", "::"} else options.host  # noqa: S104 compared, not bound
    address = f"http://{shown}:{listener.getsockname()[1]}"
    config.public_url = config.public_url or address
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="on",
        )
    )
    sys.stdout.write(f"READY {address}/phone\n")
    sys.stdout.flush()
    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
