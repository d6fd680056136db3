"""The slow phone of `bench pages` sees what is wrong with a page: planted here, each fault once."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bench import _phone
from playwright.sync_api import Browser

HEAD = "<!doctype html><meta name=viewport content='width=device-width'>"
CALM = f"{HEAD}<main><h1>预约挂号</h1><button>看一下</button></main>"
PAGES = {
    "/calm": CALM,
    "/slow": f"{CALM}<script>document.querySelector('button').onclick = () => "
    "{ const end = performance.now() + 400; while (performance.now() < end); }</script>",
    "/late": "<script src='/heavy.js'></script>" + CALM,
    "/jumps": CALM.replace("<main>", "<img src='/picture.svg'><main>"),
}
HEAVY = "// " + "x" * 400_000  # two seconds of this line
FILES = {
    "/heavy.js": ("text/javascript", HEAVY),
    "/picture.svg": ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='300'/>"),
}


class Planted(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, body = FILES.get(self.path) or ("text/html; charset=utf-8", PAGES.get(self.path, ""))
        if self.path == "/picture.svg":
            time.sleep(1)  # the page has been read by then
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_said: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def planted() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Planted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_each_fault_is_seen_for_what_it_is(chromium: Browser, planted: str) -> None:
    calm, slow, late, jumps = (_phone.look(chromium, planted + path, ("button",)) for path in PAGES)
    assert calm.shift == 0
    assert calm.script_bytes == 0
    assert 0 < calm.bytes < 2_000
    assert calm.paint_ms > 0
    assert slow.interaction_ms >= 400 > calm.interaction_ms
    assert late.paint_ms > 1_500
    assert late.paint_ms > calm.paint_ms + 1_000
    assert late.script_bytes > 400_000
    assert jumps.shift > 0.05
