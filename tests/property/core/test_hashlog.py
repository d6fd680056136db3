"""Trees and canonical forms, for any content."""

import json
import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st

from yitong.core.hashlog.canonical import NotCanonical, canonical
from yitong.core.hashlog.merkle import (
    Hash,
    Tree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
rows = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
hashes = st.sampled_from(Hash)


def leaves_of(count: int, algorithm: Hash) -> list[bytes]:
    return [leaf_hash(str(n).encode(), algorithm) for n in range(count)]


def canonical_or_assume(value: object) -> bytes:
    try:
        return canonical(value)
    except NotCanonical:
        assume(False)  # two keys that are one in NFC
        raise


@given(value=rows)
def test_canonical_form_is_a_fixed_point(value: object) -> None:
    form = canonical_or_assume(value)
    assert canonical(json.loads(form)) == form


@given(a=rows, b=rows)
def test_canonical_form_tells_values_apart(a: object, b: object) -> None:
    same = canonical_or_assume(a) == canonical_or_assume(b)
    assert same == (_nfc(a) == _nfc(b) and _types(a) == _types(b))


@given(value=st.dictionaries(text, rows, max_size=6), seed=st.randoms())
def test_canonical_form_does_not_depend_on_order(value: dict[str, object], seed) -> None:
    items = list(value.items())
    seed.shuffle(items)
    assert canonical_or_assume(dict(items)) == canonical_or_assume(value)


def _nfc(value: object) -> object:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {_nfc(key): _nfc(item) for key, item in value.items()}
    return [_nfc(item) for item in value] if isinstance(value, list) else value


def _types(value: object) -> object:
    if isinstance(value, dict):
        return {_nfc(key): _types(item) for key, item in value.items()}
    return [_types(item) for item in value] if isinstance(value, list) else type(value)


def _by_definition(leaves: list[bytes], algorithm: Hash) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(_by_definition(leaves[:k], algorithm), _by_definition(leaves[k:], algorithm), algorithm)


@given(count=st.integers(1, 70), algorithm=hashes)
def test_growing_tree_has_the_defined_root(count: int, algorithm: Hash) -> None:
    leaves = leaves_of(count, algorithm)
    tree = Tree(algorithm, leaves)
    assert (tree.root, tree.size) == (_by_definition(leaves, algorithm), count)


@given(data=st.data(), size=st.integers(1, 70), algorithm=hashes)
def test_inclusion_is_proved_at_its_place_only(data, size: int, algorithm: Hash) -> None:
    leaves = leaves_of(size, algorithm)
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index, algorithm), root_of(leaves, algorithm)
    assert is_included(leaves[index], index, size, proof, root, algorithm)
    assert is_included(leaves[index], other, size, proof, root, algorithm) == (index == other)
    assert is_included(leaves[other], index, size, proof, root, algorithm) == (index == other)
    assert not is_included(leaves[index], index, size, [*proof, root], root, algorithm)
    assert not is_included(leaves[index], index, size, proof[:-1], root, algorithm) or not proof
    assert not is_included(leaves[index], size, size, proof, root, algorithm)


@given(data=st.data(), size=st.integers(1, 70), algorithm=hashes)
def test_growth_is_proved_and_a_changed_past_is_not(data, size: int, algorithm: Hash) -> None:
    leaves = leaves_of(size, algorithm)
    first = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, first - 1))
    old, new = root_of(leaves[:first], algorithm), root_of(leaves, algorithm)
    proof = consistency_proof(leaves, first, algorithm)
    assert is_consistent(first, old, size, new, proof, algorithm)
    forged = [*leaves[:changed], b"\x00" * 32, *leaves[changed + 1 :]]
    forged_root = root_of(forged, algorithm)
    assert not is_consistent(first, old, size, forged_root, consistency_proof(forged, first, algorithm), algorithm)
    assert not is_consistent(first, old, size, forged_root, proof, algorithm)
    if first < size:
        assert not is_consistent(first, old, first, new, [], algorithm)
        assert not is_consistent(first, new, size, new, proof, algorithm)
