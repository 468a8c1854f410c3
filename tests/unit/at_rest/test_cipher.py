import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.at_rest.cipher import NotAuthentic, new_key, seal, unseal

KEY = bytes(range(32))
SOME = st.binary(max_size=200)


@given(plain=SOME, about=SOME)
def test_what_was_sealed_comes_back_whole(plain: bytes, about: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, about), about) == plain


@given(plain=SOME, about=SOME, place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_is_noticed(plain: bytes, about: bytes, place: int, bit: int) -> None:
    sealed = bytearray(seal(KEY, plain, about))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(NotAuthentic):
        unseal(KEY, bytes(sealed), about)


@given(sealed=st.binary(max_size=60))
def test_nothing_that_was_not_sealed_is_taken_for_it(sealed: bytes) -> None:
    with pytest.raises(NotAuthentic):
        unseal(KEY, sealed, b"")


def test_it_takes_the_key_and_what_it_is_about() -> None:
    sealed = seal(KEY, b"a photo", b"of Alice")
    for key, about in ((new_key(), b"of Alice"), (KEY, b"of Bob")):
        with pytest.raises(NotAuthentic):
            unseal(key, sealed, about)


def test_the_same_thing_sealed_twice_looks_different() -> None:
    assert seal(KEY, b"a photo", b"") != seal(KEY, b"a photo", b"")
