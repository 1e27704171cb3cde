"""Songs on paper: lead sheets and arrangements, read from files and written to them."""
