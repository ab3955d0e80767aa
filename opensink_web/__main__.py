"""`python -m opensink_web` is the command `opensink`."""

from opensink_web.cli import main

if __name__ == "__main__":
    main()
