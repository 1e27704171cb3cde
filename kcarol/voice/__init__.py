"""The singer's voice: recorded alone, brought into time with its song, and laid over the carol."""
