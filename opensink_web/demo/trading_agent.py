"""A trading agent that asks a person before it trades. It needs Python and `requests`.

POST /start begins a session and proposes trades. When somebody has answered, OpenSink calls
POST /execute, and the agent trades what was approved. In between it does nothing, not even poll.
Run it with: python trading_agent.py settings.json
"""

import base64
import hmac
import json
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

JSON = dict[str, Any]
TRADES: list[JSON] = [
    {
        "side": "sell",
        "symbol": "NVDA",
        "quantity": 40,
        "limit_price": 181.52,
        "reason": "It is 14 % of the portfolio; no single share may be more than 10 %.",
    },
    {
        "side": "buy",
        "symbol": "TLT",
        "quantity": 35,
        "limit_price": 88.15,
        "reason": "Bonds are 12 % of the portfolio; the target is 15 %.",
    },
]
MESSAGE = """These trades bring the portfolio (**$100,000**) back towards its target weights.

| Trade | Limit | Cash |
|:------|------:|-----:|
| Sell 40 NVDA | $181.52 | + $7,260.80 |
| Buy 35 TLT | $88.15 | - $3,085.25 |

**Risk:** technology falls from 61 % to 54 %, and the loss to expect on the worst day of a month
from $2,300 to $1,950. Both are limit orders, good for today."""


@dataclass(frozen=True)
class AgentSettings:
    base_url: str  # where OpenSink is
    api_key: str
    agent_id: str
    secret: str  # the agent's signing secret
    port: int


def form_for(trade: JSON) -> JSON:
    """Describe one trade as JSON Schema: facts to read, a quantity to change, a decision."""
    quantity, price = trade["quantity"], trade["limit_price"]
    properties: JSON = {
        "symbol": {"const": trade["symbol"]},
        "side": {"const": trade["side"]},
        "limit_price": {"type": "number", "default": price, "readOnly": True},
        "reason": {"const": trade["reason"]},
        "quantity": {"type": "integer", "default": quantity, "minimum": 1, "maximum": quantity * 2},
        "approved": {"type": "boolean", "title": "Approve this trade?"},
        "notes": {"type": "string", "title": "Notes for the agent", "maxLength": 200},
    }
    required = [name for name in properties if name != "notes"]
    title = f"{trade['side'].title()} {quantity} {trade['symbol']}"
    return {"type": "object", "title": title, "properties": properties, "required": required}


def is_signed(headers: Any, body: bytes, secret: str) -> bool:
    """Return True if a call was meant for us, and now: the signature of Standard Webhooks."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > 300:
        return False
    signed = f"{headers.get('webhook-id')}.{sent_at}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    ours = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    theirs = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(each, ours) for each in theirs)  # in constant time


class TradingAgent:
    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self._one_at_a_time = threading.Lock()
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy between us and OpenSink, no password from .netrc
        self._http.headers["Authorization"] = f"Bearer {settings.api_key}"

    def api(self, method: str, path: str, body: JSON | None = None, once: str = "") -> JSON:
        """Call OpenSink; of several calls with the same `once` only the first has an effect."""
        url = f"{self.settings.base_url}/api/v1/{path}"
        headers = {"Idempotency-Key": once} if once else None
        answer = self._http.request(method, url, json=body, headers=headers, timeout=10)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.text}", response=answer)
        return dict(answer.json())

    def start(self) -> JSON:
        """Ask about the trades. What must be known later goes into the session, not into memory."""
        ids = {"agent_id": self.settings.agent_id}
        session = self.api("POST", "agent-sessions", ids | {"state": {"proposed_trades": TRADES}})
        ids["session_id"] = session["id"]
        forms = {trade["symbol"]: form_for(trade) for trade in TRADES}
        schema = {"type": "object", "properties": forms, "required": list(forms)}
        texts = {"key": "trades", "title": f"Approve {len(TRADES)} trades", "message": MESSAGE}
        request = self.api("POST", "agent-session-input-requests", ids | texts | {"schema": schema})
        return {"session_id": session["id"], "request_id": request["id"]}

    def execute(self, session_id: str, request_id: str) -> JSON:
        """Trade what was approved. Calls come again after a failure: the second changes nothing."""
        with self._one_at_a_time:
            session = self.api("GET", f"agent-sessions/{session_id}")
            state = session["state"]
            if "orders" not in state:
                request = self.api("GET", f"agent-session-input-requests/{request_id}")
                state["orders"] = self._trade(state["proposed_trades"], request)
            if session["status"] != "completed":
                done = {"status": "completed", "state": state}
                self.api("PATCH", f"agent-sessions/{session_id}", done)
        return {"orders": state["orders"]}

    def reply(self, session_id: str, request_id: str, comment_id: str) -> JSON:
        """Answer somebody who asks back; nothing is decided by that, so nothing is traded."""
        trades = self.api("GET", f"agent-sessions/{session_id}")["state"]["proposed_trades"]
        # a real agent reads the comments, and thinks
        lines = ["{side} {quantity} {symbol}: {reason}".format(**trade) for trade in trades]
        text = "I propose these trades for the following reasons.\n\n- " + "\n- ".join(lines)
        path = f"agent-session-input-requests/{request_id}/comments"
        return {"comment_id": self.api("POST", path, {"message": text}, once=comment_id)["id"]}

    def _trade(self, trades: list[JSON], asked: JSON) -> list[JSON]:
        if asked["response"] is None:  # declined, cancelled or expired
            why = asked["decline_reason"] or asked["cancel_reason"] or "Nobody decided in time."
            self._log(
                asked, f"Nothing was traded, because the request was {asked['status']}: {why}"
            )
            return []
        orders = []
        for trade in trades:
            answer = asked["response"][trade["symbol"]]
            if answer["approved"]:
                # from the answer only what a person may change; the rest is our own word
                order = {**trade, "quantity": answer["quantity"], "notes": answer.get("notes", "")}
                # a real agent calls its broker here, with an order id made of the request's id
                text = "Executed: {side} {quantity} {symbol} at ${limit_price:.2f}.".format(**order)
                self._log(asked, text, order)
                orders.append(order)
        self._log(asked, f"{len(orders)} of {len(trades)} trades were approved and executed.")
        return orders

    def _log(self, asked: JSON, text: str, payload: JSON | None = None) -> None:
        entry = {"session_id": asked["session_id"], "agent_id": asked["agent_id"]}
        entry |= {"type": "message", "source": "agent", "message": text, "payload": payload}
        # after a crash halfway the same entry is not made twice
        self.api("POST", "agent-session-activities", entry, once=f"{asked['id']} {text}")


class Handler(BaseHTTPRequestHandler):
    agent: TradingAgent
    timeout = 10  # seconds for a request to arrive

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 65_536))
        try:
            status, answer = self._answer(body)
        except requests.RequestException as error:
            # OpenSink keeps the error with the failed call; that a session is not there is none,
            # because a test call names one that never was
            is_gone = error.response is not None and error.response.status_code == 404
            status, answer = 200 if is_gone else 502, {"error": str(error)}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def _answer(self, body: bytes) -> tuple[int, JSON]:
        if not is_signed(self.headers, body, self.agent.settings.secret):
            return 401, {"error": "webhook-signature was not made with this agent's secret."}
        if self.path == "/start":
            return 200, self.agent.start()
        call = json.loads(body)
        if call.get("outcome") == "comment":
            ids = (call["session_id"], call["request_id"], call["comment_id"])
            return 200, self.agent.reply(*ids)
        return 200, self.agent.execute(call["session_id"], call["request_id"])


def server_of(settings: AgentSettings) -> ThreadingHTTPServer:
    """Listen on this machine only."""
    Handler.agent = TradingAgent(settings)
    return ThreadingHTTPServer(("127.0.0.1", settings.port), Handler)


def main() -> None:
    """Run the agent with the settings in the file that the command line names."""
    server_of(AgentSettings(**json.loads(Path(sys.argv[1]).read_text()))).serve_forever()


if __name__ == "__main__":
    main()
