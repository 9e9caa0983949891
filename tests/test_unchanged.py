"""What is connected is looked through again only where it is not what it was, and then always."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from enum import Enum
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from django.dispatch import Signal

from signal_panel import naming
from signal_panel.listing import Listing, Listings
from tests.shop.models import Book
from tests.test_connected import Loud

signal = Signal()
caching = Signal(use_caching=True)


class Service:
    """A sender that a module has."""


class Shop:
    def receive(self, **named: object) -> None:
        pass


def receive(**named: object) -> None:
    pass


async def areceive(**named: object) -> None:
    pass


def made() -> Callable[..., None]:
    def local(**named: object) -> None:
        pass

    return local


class Kept:
    """What the tests keep alive, and let go."""

    held: Any
    owner: Any
    sender: Any


def told(listing: Listing) -> list[tuple[object, ...]]:
    """What a listing says of the signals here, in words."""
    text = dict(enumerate(listing.strings.table())).get
    return [
        (
            text(kind.signal),
            None if kind.receiver < 0 else text(listing.receivers[kind.receiver].receiver),
            text(kind.sender),
            text(kind.uid),
            kind.state,
            kind.is_weak,
            kind.receiver < 0 or listing.receivers[kind.receiver],
        )
        for kind in listing.connections
        if str(text(kind.signal)).startswith(f"{__name__}.")
    ]


@pytest.fixture(autouse=True)
def _connected(settings: Any) -> Iterator[None]:
    settings.DEBUG = True  # else Django holds nobody in its cache of signatures
    naming.refresh_signal_names()
    Kept.held, Kept.owner, Kept.sender = made(), Shop(), type("Sender", (), {})
    signal.connect(receive)
    signal.connect(areceive, sender=Book)
    signal.connect(receive, sender=Service, dispatch_uid="once")
    signal.connect(receive, sender=Service, dispatch_uid=("once", 2))
    signal.connect(made(), weak=False)
    signal.connect(Kept.owner.receive)
    signal.connect(Kept.held)
    signal.connect(receive, sender=Kept.sender)
    caching.connect(receive, sender=Service)
    caching.send(Service)
    caching.send(Book)
    yield
    for each in (signal, caching):
        each.receivers = []
        each.sender_receivers_cache.clear()


@pytest.fixture
def listings() -> Listings:
    return Listings()


def test_what_has_not_changed_is_not_looked_through_again(listings: Listings) -> None:
    first = listings.now(())
    caching.send(Service)
    assert listings.now(()) is first


def test_nor_where_one_has_died_before(listings: Listings) -> None:
    Kept.held = None
    signal.connect(made())
    gc.collect()
    first = listings.now(())
    assert listings.now(()) is first


def test_nor_where_one_is_about_to_die(listings: Listings) -> None:
    signal.connect(made())
    first = listings.now(())
    assert listings.now(()) is first


def connect_another() -> None:
    signal.connect(receive, sender=Book)


def disconnect_one() -> None:
    signal.disconnect(receive)


def connect_one_again() -> None:
    signal.disconnect(receive)
    signal.connect(receive)


def pause_all() -> None:
    signal.receivers = []


def turn_around() -> None:
    signal.receivers.reverse()


def replace_by_hand(place: int) -> None:
    key, _, *rest = signal.receivers[place]
    signal.receivers[place] = (key, Shop().receive if place == 4 else weakref.ref(areceive), *rest)


def keep_nonsense() -> None:
    signal.receivers[0] = ()


def keep_no_list() -> None:
    signal.receivers = tuple(signal.receivers)


def let_the_owner_die() -> None:
    Kept.owner = None
    gc.collect()


def let_the_holder_go() -> None:
    Kept.held = None


def lose_one_in_the_cache() -> None:
    """As who mutes a signal does, and forgets its cache."""
    receivers, caching.receivers = caching.receivers, []
    caching.sender_receivers_cache.clear()
    caching.has_listeners(Service)
    caching.receivers = receivers


CHANGES = [
    connect_another,
    disconnect_one,
    pause_all,
    turn_around,
    pytest.param(lambda: replace_by_hand(0), id="replace_a_weak_one"),
    pytest.param(lambda: replace_by_hand(4), id="replace_a_strong_one"),
    keep_nonsense,
    keep_no_list,
    let_the_owner_die,
    let_the_holder_go,
    lose_one_in_the_cache,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(listings: Listings, change: Callable[[], None]) -> None:
    before = told(listings.now(()))
    change()
    after = told(listings.now(()))
    assert after != before
    assert after == told(Listings().now(()))


@pytest.mark.parametrize("change", CHANGES)
def test_that_it_was_taken_back_is_seen_too(listings: Listings, change: Callable[[], None]) -> None:
    kept = {each: each.receivers.copy() for each in (signal, caching)}
    change()
    listings.now(())
    for each, receivers in kept.items():
        each.receivers = receivers
        each.sender_receivers_cache.clear()
    assert told(listings.now(())) == told(Listings().now(()))


def test_what_was_connected_again_has_its_place_by_its_new_key(listings: Listings) -> None:
    listings.now(())
    connect_one_again()
    assert id(signal.receivers[-1][0]) in listings.now(()).places


def test_one_that_somebody_holds_again_is_not_dying(listings: Listings) -> None:
    let_the_holder_go()
    before = told(listings.now(()))
    Kept.held = signal.receivers[6][1]()
    assert told(listings.now(())) != before


def test_that_a_sender_has_died_is_seen(listings: Listings) -> None:
    globals()["Sender"] = Kept.sender
    before = told(listings.now(()))
    del globals()["Sender"]
    Kept.sender = None
    gc.collect()
    assert told(listings.now(())) != before


def test_that_a_module_has_a_sender_now_is_seen(listings: Listings, monkeypatch: pytest.MonkeyPatch) -> None:
    listings.now(())
    module = ModuleType("since")
    vars(module)["Sender"] = Kept.sender
    monkeypatch.setitem(sys.modules, "since", module)
    assert told(listings.now(())) == told(Listings().now(()))


def test_a_signal_that_a_module_has_now_is_seen(listings: Listings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listings.now(())
    module = ModuleType("tests.test_unchanged.since")
    vars(module)["added"] = added = Signal()
    added.connect(receive)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    after = listings.now(())
    assert len(after.signals) == len(before.signals) + 1
    assert len(told(after)) == len(told(before)) + 1


def test_other_patterns_leave_out_others(listings: Listings) -> None:
    listings.now(())
    assert told(listings.now((f"{__name__}.signal",))) == told(Listings().now((f"{__name__}.signal",)))


class NotWeakly:
    __slots__ = ()

    def __call__(self, **named: object) -> None:
        """Hear."""


class Color(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("receiver", "uid"),
    [
        (receive, UUID(int=1)),
        (receive, Color.RED),
        (receive, (b"once", None, True, 0.5)),
        (NotWeakly(), None),
        (NotWeakly(), "once"),
    ],
)
def test_nor_for_a_uid_that_is_no_text_or_one_that_cannot_be_weakly_held(
    listings: Listings, receiver: Any, uid: object
) -> None:
    signal.connect(receiver, weak=False, dispatch_uid=uid)
    first = listings.now(())
    assert listings.now(()) is first
    signal.disconnect(receiver, dispatch_uid=uid)
    assert listings.now(()) is not first


def test_a_uid_of_the_users_is_not_held(listings: Listings) -> None:
    class Uid:
        pass

    uid = Uid()
    died = weakref.ref(uid)
    signal.connect(receive, dispatch_uid=uid, sender=Kept.sender)
    assert told(listings.now(())) == told(listings.now(()))
    signal.disconnect(dispatch_uid=uid, sender=Kept.sender)
    del uid
    gc.collect()
    assert died() is None


def test_nobody_is_asked_anything(listings: Listings, monkeypatch: pytest.MonkeyPatch) -> None:
    loud, sender = Loud(), Loud()
    for number, receiver in enumerate([loud, loud.receive]):
        signal.connect(receiver, sender=sender, dispatch_uid=number, weak=bool(number))
    signal.connect(receive, sender=sender)
    caching.connect(loud)
    caching.send(Service)
    monkeypatch.setattr(Loud, "is_armed", True)
    first = listings.now(())
    assert listings.now(()) is first
    signal.receivers.reverse()
    assert listings.now(()) is not first
    monkeypatch.undo()
