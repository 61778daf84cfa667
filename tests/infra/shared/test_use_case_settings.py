"""The settings of several use cases."""

import re
from pathlib import Path

import pytest

from infra.shared.use_case_settings import load_delivered_use_cases, load_use_cases
from slipway.errors import InputError
from slipway.settings import load_delivery

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "shoppers.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two use cases, the second without the stage prod, and a delivery of both."""
    text = SHIPPED.read_text()
    (tmp_path / "one.toml").write_text(text.replace('name = "shoppers"', 'name = "one"', 1))
    only_dev = text[: text.index("[stages.prod")]
    (tmp_path / "two.toml").write_text(only_dev.replace('name = "shoppers"', 'name = "two"', 1))
    stages = "".join(f'[[stages]]\nname = "{name}"\n' for name in ("dev", "prod"))
    delivery = f'repository = "acme/models"\nuse_cases = ["two.toml", "one.toml"]\n{stages}'
    (tmp_path / "delivery").write_text(delivery)
    return tmp_path


@pytest.mark.parametrize(("stage", "names"), [("dev", ["one", "two"]), ("prod", ["one"])])
def test_a_folder_and_a_delivery_give_the_use_cases_with_the_stage_in_the_same_order(
    folder: Path, stage: str, names: list[str]
) -> None:
    assert [settings.name for settings in load_use_cases(folder, stage)] == names
    delivery = load_delivery(folder / "delivery")
    assert [settings.name for settings in load_delivered_use_cases(delivery, stage, project=folder)] == names


def test_a_stage_that_no_use_case_has_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="config must hold a use case with the stage nowhere, got "):
        load_use_cases(folder, "nowhere")
    with pytest.raises(InputError, match=r"stages must each be in one of two\.toml, one\.toml, got nowhere"):
        load_delivered_use_cases(load_delivery(folder / "delivery"), "nowhere", project=folder)


def test_two_use_cases_of_one_name_are_refused(folder: Path) -> None:
    (folder / "two.toml").write_text((folder / "one.toml").read_text())
    with pytest.raises(InputError, match=re.escape(f"two.toml: name must differ from that of {folder}/one.toml")):
        load_use_cases(folder, "dev")


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(InputError, match=r"config must be a readable file, got config/absent\.toml"):
        load_use_cases(Path("config/absent.toml"), "dev")
