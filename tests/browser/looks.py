"""What a page has to hold to whatever stands on it: axe's rules, the size of its targets, its width."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP_WIDTH, PHONE_WIDTH

LOOKS = [
    (PHONE_WIDTH, "zh_CN"), (DESKTOP_WIDTH, "en"),
    *(pytest.param(width, language, marks=pytest.mark.nightly)
      for width, language in ((PHONE_WIDTH, "en"), (DESKTOP_WIDTH, "zh_CN"))),
]  # fmt: skip
"""Width and language. Each page is measured at both widths anyway (`faults`); axe asks the other two pairs at night."""

VENDOR = Path(__file__).parent / "vendor"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONES_TARGET = 44
SMALLEST_TARGET = 24
NARROW = 480

AXE = """
async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" | "));
}
"""
# A control inside its label is as large as the label. A link in a line of text is exempt (WCAG 2.5.8, Inline).
TARGETS = """
(smallest) => [...document.querySelectorAll("a, button, summary, input:not([type=hidden]), select, textarea")]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.tagName === "A" && getComputedStyle(element).display === "inline"
      && element.parentElement.textContent.trim() !== element.textContent.trim()))
  .map((element) => [element, (element.closest("label") || element).getBoundingClientRect()])
  .filter(([, box]) => box.width < smallest || box.height < smallest)
  .map(([element, box]) => `${element.outerHTML.slice(0, 120)}: ${box.width} x ${box.height}`)
"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@cache
def _axe() -> str:
    return (VENDOR / "axe.min.js").read_text("utf-8")


def faults(page: Page) -> list[str]:
    """Return everything that is wrong with the page as it stands; empty when nothing is.

    Its own width is looked at by every rule; at the other one it is measured too.
    """
    page.evaluate(_axe())
    found = list(page.evaluate(AXE, RULES))
    size = page.viewport_size
    assert size is not None
    found += _measured(page, size["width"])
    other = DESKTOP_WIDTH if size["width"] <= NARROW else PHONE_WIDTH
    page.set_viewport_size({"width": other, "height": size["height"]})
    found += [f"at {other} px: {fault}" for fault in _measured(page, other)]
    page.set_viewport_size(size)
    return found


def _measured(page: Page, width: int) -> list[str]:
    smallest = PHONES_TARGET if width <= NARROW else SMALLEST_TARGET
    found = [f"too small: {target}" for target in page.evaluate(TARGETS, smallest)]
    if page.evaluate(TOO_WIDE):
        found.append("the page is wider than the screen")
    return found
