"""How each column of text is turned into numbers: what is counted where it is read, and what the graph does then.

The defaults are those of the method, which `slipway/settings/feature_methods.py` has too. No library is imported: the
columns are known before a recipe is fitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from pipeline_steps.errors import StepError
from pipeline_steps.features.ngrams import Ngrams, Unit
from pipeline_steps.features.stage_names import TEXT_STAGE

METHOD, NONE = "hashed_ngrams", "none"
_LENGTHS: Mapping[Unit, tuple[int, int]] = {"words": (1, 2), "characters": (3, 5)}


@dataclass(frozen=True)
class TextOptions:
    """The options of `hashed_ngrams`; `shortest` and `longest` follow from `ngrams` where they are None."""

    buckets: int = 256
    ngrams: Unit = "words"
    shortest: int | None = None
    longest: int | None = None
    fold_case: bool = True
    characters: int = 2000
    weight: Literal["log", "count"] = "log"
    idf: bool = False
    norm: Literal["l2", "none"] = "l2"

    @property
    def counted(self) -> Ngrams:
        """What is counted where a text is read.

        Raises:
            StepError: the options do not go together.
        """
        usual = _LENGTHS[self.ngrams]
        longest = self.longest or max(usual[1], self.shortest or 0)
        shortest = self.shortest or min(usual[0], longest)
        try:
            return Ngrams(self.buckets, self.ngrams, shortest, longest, self.fold_case, self.characters)
        except ValueError as exc:
            raise StepError(f"features {TEXT_STAGE} {METHOD}: {exc}") from exc


def text_options(recipe: Mapping[str, Any], name: str) -> TextOptions:
    """Give the options of the column of texts with this name, by its last rule or the recipe's default.

    Raises:
        StepError: there is no such method, or it has no such option.
    """
    given = recipe.get("texts", {}).get(TEXT_STAGE, METHOD)
    for rule in recipe.get("rules", ()):
        named = any(pattern == name or fnmatchcase(name, pattern) for pattern in rule["columns"])
        given = rule.get(TEXT_STAGE, given) if named else given
    options = {} if isinstance(given, str) else {key: value for key, value in given.items() if key != "method"}
    method = given if isinstance(given, str) else given.get("method")
    if method == NONE:
        return TextOptions(buckets=0)
    if method != METHOD:
        raise StepError(f"features {TEXT_STAGE} must be one of {NONE}, {METHOD}, got {method}")
    try:
        return TextOptions(**options)
    except TypeError as exc:
        raise StepError(f"features {TEXT_STAGE} {METHOD} does not take these options: {exc}") from exc
