"""Stands in for a producer or the gateway: answers every GET with 200, and misbehaves as it is told.

    python fake_server.py --port 8101 [--gateway URL] [--ignore-sigterm] [--not-ready] [--die-after SECONDS]

Without --port it listens on GATEWAY_PORT, as the gateway does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, status: str) -> None:
    """Answer one request and close."""
    await reader.readline()
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    writer.close()


async def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=os.environ.get("GATEWAY_PORT"))
    parser.add_argument("--gateway")
    parser.add_argument("--ignore-sigterm", action="store_true")
    parser.add_argument("--not-ready", action="store_true")
    parser.add_argument("--die-after", type=float)
    options = parser.parse_args()

    if options.ignore_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    status = "503 Service Unavailable" if options.not_ready else "200 OK"
    await asyncio.start_server(lambda reader, writer: answer(reader, writer, status=status), "127.0.0.1", options.port)
    sys.stdout.write(f"\x1b[32mlistening\x1b[0m on {options.port} with pid {os.getpid()}\n")
    if options.die_after is None:
        await asyncio.Event().wait()
    await asyncio.sleep(options.die_after)
    sys.exit("out of paper")


if __name__ == "__main__":
    asyncio.run(main())
