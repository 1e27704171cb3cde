"""How carols sound: what the playing half learns from."""
