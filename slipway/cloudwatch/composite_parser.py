"""The grammar of an AlarmRule."""

import re
from dataclasses import dataclass

from slipway.errors import InputError

_TOKEN = re.compile(r'[(),]|"(?:[^"\\]|\\.)*"|[^\s(),"]+|\S')
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
_END = "<EOF>"
_SIGNS = ("(", ")", ",", '"', _END)
_DEEPEST = 100


@dataclass(frozen=True)
class TruthValue:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True)
class InState:
    """ALARM("…"), OK("…"), INSUFFICIENT_DATA("…")."""

    state: str
    reference: str


@dataclass(frozen=True)
class Not:
    inner: "Expression"


@dataclass(frozen=True)
class Both:
    """AND of two or more."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Either:
    """OR of two or more."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True)
class AtLeast:
    """AT_LEAST(2, ALARM, (a, b, c)); the count may be a percentage, the state negated."""

    count: int
    percent: bool
    negated: bool
    state: str
    references: tuple[str, ...]


Expression = TruthValue | InState | Not | Both | Either | AtLeast


def parse(text: str) -> tuple[Expression, int]:
    """The expression, and how many elements it has: alarms, constants and pairs of parentheses.

    Raises:
        InputError: it is no rule; in the words of CloudWatch.
    """
    parser = _Parser(text)
    return parser.whole(), parser.elements


class _Parser:
    def __init__(self, text: str) -> None:
        found = [(match.group(), match.start()) for match in _TOKEN.finditer(text)]
        self._tokens = [*found, (_END, len(text))]
        self._at = self._depth = 0
        self.elements = 0

    def whole(self) -> Expression:
        expression = self._either()
        if self._word != _END:
            raise self._unexpected(f"{_END}, 'AND', 'OR'")
        return expression

    @property
    def _word(self) -> str:
        return self._tokens[self._at][0]

    def _next(self) -> str:
        word = self._word
        self._at += 1
        return word

    def _expect(self, sign: str) -> None:
        if self._word != sign:
            raise self._unexpected()
        self._at += 1

    def _unexpected(self, allowed: str = "") -> InputError:
        word, position = self._tokens[self._at]
        expected = f", must be: {allowed}" if allowed else ""
        return InputError(f"Error in AlarmRule [Unsupported token '{word}' at char {position}{expected}]")

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._word == "OR":
            self._at += 1
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._operand()]
        while self._word == "AND":
            self._at += 1
            parts.append(self._operand())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _operand(self) -> Expression:
        word = self._word
        if word in ("NOT", "("):
            return self._nested(word)
        if word in ("TRUE", "FALSE"):
            self._at += 1
            self.elements += 1
            return TruthValue(word == "TRUE")
        if word in _STATES:
            self._at += 1
            self._expect("(")
            reference = self._reference()
            self._expect(")")
            return InState(word, reference)
        if word == "AT_LEAST":
            self._at += 1
            return self._at_least()
        raise self._unexpected("'(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA")

    def _nested(self, word: str) -> Expression:
        if self._depth >= _DEEPEST:
            raise self._unexpected()
        self._at += 1
        self._depth += 1
        if word == "NOT":
            inner: Expression = Not(self._operand())
        else:
            inner = self._either()
            self._expect(")")
            self.elements += 1
        self._depth -= 1
        return inner

    def _reference(self) -> str:
        if self._word in _SIGNS:
            raise self._unexpected()
        self.elements += 1
        word = self._next()
        return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word

    def _at_least(self) -> AtLeast:
        self._expect("(")
        count = re.fullmatch(r"(\d+)(%?)", self._word)
        if not count:
            raise self._unexpected()
        self._at += 1
        self._expect(",")
        negated = self._word == "NOT"
        self._at += negated
        if self._word not in _STATES:
            raise self._unexpected()
        state = self._next()
        self._expect(",")
        self._expect("(")
        references = [self._reference()]
        while self._word == ",":
            self._at += 1
            references.append(self._reference())
        self._expect(")")
        self._expect(")")
        return AtLeast(int(count[1]), bool(count[2]), negated, state, tuple(references))
