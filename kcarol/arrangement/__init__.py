"""From a lead sheet to what the instruments of a carol play."""
