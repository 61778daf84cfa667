"""Requests a second of the model server, beside FastAPI with the same model.

Usage: python -m benchmarks.serving [--seconds 5] [--rounds 3] [--rows 1] [--json FILE]

The headline's model is trained once, at its defaults. Both servers respond to the same bodies of JSON on connections
that are kept open, alternately; the client is a process of its own. Ours counts and publishes its metrics meanwhile,
and checks each value. Processor time is the server's alone, so that a busy machine changes it little; medians are
printed.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.workbench import PROJECT, Workbench
from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.process import free_port, spawn, stop
from slipway.settings import load_settings

_CONNECTIONS = 8


@dataclass(frozen=True)
class MeasuredServer:
    """How one is started: where its port is not a variable, it is the last argument."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    checkout: Path
    port_argument: bool = False


@dataclass(frozen=True)
class ServerFigures:
    """One server, one round."""

    requests_per_second: float
    processor_microseconds: float
    median_milliseconds: float


def train(folder: Path) -> tuple[Path, Path]:
    """The headline's model unpacked in a container's /opt/ml, and its test rows."""
    settings = load_settings(PROJECT / "config/shoppers.toml", stage="dev")
    table = folder / "table.csv"
    write_demo_csv(table, rows=6000, seed=0)
    bench = Workbench(folder / "ml")
    outputs = bench.prepare(table, settings)
    archive = folder / "model.tar.gz"
    archive.write_bytes(bench.train(algorithm="xgboost"))
    bench.ml.joinpath("model").mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(bench.ml / "model", filter="data")
    return bench.ml, outputs / "test/data.csv"


def bodies(table: Path, model: Path, *, rows: int) -> list[bytes]:
    """Requests of `rows` rows each, as JSON."""
    columns = [column["name"] for column in json.loads((model / "contract.json").read_text())["columns"]]
    records = json.loads(pd.read_csv(table)[columns].to_json(orient="records"))
    starts = range(0, len(records) - rows + 1, rows)
    return [json.dumps({"instances": records[start : start + rows]}).encode() for start in starts]


async def _connection(port: int, requests: list[bytes], until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    at = 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(requests[at := (at + 1) % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(int(length.split(b":")[1]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"a server responded {head.splitlines()[0].decode()}: {body.decode()}")
        latencies.append(time.perf_counter() - started)
    writer.close()


async def _load(port: int, sent: list[bytes], seconds: float) -> list[float]:
    head = "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    requests = [head.format(len(body)).encode() + body for body in sent]
    latencies: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_connection(port, requests[n::_CONNECTIONS], until, latencies) for n in range(_CONNECTIONS)))
    return latencies


def measure(server: MeasuredServer, sent: list[bytes], seconds: float) -> ServerFigures:
    """Start a server, warm it up, load it, and end it."""
    port = free_port()
    environment = {**os.environ, **server.environment, "SAGEMAKER_BIND_TO_PORT": str(port)}
    argv = [*server.argv, *([str(port)] if server.port_argument else [])]
    process = spawn(argv, env=environment, cwd=server.checkout, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        _await_ping(port)
        asyncio.run(_load(port, sent, 0.5))
        before = _processor_seconds(process.pid)
        latencies = asyncio.run(_load(port, sent, seconds))
        used = _processor_seconds(process.pid) - before
    finally:
        stop(process, grace_seconds=5)
    count = len(latencies)
    return ServerFigures(count / seconds, used / count * 1e6, statistics.median(latencies) * 1e3)


def _await_ping(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not respond to /ping")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ours(checkout: Path, ml: Path) -> MeasuredServer:
    """The server of a working tree, as on an endpoint: it counts requests and publishes metrics."""
    identity = {f"SLIPWAY_{name}": "benchmark" for name in ("ENDPOINT_NAME", "VARIANT_NAME", "MODEL_PACKAGE_ARN")}
    environment = {**identity, "SAGEMAKER_BIND_TO_HOST": "127.0.0.1", "SM_BASE_DIR": str(ml)}
    return MeasuredServer((str(checkout / ".venv/bin/python"), "-m", "pipeline_steps", "serve"), environment, checkout)


def main() -> None:
    """Measure alternately, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1, help="of one request")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    found: dict[str, list[ServerFigures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        ml, table = train(Path(folder))
        peer = (sys.executable, "-m", "benchmarks.serving_peer", str(ml / "model"))
        servers = {"ours": _ours(PROJECT, ml), "fastapi": MeasuredServer(peer, {}, PROJECT, port_argument=True)}
        sent = bodies(table, ml / "model", rows=arguments.rows)
        for _ in range(arguments.rounds):
            for name, server in servers.items():
                found.setdefault(name, []).append(measure(server, sent, arguments.seconds))
    medians = {
        name: {key: statistics.median(asdict(row)[key] for row in rows) for key in asdict(rows[0])}
        for name, rows in found.items()
    }
    for name, row in medians.items():
        ratio = medians["ours"]["requests_per_second"] / row["requests_per_second"]
        print(
            f"{name:9} {row['requests_per_second']:8.0f} requests/s (ours {ratio:.2f} times as many), "
            f"{row['processor_microseconds']:6.0f} us of processor a request, "
            f"median {row['median_milliseconds']:.2f} ms"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(medians, indent=2) + "\n")


if __name__ == "__main__":
    main()
