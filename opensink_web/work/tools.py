"""What work is carried out with: clients for calls out, Python functions, a signer of tokens."""

from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from opensink_web.access_token import TokenSigner
from opensink_web.function_host.runner import PythonRunner
from opensink_web.outbound.callback_policy import CallbackPolicy
from opensink_web.outbound.client import Client
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.services import channel_tools
from opensink_web.settings import Settings


class Tools(AbstractContextManager["Tools"]):
    """Made once by a worker, and closed when it ends; opens nothing until it is used."""

    def __init__(self, settings: Settings, signer: TokenSigner) -> None:
        self.signer = signer
        self.client = Client(
            EndpointPolicy.from_entries(settings.execution_endpoint_hosts),
            settings.outbound_ca_bundle,
        )
        self.callback_client = Client(
            CallbackPolicy(settings.callback_url_hosts, settings.callback_allow_cidrs),
            settings.outbound_ca_bundle,
        )
        self.public_url = settings.public_url
        self.channel_tools = channel_tools(settings)
        self.runner = PythonRunner(
            settings.function_environment(),
            memory_mb=settings.function_memory_mb,
            file_mb=settings.function_file_mb,
        )

    def __enter__(self) -> "Tools":
        self._opened = ExitStack()
        clients = (self.client, self.callback_client, self.channel_tools.client)
        for each in (*clients, self.runner):
            self._opened.enter_context(each)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()
