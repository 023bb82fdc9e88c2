"""A real browser, driven by its own protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


class Page:
    """One page in the browser."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._count = 0
        self.session: str | None = None
        self.errors: list[str] = []

    async def ask(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        await self._socket.send_str(json.dumps(message))
        while True:
            said = json.loads((await self._socket.receive()).data)
            if said.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.errors.append(json.dumps(said["params"])[:500])
            if said.get("id") == self._count:
                return said.get("result", said.get("error"))

    async def value(self, code: str) -> Any:
        """What an expression of JavaScript gives."""
        found = await self.ask("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        return found["result"].get("value")

    async def until(self, code: str, seconds: float = 20.0) -> None:
        """Wait until an expression is true."""
        ends = asyncio.get_running_loop().time() + seconds
        while not await self.value(f"Boolean({code})"):
            assert asyncio.get_running_loop().time() < ends, f"{code} does not come true; {self.errors}"
            await asyncio.sleep(0.05)

    async def press(self, key: str, text: str = "") -> None:
        """Press a key."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        about = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **about)


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[Page]:
    """A browser that shows this page."""
    import aiohttp

    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # its children may still write there
        command = [PROGRAM, *OPTIONS, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr is not None
        try:
            address = ""
            for line in process.stderr:
                found = re.search(r"ws://\S+", line)
                if found:
                    address = found[0]
                    break
            assert address, "the browser does not begin"
            async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                target = await page.ask("Target.createTarget", url="about:blank")
                attached = await page.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
                page.session = attached["sessionId"]
                for domain in ("Page", "Runtime", "Log"):
                    await page.ask(f"{domain}.enable")
                await page.ask("Page.navigate", url=url)
                yield page
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            process.stderr.close()
