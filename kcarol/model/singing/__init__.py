"""Choirs on the vowels of a song: formants, and the text that they sing."""
