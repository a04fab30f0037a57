"""A server in a thread, for clients that need a real connection."""

import contextlib
import threading

import uvicorn


@contextlib.contextmanager
def serving(app):
    """The address at which the app answers."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
