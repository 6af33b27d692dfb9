"""The status page in a real browser on a real agent: a fault appears, is acknowledged and ends; the agent dies."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="selenium is not installed")

from tests.page.browser import PATIENCE_SECONDS, Browser, browsing, needs_chromium
from tests.running_agent import RunningAgent, device_health, eventually, running

pytestmark = [pytest.mark.slow, needs_chromium]

PICTURES = os.environ.get("PICTURES")
"""A folder for the pictures that people look at; without it they go to the test's own."""
ME = pwd.getpwuid(os.getuid()).pw_name
CONTACT = "IT 服务台，分机 8000"

RULE = """\
rules:
  - name: test-memory
    clause: 4.1.a.3
    reading: memory_available_ratio
    critical: {below: %s, for: 1s}
    audience: operator
    summary: {zh: 内存即将耗尽, en: Memory is running out}
    problem: {zh: "可用内存还有 {value}，应不少于 {limit}。", en: "{value} of memory is left; {limit} is expected."}
    action: {zh: "请保存内容，通知 {it_contact}。", en: "Save what is open and notify {it_contact}."}
"""
WORDS = {
    "zh": {
        "stop": "停止工作",
        "title": "内存即将耗尽",
        "acknowledge": "我已告知 IT",
        "told": f"{ME} 已告知 IT",
        "begin": "开始检查",
        "finish": "完成检查",
        "recorded": "记录。",
        "noise": "操作员听到电脑有异响",
        "gone": "监测程序没有应答",
        "read_only": "本页只能查看",
        "other": "English",
    },
    "en": {
        "stop": "Stop work",
        "title": "Memory is running out",
        "acknowledge": "I have told IT",
        "told": f"{ME} has told IT",
        "begin": "Begin the check",
        "finish": "Finish the check",
        "recorded": "Recorded at",
        "noise": "The operator hears odd noise from the computer",
        "gone": "The agent does not answer",
        "read_only": "This page only shows",
        "other": "中文",
    },
}


def set_limit(agent: RunningAgent, below: float) -> None:
    """Make the fault appear (at 1, all memory) or end."""
    folder = agent.folder / "rules.d"
    folder.mkdir(exist_ok=True)
    (folder / "site.yaml").write_text(RULE % below, encoding="utf-8")
    agent.process.send_signal(signal.SIGHUP)


def page_of(agent: RunningAgent) -> str:
    """The page's address without a token."""
    found = re.search(r"local: \{listen: '([^']+)'", agent.config.read_text())
    assert found is not None
    return f"http://{found[1]}/"


def opened(agent: RunningAgent) -> str:
    """The address that `device-health page` opens."""
    return agent.command("page", "--print").stdout.strip()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running(tmp_path, extra=f"it_contact: {CONTACT}\n") as agent:
        yield agent


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(PICTURES) if PICTURES else tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_whole_episode(agent: RunningAgent, tmp_path: Path, pictures: Path, language: str) -> None:
    """The page turns to stop, one acknowledges by name, it ends; killed, the agent is said to be gone."""
    words = WORDS[language]
    with browsing(tmp_path / "profile", "zh-CN" if language == "zh" else "en-US") as browser:
        browser.open(opened(agent))
        assert browser.shows(ME, "footer")
        assert browser.script("return location.hash") == ""
        before = browser.verdict()
        assert before != words["stop"]
        browser.shoot(pictures / f"{language}-before.png")

        set_limit(agent, 1)
        assert browser.shows(words["stop"], "h1")
        assert browser.shows(words["title"], ".fault")
        assert CONTACT in browser.text(".contact")
        assert words["title"] in browser.script("return document.getElementById('announcement').textContent")
        assert browser.driver.title.startswith(words["stop"])
        browser.shoot(pictures / f"{language}-stop.png")
        assert browser.faults_for_screen_readers() == []

        browser.press(words["acknowledge"])
        assert browser.shows(words["told"], ".fault")
        assert browser.shows(words["title"], ".timeline")
        browser.shoot(pictures / f"{language}-acknowledged.png")

        set_limit(agent, 0.0001)
        assert eventually(lambda: browser.verdict() == before, PATIENCE_SECONDS)
        assert not browser.has(".fault")

        agent.stop(signal.SIGKILL)
        assert browser.shows(words["gone"], "h1")
        assert not browser.has(".clause.normal")
        assert browser.script("return getComputedStyle(document.querySelector('.clause .state')).color") != ""
        browser.shoot(pictures / f"{language}-gone.png")
        assert browser.faults_for_screen_readers() == []
        assert browser.complaints() == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_check_before_work(agent: RunningAgent, tmp_path: Path, pictures: Path, language: str) -> None:
    """A no to a question is critical; result and answers are in the journal under the user's name."""
    words = WORDS[language]
    with browsing(tmp_path / "profile", "zh-CN" if language == "zh" else "en-US") as browser:
        browser.open(opened(agent))
        browser.press(words["begin"])
        assert eventually(lambda: browser.has("fieldset input"), PATIENCE_SECONDS)
        browser.script("document.querySelector('fieldset .choice.no input').click()")
        browser.script("document.querySelectorAll('fieldset .choice.yes input')[1].click()")
        browser.shoot(pictures / f"{language}-check.png")
        assert browser.faults_for_screen_readers() == []
        browser.press(words["finish"])
        assert browser.shows(words["recorded"], ".outcome")
        assert words["noise"] in browser.text(".outcome")
        browser.shoot(pictures / f"{language}-checked.png")
        assert browser.complaints() == []
    only = ("--kind", "check", "--kind", "answer")
    exported = device_health("journal", "export", "--config", str(agent.config), *only).stdout
    entries = [json.loads(line) for line in exported.splitlines()]
    answers = [one["body"] for one in entries if one["kind"] == "answer"]
    assert [json.loads(one)["answer"] if isinstance(one, str) else one["answer"] for one in answers][:3] == [
        "no",
        "yes",
        "skipped",
    ]
    assert {one["user"] for one in entries} == {ME}


def test_without_a_session_it_only_shows(agent: RunningAgent, tmp_path: Path, pictures: Path) -> None:
    """Whoever reaches the port sees no button that changes anything, but how to come by them; a token works once."""
    address = opened(agent)
    with browsing(tmp_path / "first", "zh-CN") as browser:
        browser.open(address)
        assert browser.shows(ME, "footer")
    set_limit(agent, 1)
    with browsing(tmp_path / "second", "zh-CN") as browser:
        browser.open(address)
        assert browser.shows(WORDS["zh"]["stop"], "h1")
        assert browser.shows("device-health page", ".notice")
        assert browser.shows(WORDS["zh"]["read_only"], "footer")
        assert not browser.has("button.main")
        browser.press(WORDS["zh"]["other"])
        assert browser.shows(WORDS["en"]["stop"], "h1")
        browser.open(page_of(agent))
        assert browser.shows(WORDS["en"]["stop"], "h1"), "the language is remembered"
        for scheme in ("light", "dark"):
            browser.prefer(scheme)
            for width, height in ((1366, 768), (390, 844)):
                look(browser, pictures / f"{scheme}-{width}.png", width, height)


def look(browser: Browser, picture: Path, width: int, height: int) -> None:
    """Nothing is cut off at the side, and nothing is too pale, in this size."""
    browser.resize(width, height)
    assert browser.script("return document.documentElement.scrollWidth") <= width
    browser.shoot(picture)
    assert browser.faults_for_screen_readers() == []
