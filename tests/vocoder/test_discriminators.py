"""Facts about the discriminators."""

import torch

from kcarol.vocoder.discriminators import Discriminators, discriminator_loss, generator_loss


def test_discriminators_learn_to_tell_noise_from_tones():
    torch.manual_seed(0)
    views = Discriminators(4, periods=(2,), resolutions=(512,))
    adam = torch.optim.Adam(views.parameters(), 2e-3)
    tone = torch.sin(torch.arange(4096) * 0.2).repeat(2, 1)
    for _ in range(30):
        noise = torch.randn(2, 4096)
        loss = discriminator_loss(views(tone), views(noise))
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss < 0.5 and generator_loss(views(noise)) > 1 > generator_loss(views(tone))
