"""What /api/v1 (api/) and the execution API at the root (runtime/) have in common. Knows no noun.

surface      where routes are mounted, and how each surface says that something is invalid
route     a route, declared once: what it takes, answers and needs
shapes    what bodies, queries, answers and pages share
call      one call of a declared route: who, may they, what; then the transaction
waiting   holding an answer until something has happened
throttle  how many keys may be guessed, and how often a key may call
received  reading a request, and saying what is wrong with it
problem   the one error body
openapi   OpenAPI 3.1, drawn up from the declarations
"""
