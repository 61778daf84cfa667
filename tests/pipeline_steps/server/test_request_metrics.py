import time

from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.request_metrics import RequestMetrics


def _asked(answers: RequestMetrics, path: str, status: int) -> None:
    assert answers(HttpRequest("POST", path, {"x-status": str(status)}, b"")).status == status


def _echo(request: HttpRequest) -> Response:
    return Response(int(request.headers["x-status"]))


def _metrics(answers: RequestMetrics) -> dict:
    return {metric.name: metric.value for metric in answers.take_metrics()}


def test_every_invocation_is_counted_once_and_those_in_vain_as_errors() -> None:
    answers = RequestMetrics(_echo)
    for status in (200, 200, 400, 500, 415):
        _asked(answers, "/invocations", status)
    found = _metrics(answers)
    assert (found["Requests"], found["Errors"], len(found["Latency"])) == (5, 3, 5)
    assert answers.take_metrics() == []
    _asked(answers, "/invocations", 200)
    assert (_metrics(answers) | {"Latency": 0}) == {"Requests": 1, "Errors": 0, "Latency": 0}


def test_health_checks_are_no_users() -> None:
    answers = RequestMetrics(_echo)
    _asked(answers, "/ping", 200)
    assert answers.take_metrics() == []


def test_latencies_are_in_microseconds() -> None:
    def slow(request: HttpRequest) -> Response:
        time.sleep(0.02)
        return _echo(request)

    answers = RequestMetrics(slow)
    _asked(answers, "/invocations", 200)
    (latency,) = _metrics(answers)["Latency"]
    assert 20_000 <= latency < 20_000_000


def test_of_many_latencies_a_random_hundred_are_published() -> None:
    answers = RequestMetrics(_echo)
    for at in range(2000):
        answers._waiting.append((False, float(at)))
    found = _metrics(answers)
    assert found["Requests"] == 2000
    reported = [each / 1e6 for each in found["Latency"]]
    assert len(set(reported)) == 100
    assert min(reported) < 400  # this, and the next, fails once in 10^10 runs
    assert max(reported) > 1600
