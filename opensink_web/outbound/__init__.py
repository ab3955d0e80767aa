"""HTTP out: pure values in, pure values out. No database, no Flask, no settings are read here.

client         Client.send(Call) -> Response: one guarded exchange that never raises
policy         EndpointPolicy: which hosts and addresses endpoints may have
callback_policy  CallbackPolicy: which URLs results may be sent to
notification_policy  NotificationPolicy: which URLs people may have themselves told at
trust          which certificate authorities are trusted
destination    an endpoint's URL, taken apart once and strictly
addresses      what an IP address means: public, special, metadata, one inside another
connection     the guard at the socket: connects to vetted addresses only, in bounded time
resolver       names to addresses within the time that is left
idle           connections kept open for the next call to the same place
failures       what went wrong, as a code and a sentence
headers        which headers may be configured, and which values are hidden
signing        Standard Webhooks signatures
retry          when to try again
oidc           what a sign-in through an OpenID Connect provider takes and brings
oidc_provider  the provider itself, through Authlib; nothing of it concerns agents' endpoints
endpoint_call  an execution endpoint and an answered request -> the Call
execution_call what calls of functions and agents have in common
function_call  a function's endpoint and an execution -> the Call, and what its answer means
agent_call     an agent's endpoint and an execution of a batch -> the same
callback_call  how an execution or a batch ended -> the Call that says so
outcome        what came of carrying a function or an agent out
"""
