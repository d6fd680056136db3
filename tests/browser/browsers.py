"""Which browser: Debian's headless shell of Chromium, which does the same for half the work, or Chromium itself."""

import os
from pathlib import Path

from playwright.sync_api import Browser, Playwright

KNOWN = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
CHROMIUM = os.environ.get("YITONG_CHROMIUM") or next((one for one in KNOWN if Path(one).exists()), KNOWN[-1])


def launch(playwright: Playwright) -> Browser:
    """As root in a container there is no sandbox; without hinting, letters lie alike on every machine."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--font-render-hinting=none"])
