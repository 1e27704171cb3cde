"""From logits to a `Transcription`, the lead sheet of a whole song."""
