"""Runs an application under uvicorn until SIGTERM or SIGINT, letting requests in flight finish."""

import signal
import socket
from typing import cast

import uvicorn
from fastapi import FastAPI

from shared.settings import ServiceSettings
from shared.web.connections import ConnectionLimits, guarded_http

READ_TIMEOUT_S = 30.0  # for a client that does not take its answer


class _Server(uvicorn.Server):
    """Calls the application's `before_stop`, where it has one, while there are still answers under way: streams that
    would not end by themselves have to be ended before anybody waits for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        before_stop = getattr(cast("FastAPI", self.config.app).state, "before_stop", None)
        if before_stop is not None:
            before_stop()
        await super().shutdown(sockets)


def make_server(app: FastAPI, settings: ServiceSettings, *, max_message_bytes: int) -> uvicorn.Server:
    """A longer message on a WebSocket is refused before it is read whole."""
    limits = ConnectionLimits(settings.max_connections, settings.head_timeout_s, READ_TIMEOUT_S)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # our own logs; uvicorn's would repeat a client's path
        access_log=False,
        server_header=False,
        http=guarded_http(limits),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.stop_timeout_s,
        ws_max_size=max_message_bytes,
        ws_per_message_deflate=False,  # pictures do not get smaller, and a bomb would get larger
    )
    return _Server(config)


def serve(app: FastAPI, settings: ServiceSettings, *, max_message_bytes: int = 64 * 1024) -> int:
    """The exit status: 0 after an orderly stop."""
    server = make_server(app, settings, max_message_bytes=max_message_bytes)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)  # uvicorn raises it again after its orderly stop
    server.run()
    return 0 if server.started else 1
