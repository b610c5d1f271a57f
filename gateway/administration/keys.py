"""The life of a pseudonym key: added, current, former, retired. The rules, and what each step does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from gateway.administration.keyed import KeyDesk
from gateway.administration.plans import Json, Refused
from gateway.administration.recorded import recorded
from gateway.administration.views import timestamp
from gateway.identity.pseudonym_key_file import KEY_ID, FiledKey, new_key, write_keys
from gateway.model.history import Cause
from gateway.model.pseudonym_key import KeyState, RegisteredKey, current_of

BATCH = 500
"""Case groups that are stored under their new pseudonym with one write."""

Progress = Callable[[int, int], None]
"""Is told how many case groups were raised so far, and how many there were to raise."""

NOT_REGISTERED = "not registered"


def views(desk: KeyDesk, groups: dict[str, int]) -> list[Json]:
    """The keys as JSON, in the chain's order: those that are registered, then those that the file has beyond them."""
    held = {filed.key.id: filed for filed in desk.filed}
    places = {filed.key.id: place for place, filed in enumerate(desk.filed, start=1)}
    known = {key.id for key in desk.registered}
    found: list[Json] = [
        {
            "id": key.id,
            "number": key.number,
            "state": key.state.value,
            "since": timestamp(key.added_at),
            "caseGroups": groups.get(key.id, 0),
            "inThisFile": _held(key, held.get(key.id), places.get(key.id)),
        }
        for key in desk.registered
    ]
    for place, filed in enumerate(desk.filed, start=1):
        if filed.key.id not in known:
            is_first = not desk.registered and place == 1
            found.append(
                {
                    "id": filed.key.id,
                    "number": place,
                    "state": KeyState.CURRENT.value if is_first else NOT_REGISTERED,
                    "since": timestamp(filed.created_at),
                    "caseGroups": groups.get(filed.key.id, 0),
                    "inThisFile": "yes",
                }
            )
    listed = {str(one["id"]) for one in found}
    # Stored under a key that nobody knows any more: out of reach for those whose they are.
    found += [
        {"id": id_, "number": None, "state": "unknown", "since": None, "caseGroups": groups[id_], "inThisFile": "no"}
        for id_ in sorted(groups.keys() - listed)
    ]
    return found


async def add(desk: KeyDesk, id_: str | None, cause: Cause, *, dry_run: bool) -> list[str]:
    """Adds a new key to the file and registers it; and first, whatever is in the file and not registered yet.

    Keys that were put into the file and not registered, as when this command was broken off, are registered, and no
    other is made. Returns the ids that were registered. Raises Refused.
    """
    _refuse_if_older(desk)
    left = desk.filed[max(1, len(desk.registered)) :]
    filed = list(desk.filed)
    if not left:
        filed.append(new_key(_new_id(desk, id_), desk.moment))
    elif id_ is not None and id_ != left[0].key.id:
        raise Refused(
            f"The key {left[0].key.id} is in the key file and not registered yet; add it first, without --id."
        )
    to_register = filed[len(desk.registered) :]
    names = [one.key.id for one in to_register]
    if dry_run:
        return names
    async with recorded(desk.database, "keys.add", cause, details={"keys": tuple(names)}):
        if not left:
            write_keys(desk.file, filed)
        for number, one in enumerate(filed, start=1):
            if number > len(desk.registered) and not await desk.keys.register(_registered(one, number, cause), cause):
                if not left:
                    write_keys(desk.file, desk.filed)
                raise Refused(
                    f"Somebody else added a key meanwhile. {desk.file} is as it was: bring the newest key file here, "
                    "and repeat it."
                )
    return names


def _refuse_if_older(desk: KeyDesk) -> None:
    """Raises Refused where the key file has not all that is registered, and KeysDiffer where it does not fit."""
    _ = desk.pseudonyms.key_id
    if len(desk.registered) > len(desk.filed):
        missing = ", ".join(key.id for key in desk.registered[len(desk.filed) :])
        raise Refused(f"The key file {desk.file} lacks {missing}. Bring the newest key file here first.")
    for key in desk.registered:
        held = desk.filed[key.number - 1].key
        if held.id != key.id or held.check() != key.check:
            raise Refused(f"Number {key.number} in the key file {desk.file} is not the registered key {key.id}.")


def newest(desk: KeyDesk) -> RegisteredKey:
    """The key that is to be current. Raises Refused where no other than the first was ever added, or it is not held."""
    if not desk.registered or desk.registered[-1].number == 1:
        raise Refused("There is one key alone. `gateway keys add` adds another.")
    last = desk.registered[-1]
    held = next((filed.key for filed in desk.filed if filed.key.id == last.id), None)
    if held is None or held.check() != last.check:
        raise Refused(
            f"The key file {desk.file} does not hold the key {last.id}. Bring the newest key file here first."
        )
    _ = desk.pseudonyms.key_id  # KeysDiffer where the rest of the chain does not fit
    return last


async def to_raise(desk: KeyDesk, to: RegisteredKey) -> int:
    """How many case groups are stored under keys before `to`."""
    groups = await desk.keys.group_counts()
    return sum(groups.get(key.id, 0) for key in desk.registered if key.number < to.number)


async def rekey(desk: KeyDesk, to: RegisteredKey, cause: Cause, progress: Progress) -> int:
    """Makes `to` the current key, and stores every case group under it. Returns how many that were.

    It can be broken off anywhere, and repeated. Raises Refused where somebody else changed the keys meanwhile.
    """
    async with recorded(desk.database, "keys.rekey", cause, details={"key": to.id}) as found:
        if to.state is not KeyState.CURRENT and not await desk.keys.move(to, KeyState.CURRENT, cause):
            raise Refused("Somebody else changed the keys meanwhile. Look at them again: `gateway keys list`.")
        for key in (await desk.again()).registered:
            if key.state is KeyState.CURRENT and key.number < to.number:
                await desk.keys.move(key, KeyState.FORMER, cause)
        done = 0
        # Until none is left: a replica that has not yet heard of the change stores under the former key for a moment.
        while left := await to_raise(desk, to):
            progress(done, done + left)
            for key in desk.registered[: to.number - 1]:
                done += await _raised(desk, key.id, to.id, done, done + left, progress)
        found["caseGroups"] = done
    return done


async def retire(desk: KeyDesk, id_: str, cause: Cause, *, dry_run: bool) -> RegisteredKey:
    """Retires a former key under which no case group is stored. Raises Refused."""
    key = next((one for one in desk.registered if one.id == id_), None)
    if key is None:
        raise Refused(f"There is no registered key {id_!r}. `gateway keys list` shows them.")
    if key.state is not KeyState.FORMER:
        why = {
            KeyState.RETIRED: "it is retired already",
            KeyState.CURRENT: "it is the current one: `gateway keys rekey` makes another current",
            KeyState.ADDED: "it was never current, and what comes after it needs it",
        }
        raise Refused(f"The key {id_} cannot be retired: {why[key.state]}.")
    if groups := (await desk.keys.group_counts()).get(id_, 0):
        raise Refused(
            f"The key {id_} cannot be retired: {groups} case groups are stored under it. `gateway keys rekey`."
        )
    if not dry_run:
        async with recorded(desk.database, "keys.retire", cause, details={"key": id_}):
            if not await desk.keys.move(key, KeyState.RETIRED, cause):
                raise Refused("Somebody else changed the key meanwhile. Look at it again: `gateway keys list`.")
    return key


async def _raised(desk: KeyDesk, from_: str, to: str, before: int, total: int, progress: Progress) -> int:
    pseudonyms, done = desk.pseudonyms, 0
    async for batch in desk.keys.raise_groups(from_, lambda key: pseudonyms.raised(key, to), batch=BATCH):
        done += batch
        progress(before + done, total)
    return done


def _registered(filed: FiledKey, number: int, cause: Cause) -> RegisteredKey:
    state = KeyState.CURRENT if number == 1 else KeyState.ADDED
    return RegisteredKey(filed.key.id, number, filed.key.check(), state, cause.at)


def _new_id(desk: KeyDesk, wanted: str | None) -> str:
    taken = {filed.key.id for filed in desk.filed}
    if wanted is None:
        return next(id_ for number in count(len(taken) + 1) if (id_ := f"k{number}") not in taken)
    if KEY_ID.fullmatch(wanted) is None:
        raise Refused(f"--id {wanted!r} cannot be used: it must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -.")
    if wanted in taken:
        raise Refused(f"--id {wanted!r} cannot be used: there is such a key already.")
    return wanted


def _held(key: RegisteredKey, filed: FiledKey | None, place: int | None) -> str:
    if filed is None:
        return "no"
    if filed.key.check() != key.check:
        return "another under this id"
    return "yes" if place == key.number else "at another place"


def current_id(desk: KeyDesk) -> str:
    """The id of the current key."""
    current = current_of(desk.registered)
    return desk.filed[0].key.id if current is None else current.id
