"""Keys of earlier versions."""

from copy import deepcopy

import pytest

from slipway.errors import InputError
from slipway.settings import Settings, parse_settings
from slipway.settings.renamed import RENAMED


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_key_is_refused_with_its_new_name(shoppers, old, new):
    document = deepcopy(shoppers)
    *sections, key = old.split(".")
    section = document
    for part in sections:
        section = section.setdefault(part, {})
    section[key] = 1
    with pytest.raises(InputError) as caught:
        parse_settings(document, source="config.toml")
    assert str(caught.value) == f"config.toml: {old} was renamed: use {new}"


@pytest.mark.parametrize("new", RENAMED.values())
def test_each_new_name_is_a_key_of_the_settings(new):
    *sections, key = new.split(".")
    section = Settings
    for part in sections:
        section = section.model_fields[part].annotation
    assert key in section.model_fields
