"""The product with a banded matrix is the dense one."""

import torch

from kcarol.audio.spectrum import BandedProduct


def test_the_product_is_the_dense_one_even_with_an_empty_tile():
    matrix = torch.rand(30, 12, generator=torch.Generator().manual_seed(0))
    row, column = torch.arange(30)[:, None], torch.arange(12)
    matrix *= ((row - 2 * column).abs() <= 3) & (column < 8)
    x = torch.rand(5, 30, generator=torch.Generator().manual_seed(1))
    product = BandedProduct(matrix, (4, 8))
    assert torch.allclose(product(x), x @ matrix, atol=1e-6)
    assert sum(tile.numel() for tile in product.buffers()) < 0.5 * matrix.numel()
    assert not product.state_dict()
