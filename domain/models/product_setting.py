"""What administrators have set while the product runs; what is not here is as delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from domain.models.columns import Json, UtcDateTime


class ProductSetting(SQLModel, table=True):
    """The value of one setting that is not its default (`domain.product_settings` knows which there are)."""

    __tablename__ = "product_setting"

    key: str = Field(primary_key=True, max_length=40)
    value: Any = Field(sa_column=Column(Json, nullable=False))
    reason: str = Field(max_length=300)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    changed_by: UUID | None = Field(default=None)
