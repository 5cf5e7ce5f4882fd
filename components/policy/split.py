"""How permissions are distributed over an inline policy and managed policies.

Permissions that fit inline stay inline. Others are split by a binary trie over a
hash of the bucket's name (and then of the prefix): a node whose document fits
is a leaf and becomes one policy; any other node is split by its next bit. So the
content of a leaf depends only on the names in it. Adding a permission rewrites one
leaf; if that leaf becomes too large, it keeps a part and one new policy takes the
rest. No other document changes.

Leaves are about 70% full on average. If they need nearly as many policies as an
identity may have, the permissions are packed instead, one document after the other.
That holds more permissions, but a change may rewrite many documents.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from os.path import commonprefix

from components.aws import limits
from components.policy.permissions import Permission

INLINE = ""
"""The key of the inline policy in the documents. Keys of managed policies are leaves."""

_BUCKET_BITS = 16
_PREFIX_BITS = 32

Documents = Mapping[str, tuple[Permission, ...]]
"""Permissions by document: ``INLINE``, or the bits of a managed policy's leaf."""


Size = Callable[[Sequence[Permission]], int]


class TooLargeError(Exception):
    """The permissions do not fit into the policies that an identity may have.

    ``size`` is the size of one document with all of them. ``policies`` is the number of
    managed policies that they need, or None if a single permission is too large for a policy.
    """

    def __init__(self, size: int, policies: int | None) -> None:
        self.size = size
        self.policies = policies
        super().__init__(size, policies)


def spread(
    kind: limits.Kind, permissions: Sequence[Permission], size: Size
) -> tuple[Documents, bool]:
    """Spread permissions over documents, each within its limit.

    The second value says whether they are packed: a change may then rewrite many documents.

    Args:
        kind: User or role, which have different inline limits.
        permissions: The permissions of the identity, at least one, in canonical order.
        size: Computes the size of a document for some permissions.

    Raises:
        TooLargeError: They need more policies than an identity may have.
    """
    if size(permissions) <= limits.INLINE[kind]:
        return {INLINE: tuple(permissions)}, False
    # A part stays inline only if the inline limit is larger than a managed policy's.
    # Otherwise (users: 2,048 against 6,144) the parts would only become smaller.
    kept: Sequence[Permission] = ()
    nodes: dict[str, Sequence[Permission]] = {"": permissions}
    if limits.INLINE[kind] > limits.MANAGED:
        kept, nodes = _beside_inline(permissions, size, limits.INLINE[kind])
    leaves = {INLINE: tuple(kept)} if kept else {}
    for bits, held in nodes.items():
        leaves |= _leaves(bits, bits or "0", held, size)
    # One fewer than allowed: while permissions move, a new policy is attached in addition
    # to the existing ones.
    if _managed(leaves) < limits.ATTACHED:
        return leaves, False
    packed = _packed(sorted(permissions, key=_hash), size, limits.INLINE[kind])
    if len(packed) > limits.ATTACHED + 1:
        raise TooLargeError(size(permissions), len(packed) - 1)
    # Reuse the names of leaves, the shortest (oldest) first: policies are then updated in
    # place. There is no room to attach many new ones.
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
    """The permissions that stay inline, and the nodes of the trie for all others.

    A quarter of the names is moved at a time, not half: half of what is too large inline
    could be too large for one managed policy.
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
    # A leaf that is split keeps its name for the first part, so only one policy is new.
    names = iter((name, bits + "1"))
    for below, inside in halves:
        if inside:
            yield from _leaves(below, next(names), inside, size)


def _hash(permission: Permission) -> str:
    """The bucket's bits come first, so a bucket's permissions stay together while they fit."""
    return _bits(permission.bucket, _BUCKET_BITS) + _bits(permission.prefix, _PREFIX_BITS)


def _bits(text: str, count: int) -> str:
    digest = int.from_bytes(sha256(text.encode()).digest()[:8])
    return f"{digest:064b}"[:count]


def depth(leaf: str) -> int:
    """The depth of a document in the trie; 0 for the first one."""
    return len(_path(leaf))


def takers(leaf: str, leaves: Iterable[str]) -> tuple[str, ...]:
    """The documents that may have taken over permissions that ``leaf`` held before.

    They were split from it and are deeper in the trie. They must be created before ``leaf``
    is rewritten, so that no permission is missing in between.
    """
    path = _path(leaf)
    return tuple(other for other in leaves if other != leaf and _path(other).startswith(path))


def _path(leaf: str) -> str:
    return "" if leaf in (INLINE, "0") else leaf
