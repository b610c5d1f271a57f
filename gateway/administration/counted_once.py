"""A person whose pseudonyms were made with several keys, counted once."""

from __future__ import annotations

from contextlib import suppress

from gateway.administration.database import pseudonym_key_file
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.identity.pseudonyms import Pseudonyms
from gateway.model.caller import SubjectKey
from gateway.settings import Settings, SettingsError


class People:
    """Gives the pseudonym that a person is counted under: that of the newest key, where the keys are at hand."""

    def __init__(self, pseudonyms: Pseudonyms | None) -> None:
        self._pseudonyms = pseudonyms
        self._counted_under: set[str] = set()

    @classmethod
    def of(cls, settings: Settings) -> People:
        """With the keys in the gateway's key file, or without any where none is set. Raises KeyFileError."""
        try:
            file, key_id = pseudonym_key_file(settings)
        except SettingsError:
            return cls(None)
        return cls(read_pseudonyms(file, key_id))

    @property
    def may_be_counted_twice(self) -> bool:
        """Whether pseudonyms were left under more than one key."""
        return len(self._counted_under) > 1

    def __call__(self, subject: SubjectKey) -> SubjectKey:
        """The pseudonym that the person of `subject` is counted under."""
        if self._pseudonyms is not None:
            with suppress(ValueError):  # a key that is not at hand: counted as it stands
                subject = self._pseudonyms.raised(subject, self._pseudonyms.keys[-1].id)
        self._counted_under.add(subject.key_id)
        return subject
