"""Carols played from samples: FluidSynth and a soundfont, where a machine has them."""
