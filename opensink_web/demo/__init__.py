"""The demo: a small trading agent, the example that an agent's author copies.

`trading_agent` stands alone and knows nothing of this package; `settings_file` keeps its settings
where `opensink up` looks for them. Nothing here imports the rest of the package.
"""
