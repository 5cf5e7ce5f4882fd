"""How permissions are laid out over policy documents: inline, or in managed policies too.

What fits inline stays inline. What does not is split by a binary trie over a
hash of the bucket's name (and then of the prefix): a node whose document fits
is a leaf and becomes one policy, any other is cut by its next bit. A leaf's
content thus depends on the names in it alone. Adding a permission rewrites the
one leaf it falls into; when that leaf overflows, it keeps a part and one new
policy takes the rest. No other document changes, whatever came before.

Leaves are not full, on average seven tenths. Where they come to nearly as many
policies as an identity may have, the permissions are packed instead, document
by document: that holds more, and gives up that a change stays local.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from os.path import commonprefix

from components.aws import limits
from components.policy.permissions import Permission

INLINE = ""
"""The key of the inline policy among the documents; managed policies have their leaf's bits."""

_BUCKET_BITS = 16
_PREFIX_BITS = 32

Documents = Mapping[str, tuple[Permission, ...]]
"""Permissions by document: ``INLINE``, or the bits that a managed policy's leaf stands for."""


Size = Callable[[Sequence[Permission]], int]


class TooLargeError(Exception):
    """The permissions do not fit into the policies that an identity may have.

    ``size`` is the characters of the one document that would hold them all,
    ``policies`` how many managed policies they'd need, or None where a single
    permission is larger than a policy may be.
    """

    def __init__(self, size: int, policies: int | None) -> None:
        """Take the figures; whoever catches it words the message."""
        self.size = size
        self.policies = policies
        super().__init__(size, policies)


def spread(
    kind: limits.Kind, permissions: Sequence[Permission], size: Size
) -> tuple[Documents, bool]:
    """Spread permissions over documents, each within its limit.

    Also says whether they are packed: a change may then rewrite many documents.

    Args:
        kind: whose inline limit counts.
        permissions: what the identity may do, at least one, in canonical order.
        size: characters of the document that allows some permissions.

    Raises:
        TooLargeError: where they need more policies than an identity may have.
    """
    if size(permissions) <= limits.INLINE[kind]:
        return {INLINE: tuple(permissions)}, False
    # A part stays inline only where that is the larger room: beside a managed
    # policy of 6,144 characters a user's 2,048 would only make the pieces small.
    kept: Sequence[Permission] = ()
    nodes: dict[str, Sequence[Permission]] = {"": permissions}
    if limits.INLINE[kind] > limits.MANAGED:
        kept, nodes = _beside_inline(permissions, size, limits.INLINE[kind])
    leaves = {INLINE: tuple(kept)} if kept else {}
    for bits, held in nodes.items():
        leaves |= _leaves(bits, bits or "0", held, size)
    # Fewer than may be attached: while permissions move, the policy that takes them
    # over stands beside all that were there.
    if _managed(leaves) < limits.ATTACHED:
        return leaves, False
    packed = _packed(sorted(permissions, key=_hash), size, limits.INLINE[kind])
    if len(packed) > limits.ATTACHED + 1:
        raise TooLargeError(size(permissions), len(packed) - 1)
    # Names of leaves, the shortest first, which have been there the longest: policies
    # are updated in place, since there is no room to attach many new ones beside them.
    names = [INLINE, *sorted(leaves.keys() - {INLINE}, key=lambda leaf: (len(leaf), leaf))]
    filled = {name: held for name, held in zip(names, packed, strict=False) if held}
    return filled, True


def _managed(documents: Documents) -> int:
    return len(documents) - (INLINE in documents)


def _packed(
    permissions: Iterable[Permission], size: Size, inline: int
) -> list[tuple[Permission, ...]]:
    """Fill one document after the other: the inline policy, then managed ones."""
    documents: list[tuple[Permission, ...]] = [()]
    for permission in permissions:
        more = (*documents[-1], permission)
        if size(more) <= (inline if len(documents) == 1 else limits.MANAGED):
            documents[-1] = more
        else:
            documents.append((permission,))
    return documents


def _beside_inline(
    permissions: Sequence[Permission], size: Size, inline: int
) -> tuple[Sequence[Permission], dict[str, Sequence[Permission]]]:
    """What stays inline, and the nodes of the trie that are given up for it.

    A quarter of the names goes at a time, and not half: half of what was too large
    inline might be too large for a managed policy, and would make two.
    """
    nodes: dict[str, Sequence[Permission]] = {}
    kept = permissions
    shared = commonprefix([_hash(one) for one in permissions])  # noqa: RUF071 - bits, no paths
    for zeros in range(_BUCKET_BITS + _PREFIX_BITS - len(shared) - 1):
        for bits in (f"{shared}{'0' * zeros}11", f"{shared}{'0' * zeros}10"):
            if size(kept) <= inline:
                return kept, nodes
            nodes[bits] = [one for one in kept if _hash(one).startswith(bits)]
            kept = [one for one in kept if not _hash(one).startswith(bits)]
    raise TooLargeError(size(kept), None)


def _leaves(
    bits: str, name: str, permissions: Sequence[Permission], size: Size
) -> Iterator[tuple[str, tuple[Permission, ...]]]:
    if not permissions:
        return
    if size(permissions) <= limits.MANAGED:
        yield name, tuple(permissions)
        return
    if len(permissions) == 1:
        raise TooLargeError(size(permissions), None)
    halves = [
        (below, [one for one in permissions if _hash(one).startswith(below)])
        for below in (bits + "0", bits + "1")
    ]
    # A leaf that is cut keeps its name for the first part of it, so that one policy is new.
    names = iter((name, bits + "1"))
    for below, inside in halves:
        if inside:
            yield from _leaves(below, next(names), inside, size)


def _hash(permission: Permission) -> str:
    """Bits of the bucket first: a bucket's permissions stay together while they fit."""
    return _bits(permission.bucket, _BUCKET_BITS) + _bits(permission.prefix, _PREFIX_BITS)


def _bits(text: str, count: int) -> str:
    digest = int.from_bytes(sha256(text.encode()).digest()[:8])
    return f"{digest:064b}"[:count]


def depth(leaf: str) -> int:
    """How far down the trie a document stands; the first one at 0, whatever its name."""
    return len(_path(leaf))


def takers(leaf: str, leaves: Iterable[str]) -> tuple[str, ...]:
    """The documents that may have taken over permissions that ``leaf`` held before.

    They are those cut from it, and stand deeper. Who changes documents makes the
    takers before ``leaf`` is rewritten, so that no permission is missing in between.
    """
    path = _path(leaf)
    return tuple(other for other in leaves if other != leaf and _path(other).startswith(path))


def _path(leaf: str) -> str:
    return "" if leaf in (INLINE, "0") else leaf
