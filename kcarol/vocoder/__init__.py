"""Log-mel to wave: NeuralVocoder, and GriffinLim as a baseline with the same two methods.

`NeuralVocoder.spectrum` computes the spectrum, `InverseSTFT` the wave; `MelCorrection` and
`LowBand` make the wave agree better with the log-mel.
"""
