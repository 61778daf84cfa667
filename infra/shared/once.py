"""What CDK's process is asked for once. A call there and back takes about a millisecond, and an app makes thousands."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import TypeVar

import aws_cdk as cdk

_Class = TypeVar("_Class", bound=type)

days = cache(cdk.Duration.days)
minutes = cache(cdk.Duration.minutes)


def asked_once(*attributes: str) -> Callable[[_Class], _Class]:
    """Decorate a construct's class: it remembers these attributes, which are tokens or objects that never change."""

    def decorate(class_: _Class) -> _Class:
        for name in attributes:
            remembered = cached_property(getattr(class_, name).fget)
            remembered.__set_name__(class_, name)
            setattr(class_, name, remembered)
        return class_

    return decorate
