"""What a deployment may set, read from `FIRELINE_…` environment variables; `docs/settings.md` describes each."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_SECRET = "fireline-demo-secret-not-for-production"  # noqa: S105 - the public demo key, refused in production
DEMO_VAULT_KEY = "demo:" + base64.b64encode(hashlib.sha256(b"fireline demo vault").digest()).decode()
DEMO_ACCOUNT_SID = "AC" + hashlib.md5(b"fireline demo", usedforsecurity=False).hexdigest()
DEMO_AUTH_TOKEN = hashlib.md5(b"fireline demo token", usedforsecurity=False).hexdigest()


class DemoKeyInProduction(RuntimeError):
    """A production deployment was started with a key that everybody can read in the source."""


class Settings(BaseSettings):
    """Every setting, its default and its meaning."""

    model_config = SettingsConfigDict(env_prefix="FIRELINE_", env_file=None, extra="ignore")

    mode: Literal["demo", "production"] = Field("demo", description="`production` refuses demo keys.")
    data_dir: Path = Field(Path("var"), description="Where the embedded default keeps its database and files.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in `data_dir`.")
    storage_dir: Path | None = Field(None, description="Photos; empty: `data_dir`/photos.")
    public_url: str = Field("http://localhost:8000", description="How people and the provider reach the web part.")
    secret_key: str = Field(DEMO_SECRET, description="Signs forms and hashes receipt codes.")
    vault_key: str = Field(DEMO_VAULT_KEY, description="AES-256 keys of the vault: `id:base64[,older:base64…]`.")
    locale: Literal["zh_CN", "en"] = Field("zh_CN", description="Language of people who have chosen none.")
    timezone: str = Field("Asia/Shanghai", description="Time zone of pages, messages and legal days.")
    region: str = Field("530000", description="GB/T 2260 code of the province, for local overlays of the law.")
    twilio_account_sid: str = Field(DEMO_ACCOUNT_SID, description="Account of the telephone provider.")
    twilio_auth_token: str = Field(DEMO_AUTH_TOKEN, description="Its secret; also signs its callbacks.")
    twilio_base_url: str = Field("http://127.0.0.1:8001", description="Empty: Twilio itself; else an exchange.")
    twilio_from: str = Field("+8687796119", description="The number messages and calls come from.")
    provider_connect_seconds: float = Field(3.0, description="Longest wait for a connection to the provider.")
    provider_read_seconds: float = Field(10.0, description="Longest wait for the provider's answer.")
    settling_seconds: float = Field(
        5.0, description="So long after a lost request the provider's lists are trusted to show it."
    )
    call_again_seconds: float = Field(20.0, description="Pause before a call nobody acknowledged is made again.")
    call_lasts_seconds: float = Field(120.0, description="A call without news for so long is asked about.")
    exchange_url: str = Field("http://127.0.0.1:8001", description="The embedded exchange; empty: there is none.")
    prefect_ui_url: str = Field("", description="Prefect's pages, linked from cases; empty: no links.")
    poll_seconds: float = Field(0.1, description="How often the worker looks for due work.")
    lease_seconds: float = Field(60.0, description="A piece of work whose worker was silent so long is taken over.")
    session_idle_minutes: int = Field(60, description="A sign-in ends after so long without a request.")
    session_hours: int = Field(12, description="A sign-in ends after so long in any case.")
    secure_cookies: bool = Field(False, description="Cookies over HTTPS only; production needs it on.")

    @property
    def url(self) -> str:
        """Return the database URL, SQLite in `data_dir` when none is set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'fireline.db').resolve()}"

    @property
    def photos(self) -> Path:
        """Return the folder of the photos."""
        return self.storage_dir or self.data_dir / "photos"

    def refuse_demo_keys(self) -> None:
        """Raise `DemoKeyInProduction` when production would run on a published key."""
        if self.mode != "production":
            return
        published = {
            "FIRELINE_SECRET_KEY": self.secret_key == DEMO_SECRET,
            "FIRELINE_VAULT_KEY": self.vault_key == DEMO_VAULT_KEY,
            "FIRELINE_TWILIO_AUTH_TOKEN": self.twilio_auth_token == DEMO_AUTH_TOKEN,
            "FIRELINE_SECURE_COOKIES": not self.secure_cookies,
        }
        if wrong := [name for name, bad in published.items() if bad]:
            msg = f"production needs its own {', '.join(wrong)}"
            raise DemoKeyInProduction(msg)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings()
