"""Runs an application under uvicorn until SIGTERM or SIGINT, letting requests in flight finish."""

import uvicorn
from fastapi import FastAPI

from shared.settings import ServiceSettings


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # our own logs; uvicorn's would repeat a client's path
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.stop_timeout_s,
    )
