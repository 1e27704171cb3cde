"""Chords as a musician would name them: by key, harmonic rhythm, bass and repetition."""
