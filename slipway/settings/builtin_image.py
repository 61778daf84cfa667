"""SageMaker's own XGBoost image: its URI in each region, and what it takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.settings.own_container import ImageReference

NAME = "sagemaker-xgboost"
"""The repository; an image of the settings may be written `{NAME}:<version>`."""
VERSIONS = ("1.5-1", "1.7-1", "3.0-5", "3.2-0")
REQUIRED = ("num_round", "objective")
"""Hyperparameters that the image cannot do without, or would guess."""
METRICS: Mapping[str, Mapping[str, str]] = {
    "binary": {"auc": "auc", "accuracy": "accuracy", "f1": "f1", "log_loss": "logloss"},
    "regression": {"rmse": "rmse", "mae": "mae"},
}
"""By problem, the metrics that the image reports, by what it calls them."""
_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "510948584623",
    "ap-east-1": "651117190479",
    "ap-northeast-1": "354813040037",
    "ap-northeast-2": "366743142698",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "720646828776",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "341280168497",
    "ca-west-1": "190319476487",
    "cn-north-1": "450853457545",
    "cn-northwest-1": "451049120500",
    "eu-central-1": "492215442770",
    "eu-central-2": "680994064768",
    "eu-north-1": "662702820516",
    "eu-south-1": "978288397137",
    "eu-south-2": "104374241257",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-west-3": "659782779980",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "801668240914",
    "sa-east-1": "737474898029",
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "414596584902",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
}
"""By region, the account of the registry; `tests/sdk/test_builtin_image.py` compares SageMaker's SDK."""


def regions() -> Iterator[str]:
    return iter(_ACCOUNTS)


def builtin_uri(version: str, region: str) -> str:
    """The image's URI in a region that has it."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{_ACCOUNTS[region]}.dkr.ecr.{region}.{domain}/{NAME}:{version}"


def is_builtin(uri: str | None) -> bool:
    if uri is None:
        return False
    image = ImageReference.of(uri)
    return image.repository == NAME and _ACCOUNTS.get(image.region) == image.account


def located_image(given: Any, region: Any) -> Any:
    """The URI of an image that is written by name and version; everything else as it is.

    Raises:
        ValueError: the version or the region is not known.
    """
    if not isinstance(given, str) or not given.startswith(f"{NAME}:"):
        return given
    version = given.partition(":")[2]
    if version not in VERSIONS:
        raise ValueError(f"image {NAME} must be of version {', '.join(VERSIONS)}, got {version}")
    if region not in _ACCOUNTS:
        raise ValueError(f"region must be given with image {given}, and be one that has it, got {region or 'none'}")
    return builtin_uri(version, region)
