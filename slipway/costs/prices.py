"""The price table: what AWS asks, and when that was so."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from slipway.errors import InputError
from slipway.settings.loading import validated
from slipway.settings.section import InstanceType, Section

PRICES = Path(__file__).with_name("prices.toml")

Price = Annotated[float, Field(gt=0)]


class Month(Section):
    alarm_metric: Price
    fast_alarm_metric: Price
    metric: Price
    key: Price


class Gigabyte(Section):
    invoked: Price
    stored_month: Price
    image_month: Price


class Prices(Section):
    """US dollars, on demand, in one region at one date."""

    region: str
    as_of: date
    source: str
    instance_hour: dict[InstanceType, Price]
    month: Month
    gigabyte: Gigabyte

    def hour(self, instance_type: str) -> float:
        """What an instance costs an hour.

        Raises:
            InputError: the table does not have the type.
        """
        if instance_type not in self.instance_hour:
            known = ", ".join(sorted(self.instance_hour))
            raise InputError(
                f"the price table of {self.as_of} must have {instance_type}, got {known}; "
                f"add it under [instance_hour] in {PRICES.name} from {self.source}, or give a table with --prices"
            )
        return self.instance_hour[instance_type]


def load_prices(path: Path = PRICES) -> Prices:
    """Read a price table.

    Raises:
        InputError: the file, the TOML or a price is wrong.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InputError(f"prices must be a readable file, got {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InputError(f"prices must be TOML, got {path}: {exc}") from exc
    return validated(Prices, document, source=str(path))
