"""An address that a workflow waits at: n8n's Wait node, a Trigger.dev token, a CrewAI callback.

template  the body that is sent there, in which the decision's values are put
"""
