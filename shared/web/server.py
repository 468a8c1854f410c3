"""Runs an application under uvicorn until SIGTERM or SIGINT, letting requests in flight finish."""

import signal

import uvicorn
from fastapi import FastAPI

from shared.settings import ServiceSettings


def serve(app: FastAPI, settings: ServiceSettings) -> int:
    """The exit status: 0 after an orderly stop."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # our own logs; uvicorn's would repeat a client's path
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_timeout_s,
    )
    server = uvicorn.Server(config)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)  # uvicorn raises it again after its orderly stop
    server.run()
    return 0 if server.started else 1
