"""What a deployment may set, read from `FIRELINE_…` environment variables; `docs/settings.md` describes each."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.language import N_

DEMO_SECRET = "fireline-demo-secret-not-for-production"  # noqa: S105 - the public demo key, refused in production
DEMO_VAULT_KEY = "demo:" + base64.b64encode(hashlib.sha256(b"fireline demo vault").digest()).decode()
DEMO_ACCOUNT_SID = "AC" + hashlib.md5(b"fireline demo", usedforsecurity=False).hexdigest()
DEMO_AUTH_TOKEN = hashlib.md5(b"fireline demo token", usedforsecurity=False).hexdigest()
SHORTEST_SECRET = 32
"""Characters of a secret key: as many as the bytes of the SHA-256 it is used with."""


TILES = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)/[^\s\"'<>]*")
"""An address of tiles; in front the part that a policy names."""


class NotForProduction(RuntimeError):
    """A production deployment was started with what only a demo may have; the message names all of it."""


class Settings(BaseSettings):
    """Every setting, its default and its meaning."""

    model_config = SettingsConfigDict(env_prefix="FIRELINE_", env_file=None, extra="ignore")

    mode: Literal["demo", "production"] = Field(
        "demo", description=N_("`production` refuses to start on what only a demo may have.")
    )
    data_dir: Path = Field(Path("var"), description=N_("Where the embedded default keeps its database and files."))
    database_url: str = Field("", description=N_("SQLAlchemy URL; empty: SQLite in `data_dir`."))
    storage_dir: Path | None = Field(
        None, description=N_("Photos, and files of errands in a folder of it; empty: `data_dir`.")
    )
    public_url: str = Field(
        "http://localhost:8000",
        description=N_("How people and the provider reach the web part; links and signed callbacks are made of it."),
    )
    secret_key: str = Field(
        DEMO_SECRET, description=N_("Signs forms and hashes receipt codes; at least 32 characters.")
    )
    vault_key: str = Field(DEMO_VAULT_KEY, description=N_("AES-256 keys of the vault: `id:base64[,older:base64…]`."))
    locale: Literal["zh_CN", "en"] = Field("zh_CN", description=N_("Language of people who have chosen none."))
    region: str = Field(
        "",
        pattern=r"^(\d{6})?$",
        description=N_(
            "Administrative division (six digits, GB/T 2260) whose thresholds for key units are suggested, "
            "such as `370000` for Shandong. Empty: none in production, `420000` (Hubei) in the demo."
        ),
    )
    timezone: str = Field("Asia/Shanghai", description=N_("Time zone of pages, messages and legal days."))
    twilio_account_sid: str = Field(DEMO_ACCOUNT_SID, description=N_("Account of the telephone provider."))
    twilio_auth_token: str = Field(DEMO_AUTH_TOKEN, description=N_("Its secret; also signs its callbacks."))
    twilio_base_url: str = Field("http://127.0.0.1:8001", description=N_("Empty: Twilio itself; else an exchange."))
    twilio_from: str = Field("+8687796119", description=N_("The number messages and calls come from."))
    provider_connect_seconds: float = Field(3.0, description=N_("Longest wait for a connection to the provider."))
    provider_read_seconds: float = Field(10.0, description=N_("Longest wait for the provider's answer."))
    settling_seconds: float = Field(
        5.0, description=N_("So long after a lost request the provider's lists are trusted to show it.")
    )
    call_again_seconds: float = Field(20.0, description=N_("Pause before a call nobody acknowledged is made again."))
    call_lasts_seconds: float = Field(120.0, description=N_("A call without news for so long is asked about."))
    exchange_url: str = Field("http://127.0.0.1:8001", description=N_("The embedded exchange; empty: there is none."))
    prefect_ui_url: str = Field("", description=N_("Prefect's pages, linked from cases; empty: no links."))
    poll_seconds: float = Field(0.1, description=N_("How often the worker looks for due work."))
    lease_seconds: float = Field(60.0, description=N_("A piece of work whose worker was silent so long is taken over."))
    session_idle_minutes: int = Field(60, description=N_("A sign-in ends after so long without a request."))
    session_hours: int = Field(12, description=N_("A sign-in ends after so long in any case."))
    identity_days: int = Field(
        180,
        ge=1,
        description=N_(
            "A reporter's name, phone, position and messages are removed so many days after everything about "
            "the report has ended. Our choice: half a year for complaints about how it was handled."
        ),
    )
    words_days: int = Field(
        1095,
        ge=1,
        description=N_(
            "A reporter's words and photos are removed so many days after everything about the report has "
            "ended. Our choice: three years, in which lawsuits about it may be brought."
        ),
    )
    reveals_per_day: int = Field(
        10,
        ge=1,
        description=N_("Reporters one person may look up within a day, each with a second one's consent."),
    )
    admin_totp: Literal["", "required", "optional"] = Field(
        "",
        description=N_(
            "Whether administrators need an authenticator app (TOTP) beside their password. Empty: `required` "
            "in production, `optional` in the demo."
        ),
    )
    oidc_issuer: str = Field(
        "",
        description=N_(
            "Issuer address of an OpenID Connect provider people may sign in through; needs `fireline[oidc]`. "
            "Its redirect address is `FIRELINE_PUBLIC_URL` with `/login/provider/back` behind. Empty: none."
        ),
    )
    oidc_client_id: str = Field("", description=N_("Our name at the provider."))
    oidc_client_secret: str = Field(
        "", description=N_("Our secret at the provider; empty: a public client, PKCE alone.")
    )
    oidc_scopes: str = Field("openid profile", description=N_("What the provider is asked for."))
    oidc_username_claim: str = Field(
        "",
        description=N_(
            "Claim that holds our user name, such as `preferred_username`; only for a provider that gives "
            "names out as carefully as we do. Empty: an administrator links each account to the provider's subject."
        ),
    )
    oidc_name: str = Field("", description=N_("What the provider is called on the sign-in page; empty: its host."))
    trusted_proxies: str = Field(
        "",
        description=N_(
            "Addresses or networks of reverse proxies, with commas (`10.0.0.5,192.168.7.0/24`): what they say "
            "in `X-Forwarded-For` and `X-Forwarded-Proto` is believed. Empty: nobody is believed. Attempts are counted "
            "per address, so behind a proxy that is not named here all callers count as one, and have to wait together."
        ),
    )
    map_tiles: str = Field(
        "",
        description=N_(
            "Address of background tiles for the map, with `{z}`, `{x}` and `{y}`, such as "
            "`https://t0.tianditu.gov.cn/vec_w/wmts?…&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=KEY`. Its host is then "
            "the only one pictures on the map may come from. Empty: the outlines of the areas alone, nothing from "
            "elsewhere."
        ),
    )
    map_tiles_system: Literal["WGS-84", "GCJ-02"] = Field(
        "WGS-84",
        description=N_(
            "Coordinate system of these tiles: `WGS-84` for 天地图, `GCJ-02` for 高德 and 腾讯. Positions are kept in "
            "WGS-84 and turned into it where they are drawn. 百度's tiles lie in a projection of their own and are not "
            "drawn."
        ),
    )
    map_tiles_source: str = Field(
        "", description=N_("Who made the tiles, and their approval number: shown on the map.")
    )
    secure_cookies: bool = Field(False, description=N_("Cookies over HTTPS only; production needs it on."))

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        """Refuse what is no address: a proxy that is misspelt would be believed by nobody, silently."""
        for part in _parts(text):
            ipaddress.ip_network(part)
        return text

    @field_validator("map_tiles")
    @classmethod
    def _is_an_address_of_tiles(cls, text: str) -> str:
        """Refuse an address that could not be drawn, or whose host could not be named in the policy of the page."""
        if text and (not TILES.fullmatch(text) or any(name not in text for name in ("{z}", "{x}", "{y}"))):
            raise ValueError("an address of tiles is http(s)://host/…, without blanks, with {z}, {x} and {y} behind it")
        return text

    @property
    def tiles_origin(self) -> str:
        """Return scheme and host of the map's tiles; "" where there are none."""
        found = TILES.fullmatch(self.map_tiles)
        return found[1] if found else ""

    @property
    def proxies(self) -> list[str]:
        """Return the addresses and networks of the proxies that are believed."""
        return _parts(self.trusted_proxies)

    @property
    def url(self) -> str:
        """Return the database URL, SQLite in `data_dir` when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'fireline.db').resolve()}"

    @property
    def region_code(self) -> str:
        """Return the division whose thresholds hold here; "" for none."""
        return self.region or ("420000" if self.mode == "demo" else "")

    @property
    def documents(self) -> Path:
        """Return the folder of the files that belong to venues and applications."""
        return (self.storage_dir or self.data_dir) / "documents"

    @property
    def photos(self) -> Path:
        """Return the folder of the photos."""
        return self.storage_dir or self.data_dir / "photos"

    @property
    def report_files(self) -> Path:
        """Return the folder of the reports that were made; kept as long as the record."""
        return (self.storage_dir or self.data_dir) / "reports"

    @property
    def errand_files(self) -> Path:
        """Return the folder of the files that errands are given and make; web part and workers share it."""
        return (self.storage_dir or self.data_dir) / "errands"

    @property
    def administrators_need_a_second_factor(self) -> bool:
        """Return whether an administrator is nobody before they have set up, and shown, a second factor."""
        return self.admin_totp == "required" or (not self.admin_totp and self.mode == "production")

    def refuse_demo_in_production(self) -> None:
        """Raise `NotForProduction` when production would run on published keys, or reach nobody but this machine."""
        if self.mode != "production":
            return
        if wrong := [
            f"FIRELINE_{name.upper()} to {wanted}" for name, (wanted, bad) in OF_THE_DEMO.items() if bad(self)
        ]:
            msg = f"production does not start before you set {', '.join(wrong)}"
            raise NotForProduction(msg)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _leads_nowhere(url: str) -> bool:
    """Return whether only this machine itself finds something at the address, or nobody does."""
    try:
        host = urlsplit(url).hostname or "localhost"
    except ValueError:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


SECRETS = ("key", "token", "account_sid", "secret")
"""How the names of settings end whose values nobody is shown."""
OF_THE_DEMO: dict[str, tuple[str, Callable[[Settings], bool]]] = {
    "secret_key": (
        f"{SHORTEST_SECRET} or more characters of your own",
        lambda given: given.secret_key == DEMO_SECRET or len(given.secret_key) < SHORTEST_SECRET,
    ),
    "vault_key": ("a key of your own", lambda given: given.vault_key == DEMO_VAULT_KEY),
    "twilio_account_sid": ("your account", lambda given: given.twilio_account_sid in (DEMO_ACCOUNT_SID, "")),
    "twilio_auth_token": ("your account's token", lambda given: given.twilio_auth_token in (DEMO_AUTH_TOKEN, "")),
    "twilio_base_url": (
        "nothing for Twilio itself, or to a provider's address",
        lambda given: bool(given.twilio_base_url) and _leads_nowhere(given.twilio_base_url),
    ),
    "public_url": ("the address people reach you at", lambda given: _leads_nowhere(given.public_url)),
    "secure_cookies": ("true", lambda given: not given.secure_cookies),
}
"""Setting → what it has to be in production, and whether it still is what only a demo may have."""


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings()


def city_zone() -> ZoneInfo:
    """Return the city's time zone: of pages and messages, of a case's year, of days and working days."""
    return ZoneInfo(get_settings().timezone)
