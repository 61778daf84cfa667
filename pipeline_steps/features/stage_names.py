"""The keys of a recipe's tables, without the methods that they may have: those take a second to import."""

MISSING_INDICATOR = "missing_indicator"
NUMBER_KEYS = ("missing", MISSING_INDICATOR, "outliers", "transform", "bins", "scale")
CATEGORY_KEYS = ("encode",)
TEXT_STAGE = "vectorise"
TEXT_KEYS = (TEXT_STAGE,)


def name_key(stage: str) -> str:
    """Give the key that has the method's name, in the form of a stage with options."""
    return "detect" if stage == "outliers" else "method"
