"""The frame of an UNLOAD statement, read as Athena reads it; what the SELECT inside says is not understood here."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

MOST_CHARACTERS = 262_144
"""Of QueryString."""

_BEGIN = re.compile(r"\s*UNLOAD\b", re.IGNORECASE)
_FRAME = re.compile(
    r"\s*UNLOAD\s*\((?P<select>.*)\)\s*TO\s*'(?P<target>[^']*)'\s*WITH\s*\((?P<options>[^()]*)\)\s*",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(r"\s*(?P<name>\w+)\s*=\s*'(?P<value>[^']*)'\s*")
_SELECT = re.compile(r"\s*(SELECT|WITH|\()", re.IGNORECASE)
_TOKEN = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*(?:'|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)|[()]", re.DOTALL)
_FORMATS = ("ORC", "PARQUET", "AVRO", "JSON", "TEXTFILE")
_COMPRESSIONS = ("GZIP", "SNAPPY", "ZSTD", "LZ4")


@dataclass(frozen=True)
class Unload:
    """Attributes: target: bucket and prefix, the latter with a slash at its end."""

    select: str
    target: tuple[str, str]
    format: str
    compression: str


def parse_unload(statement: str) -> Unload | None:
    """Read the statement; None where it is another one.

    Raises:
        ValueError: Athena refuses it.
    """
    if not _BEGIN.match(statement):
        return None
    found = _FRAME.fullmatch(statement)
    if found is None or not _SELECT.match(found["select"]):
        raise ValueError("mismatched input: an UNLOAD must be UNLOAD (SELECT …) TO 's3://…' WITH (format = '…')")
    _check_balance(found["select"])
    place = urlsplit(found["target"], allow_fragments=False)
    if place.scheme != "s3" or not place.netloc:
        raise ValueError(f"the location of an UNLOAD must be an address in S3, got {found['target']}")
    options = _options(found["options"])
    prefix = place.path.strip("/")
    return Unload(
        found["select"].strip(),
        (place.netloc, f"{prefix}/" if prefix else ""),
        _one_of("format", options.get("format", ""), _FORMATS),
        _one_of("compression", options.get("compression", "GZIP"), _COMPRESSIONS),
    )


def _options(text: str) -> dict[str, str]:
    found = [(part, _OPTION.fullmatch(part)) for part in text.split(",")]
    for part, option in found:
        if option is None:
            raise ValueError(f"an option of an UNLOAD must be name = 'value', got {part.strip()}")
    return {option["name"].lower(): option["value"] for _, option in found if option}


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value.upper() not in allowed:
        raise ValueError(f"{name} of an UNLOAD must be one of {', '.join(allowed)}, got {value or 'none'}")
    return value.upper()


def _check_balance(select: str) -> None:
    """The text must end as it began: outside of every parenthesis, quote and comment."""
    depth = 0
    for token in (match[0] for match in _TOKEN.finditer(select)):
        if token[0] in "'\"" and (len(token) == 1 or token[-1] != token[0]):
            raise ValueError(f"mismatched input: a quote must end, got {token[:40]}")
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth < 0:
            break
    if depth:
        raise ValueError("mismatched input: every parenthesis of a SELECT must have its other one")
