"""The inspector's page in a real browser: live, by keyboard, light and dark, for a screen reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.unit.serving.browser import PROGRAM, browser
from tests.unit.serving.commands import Serve, get

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """<policies><inbound><choose><when condition="@(context.Request.Url.Path == &quot;/secret&quot;)">
<return-response><set-status code="403" reason="No" /></return-response></when></choose></inbound></policies>"""


@pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed (Debian's package chromium)")
def test_the_page(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text(POLICY)
    with Serve(tmp_path / "home", str(policy)) as serve:
        get(serve.http, "/orders")
        asyncio.run(look(serve.http, f"{serve.inspector}/{serve.token}/"))


async def look(url: str, inspector: str) -> None:
    async with browser(inspector) as page:
        await page.until("document.querySelectorAll('#rows tr').length == 1")
        await asyncio.to_thread(get, url, "/secret")
        await page.until("document.querySelectorAll('#rows tr').length == 2")
        first = "document.querySelector('#rows tr')"
        assert "GET /secret" in await page.value(f"{first}.textContent")
        assert await page.value(f"{first}.cells[3].textContent") == "403 No"
        assert await page.value(f"{first}.querySelector('.status').className") == "status client"
        assert "2, live" in await page.value("document.querySelector('#live').textContent")

        # The filter, by keyboard.
        await page.press("/", "/")
        assert await page.value("document.activeElement.id") == "filter"
        for letter in "403":
            await page.press(letter, letter)
        await page.until("document.querySelectorAll('#rows tr:not([hidden])').length == 1")

        # A filter without a match, and the arrow keys.
        await page.press("x", "x")
        await page.until("!document.querySelector('#no-match').hidden")
        await page.value("document.querySelector('#clear').click()")
        await page.until("document.querySelectorAll('#rows tr:not([hidden])').length == 2")
        for key, row in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
            await page.press(key)
            assert await page.value(f"document.querySelectorAll('#rows button')[{row}] == document.activeElement")

        # The journey, by keyboard.
        await page.value(f"{first}.querySelector('button').focus()")
        await page.press("Enter", "\r")
        await page.until("!document.querySelector('#one').hidden")
        shown = "document.querySelector('#shown').contentDocument"
        await page.until(
            f"{shown} && {shown}.querySelector('h1') && {shown}.querySelector('h1').textContent.includes('403')"
        )
        await page.value("document.querySelector('[data-what=policies]').click()")
        await page.until(f"{shown} && {shown}.body && {shown}.body.textContent.includes('<choose>')")
        await page.value("document.querySelector('[data-what=trace]').click()")
        await page.until("document.querySelector('#view').textContent.includes('return-response')")
        await page.value("document.querySelector('#replay').click()")
        await page.until("document.querySelectorAll('#rows tr').length == 3")

        # Edit a request and send it.
        await page.value("document.querySelector('#edit').click()")
        await page.until("document.querySelector('#send').elements.url.value.endsWith('/secret')")
        await page.value("document.querySelector('#send').elements.url.value = '/open'")
        await page.value("document.querySelector('#send').requestSubmit()")
        await page.until("document.querySelectorAll('#rows tr').length == 4")
        assert "GET /open" in await page.value(f"{first}.textContent")
        assert "requests/" in await page.value("document.querySelector('#case').href")
        await page.press("Escape")
        assert await page.value("document.querySelector('#one').hidden")
        assert await page.value("document.activeElement.tagName") == "BUTTON"

        # What a screen reader is told, and colours.
        assert await page.value(
            "[...document.querySelectorAll('button,input,a')].every(e => e.textContent.trim() || e.labels?.length)"
        )
        assert await page.value("document.querySelector('#live').getAttribute('role')") == "status"
        papers = []
        for scheme in ("light", "dark"):
            await page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            papers.append(await page.value("getComputedStyle(document.body).backgroundColor"))
        assert papers == ["rgb(255, 255, 255)", "rgb(23, 27, 33)"]
        assert not page.errors
