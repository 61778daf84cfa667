"""Where the model's columns stand in a file: by name, and in Parquet without regard to case where that is clear."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pipeline_steps.errors import DataError
from pipeline_steps.tables.header import plain_name


def exact_places(names: Sequence[str], header: Sequence[str]) -> Mapping[str, int]:
    """Find the columns that have the names as they are; others are left out."""
    places = {plain_name(name): place for place, name in enumerate(header)}
    return {name: places[plain_name(name)] for name in names if plain_name(name) in places}


def places_in_any_case(names: Sequence[str], header: Sequence[str], where: str) -> Mapping[str, int]:
    """Find the columns by their names, else the one that differs in case alone: Athena writes names in lower case.

    Raises:
        DataError: several columns of the file `where`, or of the model, differ in case alone, and none is exact.
    """
    found = dict(exact_places(names, header))
    taken, others = set(found.values()), defaultdict(list)
    for place, name in enumerate(header):
        if place not in taken:
            others[plain_name(name).casefold()].append(place)
    alike = Counter(plain_name(name).casefold() for name in names)
    for name in names:
        if name in found or not (places := others[plain_name(name).casefold()]):
            continue
        if len(places) > 1:
            both = " and ".join(header[place] for place in places[:2])
            raise DataError(f"column {name} must be clear without its case, got {both} in {where}: rename one of them")
        if alike[plain_name(name).casefold()] > 1:
            raise DataError(
                f"column {name} must have this very name in {where}, got {header[places[0]]}: the model has columns "
                "that differ in case alone"
            )
        found[name] = places[0]
    return found
