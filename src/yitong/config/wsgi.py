"""What Granian serves: Django as WSGI (measured ten times its speed under ASGI, see the notes on one port)."""

import gc
import multiprocessing
import os
import signal

from django.core.wsgi import get_wsgi_application

from yitong.config.process import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")

# A worker of a killed server would hold the port and answer beside its successor.
_server = multiprocessing.parent_process()
if _server is not None and _server.pid is not None:
    die_with(_server.pid, signal.SIGTERM)

application = get_wsgi_application()

# What stands now lives as long as the process: the collector need not look at it again, nor look every 700 objects.
gc.freeze()
gc.set_threshold(20_000, 20, 20)
