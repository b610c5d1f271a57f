"""The keyed pseudonyms that a subject is stored under: a chain of HMAC-SHA-256, one link for each key (DESIGN §5).

Under the first key a subject's pseudonym is the HMAC of its number, under each later key the HMAC of the pseudonym
before. So whoever has the keys can raise what is stored from one key to the next without knowing a number, and works
out every pseudonym of a subject in one go. docs/algorithms.md says what that protects from, and what not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from gateway.errors import Unavailable
from gateway.model.caller import SubjectKey, SubjectKeys
from gateway.model.pseudonym_key import RegisteredKey, current_of

log = structlog.get_logger(__name__)

CHECKED_TEXT = b"mina-arenden pseudonym key check"
CHECK_BYTES = 16

Registered = Sequence[RegisteredKey]


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """A key: its id, and its secret of at least 32 bytes, which is kept out of `repr`."""

    id: str
    secret: bytes = field(repr=False)

    def check(self) -> str:
        """What the database keeps of a key, so that others can see that they hold the same one: 22 characters."""
        return _text(hmac.digest(self.secret, CHECKED_TEXT, hashlib.sha256)[:CHECK_BYTES])


class KeysDiffer(Unavailable):
    """The keys of this process are not those that the database calls for. `problem` says how, for the log alone."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__("This replica of the gateway cannot say who is who right now. Try again in a while.")


def _log(problem: str) -> None:
    log.error("pseudonym_keys.differ", problem=problem)


class Pseudonyms:
    """Makes pseudonyms with a chain of keys, of which `registered` says which is current: the first, until it does.

    `registered` gives what the database knows, as last read. Where these keys are not the ones it means, every
    pseudonym might be a wrong one, under which a subject's case groups are missing or written where nobody finds them:
    then every method raises KeysDiffer, and `told` is told once how they differ.
    """

    def __init__(
        self,
        keys: Sequence[PseudonymKey],
        registered: Callable[[], Registered] = tuple,
        told: Callable[[str], None] = _log,
    ) -> None:
        self.keys = tuple(keys)
        self._registered = registered
        self._told = told
        self._seen: Registered | None = None
        self._place = 0
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """How these keys differ from those that the database calls for; None when they do not."""
        registered = self._registered()
        if registered is not self._seen:
            before = self._problem
            self._place, self._problem = _place_of_current(self.keys, registered)
            self._seen = registered
            if self._problem is not None and self._problem != before:
                self._told(self._problem)
        return self._problem

    @property
    def key_id(self) -> str:
        """The id of the key that is current."""
        return self.keys[self._current()].id

    def of(self, number: str) -> SubjectKey:
        """The subject's pseudonym under the current key: 43 characters of base64url, and the key's id."""
        return self._chain(number)[self._current()]

    def all_of(self, number: str) -> SubjectKeys:
        """The subject's pseudonyms under every key: the current one first, then the others in the keys' order."""
        place, chain = self._current(), self._chain(number)
        return (chain[place], *chain[:place], *chain[place + 1 :])

    def id_of(self, subject_keys: SubjectKeys) -> str:
        """The digest among a subject's pseudonyms that stays whichever key is current: that under the first key."""
        return next(one.digest for one in subject_keys if one.key_id == self.keys[0].id)

    def raised(self, key: SubjectKey, to: str) -> SubjectKey:
        """The pseudonym that the subject of `key` has under the later key whose id is `to`; `key` itself under its own.

        Raises ValueError where a key is not known here, or `to` is an earlier one: there is no way back.
        """
        self._current()
        ids = [one.id for one in self.keys]
        start, end = ids.index(key.key_id), ids.index(to)
        if end < start:
            raise ValueError(f"the key {to} comes before {key.key_id}")
        for one in self.keys[start + 1 : end + 1]:
            key = _next(key, one)
        return key

    def _current(self) -> int:
        if (problem := self.problem) is not None:
            raise KeysDiffer(problem)
        return self._place

    def _chain(self, number: str) -> SubjectKeys:
        first, *later = self.keys
        chain = [SubjectKey(_text(hmac.digest(first.secret, number.encode(), hashlib.sha256)), first.id)]
        for key in later:
            chain.append(_next(chain[-1], key))
        return tuple(chain)


def _next(before: SubjectKey, key: PseudonymKey) -> SubjectKey:
    return SubjectKey(_text(hmac.digest(key.secret, before.digest.encode(), hashlib.sha256)), key.id)


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _place_of_current(keys: Sequence[PseudonymKey], registered: Registered) -> tuple[int, str | None]:
    """Where in `keys` the current one stands, and how they differ from those that the database means, if they do."""
    if not registered:
        return 0, None
    current = current_of(registered)
    chain = sorted(registered, key=lambda key: key.number)
    if current is None or [key.number for key in chain] != list(range(1, len(chain) + 1)):
        return 0, "the database's list of keys is not whole: `gateway keys list` shows it"
    ids = [key.id for key in keys]
    # A key that comes after the current one is on its way to every replica: nothing hangs on it yet.
    for one in chain[: current.number]:
        held = keys[one.number - 1] if one.number <= len(keys) else None
        if held is None or held.id != one.id:
            wrong = "elsewhere in the chain" if one.id in ids else "not in the key file"
            return 0, f"the key {one.id}, number {one.number} of the chain, is {wrong}"
        if held.check() != one.check:
            return 0, f"the key file has another key under the id {one.id}"
    return current.number - 1, None
