"""`python -m opensink_web.demo SETTINGS_FILE` runs the trading agent."""

from opensink_web.demo.trading_agent import main

main()
