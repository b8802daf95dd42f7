"""`python -m passerby` is `passerby`."""

from .apps.cli import main

if __name__ == "__main__":
    main()
