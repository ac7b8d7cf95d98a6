"""How people and programs sign in: sessions, tokens, second factors, one-time codes, links to a provider."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from domain.models.columns import Binary, UtcDateTime


class SignIn(SQLModel, table=True):
    """One server-side session; the cookie holds the token, we hold its SHA-256."""

    __tablename__ = "sign_in"

    token_hash: bytes = Field(sa_column=Column(Binary(32), primary_key=True))
    account_id: UUID = Field(foreign_key="account.id", index=True)
    csrf: str = Field(max_length=64)
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    way: str = Field(default="password", max_length=12, sa_column_kwargs={"server_default": "password"})
    """What was shown first: password, code (by SMS), provider (OpenID Connect)."""
    address: str = Field(default="", max_length=60, sa_column_kwargs={"server_default": ""})
    """Shortened: its owner recognises the network, nobody else a household."""
    agent: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    second_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the second factor was shown in this session."""
    proven_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its person last proved again who they are, before something grave."""


class ApiToken(SQLModel, table=True):
    """A program's key, shown once; we hold its SHA-256."""

    __tablename__ = "api_token"

    token_hash: bytes = Field(sa_column=Column(Binary(32), primary_key=True))
    account_id: UUID = Field(foreign_key="account.id", index=True)
    label: str = Field(default="", max_length=60)
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    scopes: str = Field(default="*", max_length=400, sa_column_kwargs={"server_default": "*"})
    """Names of `domain.tokens.Scope` with spaces between; `*`: whatever its account may."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    hint: str = Field(default="", max_length=8, sa_column_kwargs={"server_default": ""})
    """Its last four characters, to tell it from others."""
    made_by: UUID | None = Field(default=None)


class SecondFactor(SQLModel, table=True):
    """An account's authenticator app; the secret is in the vault."""

    __tablename__ = "second_factor"

    account_id: UUID = Field(primary_key=True, foreign_key="account.id")
    sealed_id: UUID
    made_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a first right code showed that the app has the secret; None: not in force yet."""
    last_step: int = Field(default=0)
    """The time step of the last code that was taken: none is taken twice."""


class RecoveryCode(SQLModel, table=True):
    """One of the ten codes for when the app is lost; we hold its SHA-256 (it has more than 70 random bits)."""

    __tablename__ = "recovery_code"

    digest: bytes = Field(sa_column=Column(Binary(32), primary_key=True))
    account_id: UUID = Field(foreign_key="account.id", index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignInCode(SQLModel, table=True):
    """A code of six digits that goes out by SMS; rows of names nobody has are there as well, and lead nowhere."""

    __tablename__ = "sign_in_code"
    __table_args__ = (Index("sign_in_code_made", "made_at"),)

    id: UUID = Field(primary_key=True)
    account_id: UUID | None = Field(default=None)
    sealed_id: UUID | None = Field(default=None)
    """The code, in the vault."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    tries: int = Field(default=0)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Used, or replaced by a newer one."""


class CodeMessage(SQLModel, table=True):
    """One try at sending a sign-in code, written before the request; its words are not kept, they hold the code."""

    __tablename__ = "code_message"
    __table_args__ = (
        UniqueConstraint("code_id", "number", name="code_message_once"),
        Index("code_message_provider", "provider_id"),
    )

    id: UUID = Field(primary_key=True)
    code_id: UUID
    number: int
    to_masked: str = Field(max_length=40)
    language: str = Field(max_length=8)
    state: str = Field(default="dialling", max_length=16)
    """As of `domain.attempts`: moves only forward."""
    provider: str = Field(default="", max_length=24)
    provider_id: str | None = Field(default=None, max_length=64)
    error: str | None = Field(default=None, max_length=200)
    made_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class ProviderLink(SQLModel, table=True):
    """Who at an OpenID Connect provider an account belongs to; linked by an administrator, ended, never deleted."""

    __tablename__ = "provider_link"
    __table_args__ = (Index("provider_link_account", "account_id"), Index("provider_link_subject", "issuer", "subject"))

    id: UUID = Field(primary_key=True)
    issuer: str = Field(max_length=300)
    subject: str = Field(max_length=255)
    account_id: UUID = Field(foreign_key="account.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
