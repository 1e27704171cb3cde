"""The inverse STFT by rows."""

from __future__ import annotations

import math

import torch

from kcarol.vocoder.inverse_stft import InverseSTFT


def test_inverse_stft_of_a_centred_stft_is_identity():
    wave = torch.randn(2, 256 * 20, generator=torch.Generator().manual_seed(1))
    istft = InverseSTFT(1024, 256)
    # "constant": the forward transform pads with zeros, as the overlap-add assumes
    spectrum = torch.stft(
        wave, 1024, 256, window=istft.window, pad_mode="constant", return_complex=True
    )
    back = istft.rows(spectrum / math.sqrt(1024))[:, istft.n_skip :].flatten(1)
    torch.testing.assert_close(back[:, : 256 * 20], wave, atol=1e-5, rtol=0)
