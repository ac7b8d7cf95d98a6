"""What a page has to hold to whatever stands on it: axe's rules, the size of its targets, its width."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

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
    """Return everything that is wrong with the page as it stands; empty when nothing is."""
    page.evaluate(_axe())
    found = list(page.evaluate(AXE, RULES))
    width = page.viewport_size["width"] if page.viewport_size else 0
    smallest = PHONES_TARGET if width <= NARROW else SMALLEST_TARGET
    found += [f"too small: {target}" for target in page.evaluate(TARGETS, smallest)]
    if page.evaluate(TOO_WIDE):
        found.append("the page is wider than the screen")
    return found
