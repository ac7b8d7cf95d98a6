"""What a browser says of itself, in words its owner recognises a session by; a guess, never trusted for anything."""

from __future__ import annotations

import ipaddress

from domain.language import Sentence

BROWSERS = (
    ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("EdgA/", "Edge"), ("EdgiOS", "Edge"), ("Edg/", "Edge"),
    ("OPR/", "Opera"), ("HuaweiBrowser", "Huawei Browser"), ("MiuiBrowser", "Mi Browser"), ("QQBrowser", "QQ Browser"),
    ("UCBrowser", "UC Browser"), ("SamsungBrowser", "Samsung Internet"), ("FxiOS", "Firefox"), ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"), ("python", "Python"),
)  # fmt: skip
"""What stands in the header → the browser; the first that fits, because most also claim to be Chrome and Safari."""
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
UNKNOWN = Sentence("an unknown device")


def device_of(agent: str) -> str | Sentence:
    """Return the device in words: `Chrome · Windows`."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    words = " · ".join(filter(None, (browser, system)))
    return words or UNKNOWN


def shortened(address: str) -> str:
    """Return a network address its owner recognises and that names no household: /24 of IPv4, /48 of IPv6."""
    try:
        found = ipaddress.ip_interface(address).ip
    except ValueError:
        return ""
    network = ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False)  # noqa: PLR2004
    text = str(network.network_address)
    return f"{text.rpartition('.')[0]}.x" if found.version == 4 else f"{text.rstrip(':')}:…"  # noqa: PLR2004
