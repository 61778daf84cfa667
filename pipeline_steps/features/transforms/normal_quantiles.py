"""Quantiles of the normal distribution as nodes: Wichura's algorithm AS 241, Applied Statistics 37 (1988), 477-484.

ONNX has no such operator. Its error is below 1e-15 of the result, for probabilities down to 1e-11 from 0 and from 1.
"""

from pipeline_steps.graphs.writer import GraphWriter

_CENTRE = 0.425
"""How far from a half a probability may be to be in the centre."""
_SQUARE = 0.180625
_SHIFT = 1.6
_CENTRE_ABOVE = (
    2509.0809287301226727,
    33430.575583588128105,
    67265.770927008700853,
    45921.953931549871457,
    13731.693765509461125,
    1971.5909503065514427,
    133.14166789178437745,
    3.387132872796366608,
)
_CENTRE_BELOW = (
    5226.495278852854561,
    28729.085735721942674,
    39307.89580009271061,
    21213.794301586595867,
    5394.1960214247511077,
    687.1870074920579083,
    42.313330701600911252,
    1.0,
)
_TAIL_ABOVE = (
    7.7454501427834140764e-4,
    0.0227238449892691845833,
    0.24178072517745061177,
    1.27045825245236838258,
    3.64784832476320460504,
    5.7694972214606914055,
    4.6303378461565452959,
    1.42343711074968357734,
)
_TAIL_BELOW = (
    1.05075007164441684324e-9,
    5.475938084995344946e-4,
    0.0151986665636164571966,
    0.14810397642748007459,
    0.68976733498510000455,
    1.6763848301838038494,
    2.05319162663775882187,
    1.0,
)


def write_normal_quantiles(graph: GraphWriter, probabilities: str) -> str:
    """Add nodes that give the quantiles of probabilities in 1e-11..1 - 1e-11."""
    zero = graph.doubles(0.0)
    offset = graph.node("Sub", probabilities, graph.doubles(0.5))
    inner = graph.node("Sub", graph.doubles(_SQUARE), graph.node("Mul", offset, offset))
    centre = graph.node("Mul", offset, _ratio(graph, inner, _CENTRE_ABOVE, _CENTRE_BELOW))
    is_lower = graph.node("Less", offset, zero)
    rest = graph.node("Where", is_lower, probabilities, graph.node("Sub", graph.doubles(1.0), probabilities))
    root = graph.node("Sqrt", graph.node("Neg", graph.node("Log", rest)))
    upper = _ratio(graph, graph.node("Sub", root, graph.doubles(_SHIFT)), _TAIL_ABOVE, _TAIL_BELOW)
    tail = graph.node("Where", is_lower, graph.node("Neg", upper), upper)
    is_centre = graph.node("LessOrEqual", graph.node("Abs", offset), graph.doubles(_CENTRE))
    return graph.node("Where", is_centre, centre, tail)


def _ratio(graph: GraphWriter, value: str, above: tuple[float, ...], below: tuple[float, ...]) -> str:
    return graph.node("Div", _polynomial(graph, value, above), _polynomial(graph, value, below))


def _polynomial(graph: GraphWriter, value: str, factors: tuple[float, ...]) -> str:
    """Horner's scheme; the factor of the highest power comes first."""
    result = graph.doubles(factors[0])
    for factor in factors[1:]:
        result = graph.node("Add", graph.node("Mul", result, value), graph.doubles(factor))
    return result
