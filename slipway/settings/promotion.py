"""Stages hand their models on: who may take them over, and from where."""

from typing import Self

from pydantic import Field, model_validator

from slipway.settings.section import AccountId, Section, Slug, raise_each


class Promotion(Section):
    """A model is trained in one stage and promoted to the next ones."""

    from_stage: Slug | None = None
    """The stage that this stage's models come from, if it does not train its own."""
    to_accounts: tuple[AccountId, ...] = Field((), max_length=10)
    """Accounts of the next stages, which may read this stage's approved models."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        accounts = self.to_accounts
        repeated = len(set(accounts)) < len(accounts)
        raise_each([f"to_accounts must be named once each, got {', '.join(accounts)}"] if repeated else [])
        return self
