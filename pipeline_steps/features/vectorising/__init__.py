"""Texts to numbers."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.vectorising.hashed_ngrams import HashedNgrams

METHODS: Mapping[str, Callable[..., Any]] = {"hashed_ngrams": HashedNgrams}
