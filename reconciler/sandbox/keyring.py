"""The keys of a zone at one signer: a key for a symbol is made once, ever."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.keys import Key
from reconciler.sandbox.history import HeldKey
from reconciler.sandbox.keymaker import make_key, tags
from reconciler.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of a world, made from its seed."""

    store: Store
    seed: int

    def key_for(self, zone: str, place: str, label: str) -> HeldKey:
        """Return the key that `place` made for a symbol, made now if it was not; in a transaction.

        No two keys that any signer ever had for `zone` share algorithm and tag.
        """
        keys = self.store.view()[1].keys.values()
        for key in keys:
            if (key.zone, key.place, key.label) == (zone, place, label):
                return key
        taken = tags(key for key in keys if key.zone == zone)
        made = make_key(seed=self.seed, zone=zone, place=place, label=label, taken=taken)
        return self.store.add_key(made)

    def take_in(self, zone: str, place: str, key: Key) -> HeldKey:
        """Write down a foreign key: `place` can publish it and not sign with it."""
        taken = HeldKey(
            id=0,
            zone=zone,
            place=place,
            label=f"foreign-{key.flags}-{key.algorithm}-{(key.public_key or b'').hex()[-16:]}",
            algorithm=key.algorithm,
            flags=key.flags,
            public=key.public_key or b"",
            private=None,
        )
        return self.store.add_key(taken)
