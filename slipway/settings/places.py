"""Where use cases live: an account and a region, each of which is whichever is deployed to where none is named."""

from collections.abc import Sequence

from slipway.settings.use_case import Settings

Place = tuple[str | None, str | None]


def by_place(cases: Sequence[Settings]) -> dict[Place, list[Settings]]:
    places: dict[Place, list[Settings]] = {}
    for settings in cases:
        places.setdefault((settings.account, settings.region), []).append(settings)
    return places


def has_fleet(cases: Sequence[Settings]) -> bool:
    """Whether two of them live in one place, and so have a dashboard over both."""
    return any(len(there) > 1 for there in by_place(cases).values())
