"""/agent-configurations: what agents are to go by, in versions that nobody changes."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from opensink_web.api.request_body import AnswerSchema
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    WHOLE,
    JsonObject,
    Name,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.models import AgentConfiguration
from opensink_web.operations.accounts.disclosure import (
    reads_secrets_of_configurations,
    shown_configuration,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.agents import configuration as configurations
from opensink_web.operations.agents import configuration_queries as queries
from opensink_web.operations.agents.agent import lock_agent

routes = Routes(
    "agent_configurations",
    title="Agent configurations",
    about="What an agent is to go by, in versions that nobody changes: a value and its schema.",
)
SCHEMA_VERSION_MAX = 2**31 - 1


class ConfigurationCreate(Received):
    """A new version. What is left out, or null, carries over from the variant's newest."""

    server_set = frozenset({"id", "version", "variant_version", "created_at", "updated_at"})

    agent_id: UUID
    variant: Name = configurations.FIRST_VARIANT
    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION_MAX), WHOLE] | None = Field(
        default=None,
        description="Your own number of the schema. Left out, it counts the variant's schemas.",
    )
    schema_: AnswerSchema | None = Field(
        default=None, alias="schema", description="A JSON Schema, as one asks with."
    )
    value: JsonObject | None = Field(default=None, description="It has to fit the schema.")

    def fields(self, *, knows_secrets: bool) -> configurations.ConfigurationFields:
        """Return what operations take."""
        return configurations.ConfigurationFields(
            self.variant, self.schema_, self.value, self.schema_version, knows_secrets
        )


class ConfigurationResponse(ResponseModel):
    """A version. What its schema calls secret is shown to API keys that may write sessions."""

    id: UUID
    agent_id: UUID
    variant: str
    version: int = Field(description="Counts across all variants of the agent.")
    variant_version: int
    schema_version: int
    schema_: JsonObject | bool = Field(alias="schema")
    value: JsonObject
    created_at: datetime
    updated_at: datetime

    @classmethod
    def shown_to(cls, principal: Principal, configuration: AgentConfiguration) -> Self:
        """Write a version, its secrets only for the programs that go by it."""
        if reads_secrets_of_configurations(principal):
            schema, value = configuration.schema, configuration.value
        else:
            schema, value = shown_configuration(configuration)
        ours = {"schema": schema, "value": value}
        others = {
            name: getattr(configuration, name)
            for name in cls.model_fields
            if name not in {"schema_", "value"}
        }
        return cls.model_validate(others | ours)


ConfigurationPage = PageResponse[ConfigurationResponse]


class ConfigurationQuery(PageQuery):
    agent_id: UUID | None = None
    variant: Annotated[str, Field(max_length=255)] | None = None


class VariantQuery(PageQuery):
    agent_id: UUID | None = None


def _check_new(
    principal: Principal, body: ConfigurationCreate
) -> configurations.CheckedConfiguration:
    """Raises: NotFound; InvalidSchema; InvalidInput; Unavailable."""
    fields = body.fields(knows_secrets=reads_secrets_of_configurations(principal))
    return configurations.check_configuration(principal.workspace, body.agent_id, fields)


@routes.post(
    "/agent-configurations",
    summary="Make a version of an agent's configuration.",
    about="The value is held against the schema before it is stored. A new version of the active "
    "variant is active at once; a new variant is not. Where what carries over was changed "
    "meanwhile, this is a 409.",
    errors=(404,),
    example=Example(
        body={
            "agent_id": "{agent_id}",
            "schema": {
                "type": "object",
                "properties": {"limit": {"title": "Largest order", "type": "number"}},
            },
            "value": {"limit": 500},
        }
    ),
    precheck=_check_new,
)
def create_configuration(
    principal: Principal,
    body: ConfigurationCreate,
    checked: configurations.CheckedConfiguration,
) -> ConfigurationResponse:
    agent = lock_agent(principal.workspace, body.agent_id)
    configuration = configurations.create_configuration(agent, checked)
    return ConfigurationResponse.shown_to(principal, configuration)


@routes.get(
    "/agent-configurations",
    summary="List the versions of configurations.",
    example=Example(query={"agent_id": "{agent_id}"}),
)
def list_configurations(principal: Principal, query: ConfigurationQuery) -> ConfigurationPage:
    filters = queries.ConfigurationFilter(query.agent_id, query.variant)
    page = queries.list_configurations(principal.workspace, filters, query.page)
    return page_response(page, lambda each: ConfigurationResponse.shown_to(principal, each))


@routes.get(
    "/agent-configurations/variants",
    summary="List the newest version of each variant.",
    example=Example(query={"agent_id": "{agent_id}"}),
)
def list_variants(principal: Principal, query: VariantQuery) -> ConfigurationPage:
    filters = queries.ConfigurationFilter(query.agent_id, is_newest=True)
    page = queries.list_configurations(principal.workspace, filters, query.page)
    return page_response(page, lambda each: ConfigurationResponse.shown_to(principal, each))


@routes.get(
    "/agent-configurations/agent/{agent_id}", summary="Read an agent's active configuration."
)
def get_active_configuration(principal: Principal, agent_id: UUID) -> ConfigurationResponse:
    active = queries.active_in(principal.workspace, agent_id)
    return ConfigurationResponse.shown_to(principal, active)


@routes.get("/agent-configurations/{configuration_id}", summary="Read a version.")
def get_configuration(principal: Principal, configuration_id: UUID) -> ConfigurationResponse:
    configuration = queries.find_configuration(principal.workspace, configuration_id)
    return ConfigurationResponse.shown_to(principal, configuration)


@routes.post(
    "/agent-configurations/{configuration_id}/activate",
    summary="Have the agent go by this version; of an older one that is the rollback.",
    status=200,
)
def activate_configuration(principal: Principal, configuration_id: UUID) -> ConfigurationResponse:
    configuration = queries.find_configuration(principal.workspace, configuration_id)
    agent = lock_agent(principal.workspace, configuration.agent_id)
    configurations.activate_configuration(agent, configuration)
    return ConfigurationResponse.shown_to(principal, configuration)
