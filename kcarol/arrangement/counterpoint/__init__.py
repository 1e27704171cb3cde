"""Four-part writing: a tune in one register, chords under it, voice-leading, lines, and a lint."""
