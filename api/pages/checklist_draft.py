"""What is being written in the editor of a checklist: read from its form, and what each of its buttons does to it.

Nothing is stored: the whole draft travels in the form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from api.field_errors import FieldError
from domain import catalogue
from domain.catalogue import check_items
from domain.patrols import catalogue_items, item_form, item_rules
from domain.patrols.items import Item

OF_ITEM = "i-"
"""Begins the names of the fields of the item that is open."""
MOST_CARRIED = 2 * item_rules.MOST_ITEMS
"""Items in the form: more than may be saved, so that whoever adds too many is told and can take some out."""
ITEMS = TypeAdapter(tuple[Item, ...])


@dataclass(slots=True)
class Draft:
    """What is being written."""

    items: list[Item]
    place: int | None = None
    """Which item is open; that after the last: a new one."""
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_signed: bool = True
    card: int | None = None
    """Which card of the phone is looked at."""
    pick: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    """Of the item that is open."""
    focus: str = ""
    """What was asked for: where the page begins when it is shown again."""

    def open(self, place: int) -> None:
        """Show an item's form; that behind the last is a new one's."""
        if 0 <= place < len(self.items):
            self.place, self.texts = place, item_form.texts_of(self.items[place])
        elif place == len(self.items):
            self.place, self.texts = place, item_form.texts_of(Item(_free_code(self.items), ""))
        self.focus = "item"

    def close(self) -> None:
        """Put the open item's form away."""
        self.place, self.texts, self.errors = None, {}, ()

    def keep(self) -> bool:
        """Take what was typed into the list; False, with its errors, when it cannot be asked."""
        if self.place is None:
            return True
        item, wrong = item_form.item_of(self.texts)
        changed = [*self.items[: self.place], item, *self.items[self.place + 1 :]]
        wrong += [(fault.field, fault.reason) for fault in item_rules.faults(changed) if fault.place == self.place]
        self.errors = tuple(FieldError(field_of(name), reason) for name, reason in wrong)
        if self.errors:
            self.focus = ""
            return False
        self.items = changed
        self.close()
        return True


def read(form: FormData) -> Draft:
    """Return the draft as the form has it; what was typed for the item that is open is not taken yet."""
    try:
        items = list(ITEMS.validate_json(text_of(form, "items") or "[]"))[:MOST_CARRIED]
    except ValidationError:
        items = []  # not from our form: there is nothing to keep
    place = _place(text_of(form, "place"), most=len(items))
    texts = {
        name.removeprefix(OF_ITEM): [text for text in form.getlist(name) if isinstance(text, str)]
        for name in form
        if name.startswith(OF_ITEM)
    }
    pick = {name: text_of(form, f"pick_{name}") for name in ("venue_type", "frequency", "division")}
    return Draft(items, place, texts if place is not None else {}, form.get("is_signed") == "yes", pick=pick)


def press(draft: Draft, pressed: str, form: FormData, *, day: date) -> bool:
    """Do what a button says; False when the item that is open cannot be taken."""
    name, _, rest = pressed.partition(":")
    if name == "discard":
        draft.close()
        draft.focus = "items"
        return True
    if not draft.keep():
        return False
    place = _place(rest, most=len(draft.items))
    if name == "own":
        draft.open(len(draft.items))
    elif name == "add":
        codes = [code for code in form.getlist("pick") if isinstance(code, str)]
        there = {item.code for item in draft.items}
        draft.items += [catalogue_items.item_of(code) for code in codes if code in check_items() and code not in there]
        draft.items, draft.focus = draft.items[:MOST_CARRIED], "items"
    elif name == "all":
        there = {item.code for item in draft.items}
        draft.items += [item for item in offered(draft, day) if item.code not in there]
        draft.focus = "items"
    elif name == "pick":
        draft.focus = "pick"
    elif name == "card":
        draft.card, draft.focus = place or 0, "card"
    elif place is not None and place < len(draft.items):
        _move(draft, name, place)
    return True


def _move(draft: Draft, name: str, place: int) -> None:
    if name == "edit":
        draft.open(place)
    elif name == "remove":
        del draft.items[place]
        draft.focus = "items"
    elif name in {"up", "down"}:
        other = place - 1 if name == "up" else place + 1
        if 0 <= other < len(draft.items):
            draft.items[place], draft.items[other] = draft.items[other], draft.items[place]
        draft.focus = f"row-{min(max(other, 0), len(draft.items) - 1)}"


def offered(draft: Draft, day: date) -> tuple[Item, ...]:
    """Return the items of the catalogue that fit what is picked from; all of them where nothing narrows them."""
    venue_type, frequency = draft.pick.get("venue_type", ""), draft.pick.get("frequency", "")
    division = draft.pick.get("division", "")
    if venue_type not in catalogue.checklists():
        return tuple(catalogue_items.item_of(code) for code in check_items())
    wanted = [frequency] if frequency in catalogue.frequencies() else list(
        catalogue_items.frequencies_of(venue_type, division=division, day=day))  # fmt: skip
    found: dict[str, Item] = {}
    for key in wanted:
        try:
            drawn = catalogue_items.draw(venue_type, key, division=division, day=day)
        except catalogue_items.NothingAsked:
            continue
        found.update({item.code: item for item in drawn.items})
    return tuple(found.values())


def looked_at(draft: Draft) -> Item | None:
    """Return the item that stands on the phone beside the form."""
    if draft.place is not None:
        return item_form.item_of(draft.texts)[0]
    if draft.card is not None and draft.items:
        return draft.items[min(draft.card, len(draft.items) - 1)]
    return None


def field_of(name: str) -> str:
    """Return the field of the form at which something about a part of the open item stands."""
    return OF_ITEM + ("condition_item" if name == "condition" else name)


def _free_code(items: Sequence[Item]) -> str:
    taken = {item.code for item in items}
    return next(code for code in (f"Z{number:02}" for number in range(1, 1000)) if code not in taken)


def _place(text: str, *, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000") and int(text) <= most else None


def text_of(form: FormData, name: str) -> str:
    """Return what a field has as text; "" for none."""
    value = form.get(name)
    return value if isinstance(value, str) else ""
