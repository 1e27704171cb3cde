"""Log-mel to wave: NeuralVocoder, and GriffinLim as a baseline with the same two methods.

`NeuralVocoder.spectrum` makes the spectrum, `InverseSTFT` the wave, and `MelCorrection` and
`LowBand` bring the wave nearer to the log-mel.
"""
