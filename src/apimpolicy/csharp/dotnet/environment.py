"""The environment of a running expression: clock, randomness, culture, trust, and limits.

The engine sets an `Environment` for the time of one evaluation; library code asks `environment()`. Nothing here touches
the machine: the clock, the trust store and the source of randomness are inputs of the simulated gateway.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol

from apimpolicy.errors import LimitExceededError
from apimpolicy.records import Record

if TYPE_CHECKING:
    from random import Random

    from apimpolicy.csharp.dotnet.system.randoms import Script

TICKS_PER_SECOND = 10_000_000
"""A tick is 100 ns (System.TimeSpan.TicksPerSecond)."""
UNIX_EPOCH_TICKS = 621_355_968_000_000_000
"""Ticks from 0001-01-01 to 1970-01-01."""


_STEPS_PER_LOOK = 64
_STEPS_PER_CLOCK = 256
"""Steps before the clock is read, which is slow; fewer when the steps turn out to be long."""
_LONG, _SHORT = 0.02, 0.002
"""Seconds between two looks at the clock from which on it is looked at more often, and less often again."""
_MOMENT = 0.005
"""Seconds for which the processor's time is not read again where it need not be exact."""
_SHARE = 6
"""A logarithm: at most this part of the steps that are left is taken at once."""
_PLENTY = _STEPS_PER_LOOK << _SHARE
_MOST_ASSUMPTIONS = 20
_UNITS_PER_STEP = 6
_ELEMENTS_PER_STEP = 3
_UNITS_PER_PASS = 5
"""Logarithms: what is copied, filled or looked through for one step."""
FREE_UNITS = 512
"""Units of a text or array that library members may work through without burning steps."""


class Limits(Record):
    """Bounds on what one evaluation may use; every one is a setting with this default.

    `steps`: loop iterations, calls of local functions and lambdas, and elements that LINQ walks over.
    `string_length`: UTF-16 code units in one string. `elements`: elements in one array or collection.
    Library members burn steps for what they work through, so that the default is about a second of computing.
    `regex_seconds`: time for one match of a regular expression, and for all long matches together.
    `seconds`: processor time of the whole evaluation, looked at every few steps: the guard against few steps that are
    each expensive.
    """

    steps: int = 5_000_000
    string_length: int = 16_777_216
    elements: int = 8_388_608
    regex_seconds: float = 2.0
    seconds: float = 5.0


_USUAL_LIMITS = Limits()


class Trust(Protocol):
    """Decides whether a certificate is to be trusted; see `apimpolicy.csharp.dotnet.cryptography.chain`."""

    def build(self, certificate: object, *, check_revocation: bool) -> object:
        """Build the chain of a certificate; the result has `.is_valid` and `.statuses`."""


class Environment:
    """The surroundings of one evaluation. `utc_now` gives ticks of 100 ns since 0001-01-01 UTC.

    `is_framework` says that .NET Framework runs, as on some gateways of the classic tiers, whose words differ.
    """

    __slots__ = (
        "_deadline", "_interval", "_looked", "_next_look", "_random", "_seed", "_sure_until", "assumptions",
        "being_ended", "is_framework", "is_over", "limits", "script", "steps_left", "thrown_late", "trust",
        "unseen_texts", "utc_now",
    )  # fmt: skip

    def __init__(
        self,
        utc_now: Callable[[], int] | None = None,
        trust: Trust | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
        is_framework: bool = False,
    ) -> None:
        self.is_framework = is_framework
        self.utc_now = utc_now or _system_ticks
        self.trust = trust
        self.limits = limits or _USUAL_LIMITS
        self.steps_left = self.limits.steps
        self.is_over = False
        """True once a limit is exceeded: nothing of the policy runs any more."""
        self.being_ended = 0
        """Number of iterators being ended: others, of which Python lets go, run nothing any more."""
        self.thrown_late: Exception | None = None
        """Exception from an abandoned iterator's end."""
        self._next_look = max(self.steps_left - _STEPS_PER_CLOCK, 0)
        self._interval = _STEPS_PER_CLOCK
        self._looked = 0.0
        self._deadline: float | None = None
        self._sure_until = -math.inf
        """The clock's time before which the processor's time can't be over: a thread uses no more than goes by."""
        self._random: Random | None = None
        self._seed = seed
        self.script: Script | None = None
        """Values to use instead of random numbers and GUIDs, while they last."""
        self.assumptions: list[str] = []
        """Sentences about what no source tells and the outcome depends on: our choices."""
        self.unseen_texts: dict[str, str] = {}
        """Texts of the host that no source shows, with what is known of them."""

    def renewed(self) -> Environment:
        """Return the same surroundings with all of their limits unused."""
        made = Environment(self.utc_now, self.trust, self.limits, self._seed, self.is_framework)
        made._random, made.script = self._random, self.script
        return made

    @contextmanager
    def share(self) -> Iterator[None]:
        """Evaluate with half of the steps that are left: what uses them up leaves something for what follows."""
        part = self.renewed()
        part.assumptions, part.unseen_texts = self.assumptions, self.unseen_texts
        if self._deadline is None:
            self._deadline = processor_time(time.perf_counter()) + self.limits.seconds
        part._deadline = self._deadline
        part.steps_left = part._next_look = given = self.steps_left >> 1
        try:
            with use_environment(part):
                yield
        finally:
            self.steps_left -= given - max(part.steps_left, 0)

    @property
    def random(self) -> Random:
        """Return the source of random numbers, made on first use, since seeding takes time."""
        if self._random is None:
            from random import Random

            self._random = Random(self._seed)
        return self._random

    @random.setter
    def random(self, source: Random) -> None:
        self._random = source

    def step(self, count: int = 1) -> None:
        """Use up steps; raises LimitExceededError when none are left, or when the time is over."""
        self.steps_left -= count
        if self.steps_left < self._next_look:
            self._look()

    def allowance(self) -> int:
        """Use up several steps at once; return how many more may be made before the next call.

        What is taken and not made is lost, so less is taken when little is left.
        """
        left = self.steps_left
        count = min(_STEPS_PER_LOOK, self._interval) if left >= _PLENTY else max(1, left >> _SHARE)
        self.steps_left = left = left - count
        if left < self._next_look:
            self._look()
        return count - 1

    def change_thread(self) -> None:
        """Continue the evaluation in another thread: its processor time counts from zero."""
        self._deadline, self._sure_until = None, -math.inf

    def spent(self, seconds: float, most: float = math.inf) -> None:
        """Use up the steps for time that went by in one call of a library; `most` seconds of its kind are all steps."""
        most = min(most, self.limits.seconds)
        if self.limits.seconds < math.inf:
            self.step(int(seconds / most * self.limits.steps))

    def seconds_left(self) -> float:
        """Return the seconds of its processor time that the evaluation may still take, by the steps that are left."""
        if self.limits.seconds == math.inf:
            return math.inf
        return max(self.steps_left, 0) / max(self.limits.steps, 1) * self.limits.seconds

    def begin_again(self) -> None:
        """Have all steps once more: what exceeded a limit was ended."""
        self.is_over = False
        self.steps_left = self._next_look = self.limits.steps
        self._deadline, self._sure_until = None, -math.inf

    def stop(self) -> None:
        """A limit was exceeded: every further step is one too many."""
        self.is_over = True
        self.steps_left = min(self.steps_left, -1)
        self._next_look = sys.maxsize

    def _look(self) -> None:
        if self.steps_left < 0:
            raise LimitExceededError("steps", self.limits.steps)
        now = time.perf_counter()
        if now >= self._sure_until:
            self._ask_processor(now)
        if now - self._looked > _LONG:
            self._interval = max(self._interval >> 3, 1)
        elif now - self._looked < _SHORT:
            self._interval = min(self._interval << 1, _STEPS_PER_CLOCK)
        self._looked = now
        self._next_look = max(self.steps_left - self._interval, 0)

    def _ask_processor(self, now: float) -> None:
        """Compare the processor's time, which the system is slow to give, with the deadline."""
        if self._deadline is None:
            used = processor_time(now)
            self._deadline = used + self.limits.seconds
            self._looked = now
        else:
            used = time.thread_time()
            if used > self._deadline:
                raise LimitExceededError("seconds", self.limits.seconds)
        self._sure_until = now + self._deadline - used

    def new_string(self, length: int) -> None:
        """Check the length of a string that is about to be made, and use up steps for the copying."""
        self.check_length(length)
        self.step(length >> _UNITS_PER_STEP)

    def check_length(self, length: int) -> None:
        """Raise LimitExceededError before a string of this many UTF-16 code units is made."""
        if length > self.limits.string_length:
            raise LimitExceededError("string_length", self.limits.string_length)

    def check_elements(self, count: int) -> None:
        """Raise LimitExceededError before an array or collection of this many elements is made."""
        if count > self.limits.elements:
            raise LimitExceededError("elements", self.limits.elements)

    def new_elements(self, count: int) -> None:
        """Check the size of an array that is about to be made, and use up steps for filling it."""
        self.check_elements(count)
        self.step(count >> _ELEMENTS_PER_STEP)


class _ProcessorTime(threading.local):
    """The processor time of a thread when it was last read; `looked` is in seconds of the clock."""

    looked = -math.inf
    used = 0.0


_processor_time = _ProcessorTime()


def processor_time(now: float) -> float:
    """Return the seconds of the processor that this thread has used, or had some milliseconds before, since the system
    is slow to say. `now` is `time.perf_counter()`.
    """
    last = _processor_time
    if now - last.looked > _MOMENT:
        last.looked, last.used = now, time.thread_time()
    return last.used


def _system_ticks() -> int:
    return UNIX_EPOCH_TICKS + time.time_ns() // 100


_OUTSIDE: Final = Environment(limits=Limits(steps=sys.maxsize, seconds=math.inf))
_current: ContextVar[Environment] = ContextVar("apimpolicy.environment", default=_OUTSIDE)
environment: Final = _current.get
"""Return the environment of the evaluation that is running; outside of any, one without limits of steps and time."""


def joined(parts: Sequence[str], separator: str = "") -> str:
    """Parts as one string; raises LimitExceededError before a string that is too long is made."""
    length = sum(map(len, parts)) + len(separator) * max(len(parts) - 1, 0)
    if length > FREE_UNITS:
        environment().new_string(length)
    return separator.join(parts)


def work_through(length: int) -> None:
    """Use up steps for one pass over this many code units, bytes or elements; short ones are free."""
    if length > FREE_UNITS:
        environment().step(length >> _UNITS_PER_PASS)


def charge_parts(parts: int) -> None:
    """Use up steps for looking at the parts of a value, of which a small one can have many.

    One that holds another twice, and so on forty times, has 2**40.
    """
    environment().step(parts)


def assume(words: str) -> None:
    """Note once that the outcome depends on this choice of the simulator; the sentence has no full stop."""
    running = environment()
    if running is not _OUTSIDE and words not in running.assumptions and len(running.assumptions) < _MOST_ASSUMPTIONS:
        running.assumptions.append(words)


def note_unseen(text: str, known: str) -> None:
    """Note that the host made a text that no source shows, and what is known of it."""
    running = environment()
    if running is not _OUTSIDE and len(running.unseen_texts) < _MOST_ASSUMPTIONS:
        running.unseen_texts[text] = known


def stop_evaluation() -> None:
    running = environment()
    if running is not _OUTSIDE:
        running.stop()


LimitExceededError.when_made = staticmethod(stop_evaluation)


def has_environment() -> bool:
    return environment() is not _OUTSIDE


_watch: Callable[[float | None], None] | None = None


def watch_evaluations(watch: Callable[[float | None], None]) -> None:
    """Have a function called with the limit of seconds when an evaluation begins, and with None when it has ended."""
    global _watch
    _watch = watch


def renew_watch() -> None:
    """Begin to count the time between two evaluations anew: for work that takes long without any evaluation."""
    if _watch is not None and not has_environment():
        _watch(None)


class use_environment:  # noqa: N801 - used as a statement: `with use_environment(e):`
    """Make an environment the current one for a block; nests."""

    __slots__ = ("_environment", "_is_watched", "_token")

    def __init__(self, new: Environment) -> None:
        self._environment = new

    def __enter__(self) -> Environment:
        self._is_watched = _watch is not None and not has_environment()
        if self._is_watched:
            _watch(self._environment.limits.seconds)  # type: ignore[misc]
        self._token = _current.set(self._environment)
        return self._environment

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
        if self._is_watched:
            _watch(None)  # type: ignore[misc]
