"""What the suite forges is what it says."""

import zlib

from conformance.forging import bomb, zlib_bomb


def test_bombs_inflate_to_zeros_and_are_well_formed() -> None:
    zeros = bytes(3 << 20)
    assert zlib.decompress(bomb(3), wbits=-15) == zeros
    assert zlib.decompress(zlib_bomb(3)) == zeros
    assert len(bomb()) < 300_000
