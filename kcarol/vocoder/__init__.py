"""Bands to stereo: FullBandVocoder, around NeuralVocoder or, as a baseline, GriffinLim; the hall.

`NeuralVocoder.spectrum` computes the spectrum, `InverseSTFT` the wave; `MelCorrection` and
`LowBand` make the wave agree better with the log-mel. `Treble` makes what lies above.
"""
