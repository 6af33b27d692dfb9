"""`device-health page`: the status page in the browser, opened so that the record names the user."""

from __future__ import annotations

import os
from pathlib import Path

import click

from agent.commands.agentcall import ask_agent
from agent.commands.options import config_option, read_config
from agent.desktop.browser import CannotOpen, open_in_browser

WORDS = {
    "zh": {
        "opened": "状态页已在浏览器中打开。",
        "open_it": "请在一分钟内用浏览器打开（只能用一次，只对您本人有效）：",
    },
    "en": {
        "opened": "The status page is open in the browser.",
        "open_it": "Open this in a browser within a minute (it works once, and for you alone):",
    },
}


@click.command("page")
@config_option
@click.option("--print", "only_prints", is_flag=True, help="Print the address instead of opening a browser.")
def command(config_path: Path | None, only_prints: bool) -> None:  # noqa: FBT001  # click passes flags by name
    """Open the status page so that what you acknowledge and check there is recorded under your name.

    Without it the page at http://127.0.0.1:9848/ only shows. Where no browser can be opened the address is printed.
    """
    config = read_config(config_path)
    url = str(ask_agent(config, "POST", "/api/v1/page-tokens", {})["url"])
    words = WORDS[config.language]
    if not only_prints and opened(url):
        click.echo(words["opened"])
        return
    click.echo(words["open_it"], err=True)
    click.echo(url)


def opened(url: str) -> bool:
    """Whether a browser took the address. What is left running may be the browser itself and stays."""
    try:
        open_in_browser(url, os.environ)
    except CannotOpen:
        return False
    return True
