"""A headless Chromium for tests of the status page: Debian's own, with a profile that is thrown away."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.running_agent import eventually

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")
PATIENCE_SECONDS = 40.0
"""A check takes six seconds on a quiet machine; a loaded one may take four times as long."""

_ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --hide-scrollbars --disable-dev-shm-usage"
)


class Browser:
    """One window on the page."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def verdict(self) -> str:
        """The large word."""
        return self.text("h1")

    def text(self, selector: str = "body") -> str:
        """What stands there; empty where nothing does."""
        try:
            return str(self.driver.find_element(By.CSS_SELECTOR, selector).text)
        except (NoSuchElementException, StaleElementReferenceException):
            return ""

    def shows(self, words: str, selector: str = "body") -> bool:
        """Whether the words come to stand there in time."""
        return eventually(lambda: words in self.text(selector), PATIENCE_SECONDS)

    def press(self, words: str) -> None:
        """Press the button or the fold with these words, by keyboard as people without a mouse do."""
        path = f"//*[self::button or self::summary][normalize-space()='{words}']"
        assert eventually(lambda: bool(self.driver.find_elements(By.XPATH, path)), PATIENCE_SECONDS), self.text()
        self.driver.execute_script("arguments[0].focus()", self.driver.find_element(By.XPATH, path))
        self.driver.switch_to.active_element.send_keys("\n")

    def has(self, selector: str) -> bool:
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def script(self, code: str) -> object:
        return self.driver.execute_script(code)

    def faults_for_screen_readers(self) -> list[str]:
        """What axe finds that is serious or critical: the rule and where."""
        axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        # The policy forbids scripts of others; the debugger's own evaluation is not under it.
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        wanted = json.dumps({"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        found = self.driver.execute_cdp_cmd(
            "Runtime.evaluate",
            {
                "expression": f"axe.run(document, {wanted}).then(found => JSON.stringify(found.violations))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        return [
            f"{one['impact']} {one['id']}: {[node['target'] for node in one['nodes']][:5]}"
            for one in json.loads(found["result"]["value"])
            if one["impact"] in ("serious", "critical")
        ]

    def complaints(self) -> list[str]:
        """What the console says that is worse than a word: a blocked script, an error of our own."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE" and "ERR_CONNECTION_REFUSED" not in entry["message"]
        ]

    def shoot(self, path: Path) -> None:
        """A picture of the window."""
        self.driver.save_screenshot(str(path))


@contextmanager
def browsing(profile: Path, language: str) -> Iterator[Browser]:
    """A browser of this language, ended with everything it started."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*_ARGUMENTS.split(), f"--user-data-dir={profile}", f"--lang={language}"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = Service(str(DRIVER), log_output=subprocess.DEVNULL)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        browser = Browser(driver)
        browser.resize(1366, 768)
        yield browser
    finally:
        driver.quit()
