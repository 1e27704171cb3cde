"""Standard MIDI Files: scores and arrangements written in time with the record, and read."""
