"""The types of the county's settings that are more than a number or a switch, see `county_settings`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SettingType(BaseModel):
    """A setting with parts. Unknown parts are refused, so that a slip of the pen is not silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)
