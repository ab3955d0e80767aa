/** The types of opensink.js. Made by `python -m tests.javascript_client`: change src/ instead. */

/** Whatever goes wrong here; arguments that cannot be used are a TypeError. */
export class OpenSinkError extends Error {}
/** Nobody answered in time. */
export class TimeoutError extends OpenSinkError {}
/** No response came, whatever the reason, also after the attempts that may be made. */
export class Unreachable extends OpenSinkError {}
/** No response came in time. */
export class TimedOut extends Unreachable {}
/** A call is not OpenSink's, or not of now; the sentence says why, for a log. */
export class NotVerified extends OpenSinkError {}
/** The server refused. */
export class OpenSinkApiError extends OpenSinkError {
  readonly status: number;
  readonly code: string;
  /** A path and a message for each thing that is invalid. */
  readonly errors: { path: string; message: string }[];
  /** When the server wants to be asked again, where it says so. */
  readonly retryAfterSeconds: number | undefined;
}
/** What was sent is not what the route takes (400, 413, 415, 422). */
export class InvalidRequest extends OpenSinkApiError {}
/** The key or token is not valid, or not any more (401). */
export class NotAuthenticated extends OpenSinkApiError {}
/** The key, or whose it is, may not do that (403). */
export class Forbidden extends OpenSinkApiError {}
/** It is not there, or in another workspace (404). */
export class NotFound extends OpenSinkApiError {}
/** It is no longer, or not yet, in a state for that (409). */
export class Conflict extends OpenSinkApiError {}
/** Too many calls (429), also after as many attempts as are made. */
export class RateLimited extends OpenSinkApiError {}
/** The server is elsewhere now (3xx): where, the sentence says. Nothing was sent there. In browsers `status` is 0. */
export class Redirected extends OpenSinkApiError {}
/** The server, or what stands before it, failed (5xx), also after repeated attempts. */
export class ServerError extends OpenSinkApiError {}

/** A JSON Schema. */
export type JsonSchema = Record<string, unknown>;
/** A schema of zod's, or of another library, whose `parse` makes what it is of. */
export interface ParsingSchema<T> {
  parse(response: unknown): T;
}
/** What an answer to a question by this schema is. */
export type ValueOf<S> = S extends ParsingSchema<infer T> ? T : Record<string, unknown>;

export interface ClientOptions {
  /** Where the server is: OPENSINK_URL unless given, or from where this module was loaded. */
  baseUrl?: string;
  /** An API key or an access token: OPENSINK_API_KEY unless given. `opensink dev` needs none. */
  apiKey?: string;
  /** What makes the calls, in place of the global fetch. */
  fetch?: typeof globalThis.fetch;
  /** The trace that calls belong to (W3C Trace Context); see `inTrace` for single calls. */
  traceparent?: string;
}
/** Headers, as they came. */
export type AnyHeaders = Headers | Map<string, string> | Record<string, string | string[] | undefined>;
export interface WaitOptions {
  timeoutSeconds?: number;
  /** Ends the wait when it is aborted. */
  signal?: AbortSignal;
}
export type AskOptions<S> = Partial<Omit<InputRequestCreate, "session_id" | "agent_id" | "title" | "schema">> & {
  schema: S;
  /** Who asks, by name: the agent is found, or made; as the program is called unless given. */
  agent?: string;
  /** A session of one's own to ask in, in place of the client's. */
  session?: { id: string; agent_id: string };
  /** `z.toJSONSchema`, for schemas of zod before 4.2. */
  toJSONSchema?: (schema: any, options?: any) => unknown;
};

/** What became of a question. */
export class Answer<T> {
  readonly request: InputRequest;
  readonly status: RequestStatus;
  /** The response as JSON; null unless somebody, or a default, has answered. */
  readonly response: Record<string, unknown> | null;
  /** The response as the schema's `parse` makes it, and what that throws. */
  get value(): T | null;
}
/** A request that waits for an answer, and who asked. */
export class Question<T> {
  readonly id: string;
  readonly request: InputRequest;
  /** Return what became of it once it waits no more. Throws TimeoutError. */
  waitForAnswer(options?: WaitOptions): Promise<Answer<T>>;
}

export interface VerifiedCall {
  /** One for a delivery, and equal on each of its attempts. */
  id: string | null;
  sentAt: Date | null;
  /** The JSON that was sent; null of a GET. */
  body: any;
  /** The headers of the trace of whoever asked, for `inTrace`; not signed, and empty without one. */
  trace: Record<string, string>;
}
/**
 * Return a call that an agent or a function got if it is OpenSink's, and of now.
 *
 * The headers as they came, the body as text or bytes. Each secret that is given has to fit; of several,
 * while one is replaced, one. Throws NotVerified, which says why; TypeError if no secret is given, or a
 * signing secret is none.
 */
export function verifyCall(
  headers: AnyHeaders,
  body: string | Uint8Array | ArrayBuffer | null | undefined,
  options: { signingSecret?: string | string[]; executionSecret?: string | string[]; toleranceSeconds?: number },
): Promise<VerifiedCall>;
/** Put something into a sink by its secret alone, without a key. */
export function addToSink(
  sinkId: string,
  title: string,
  options: Omit<ItemOfSink, "title" | "sink_id"> & {
    secret: string;
    baseUrl?: string;
    fetch?: typeof globalThis.fetch;
  },
): Promise<SinkItem>;
/** Return tokens for a person; `new Client({ apiKey: tokens.access_token })` then speaks for them. */
export function signIn(
  email: string,
  password: string,
  options?: { otp?: string; workspace?: string; baseUrl?: string; fetch?: typeof globalThis.fetch },
): Promise<Tokens>;

/** Speaks to one server with one API key, or with an access token; repeats no call that would be done twice. */
export class Client {
  readonly baseUrl: string;
  constructor(options?: ClientOptions);
  /** Return this client for calls in a trace: a traceparent, or headers that may have one. */
  inTrace(trace: string | AnyHeaders): Client;
  /** Make any call of the server's; how the methods make theirs. */
  request(
    method: string,
    path: string,
    options?: { body?: unknown; query?: Record<string, unknown>; waitSeconds?: number; signal?: AbortSignal },
  ): Promise<any>;
  /** Ask a person: by a JSON Schema, or a schema of zod's. No agent or session of one's own is needed. */
  ask<S extends object>(title: string, options: AskOptions<S>): Promise<Question<ValueOf<S>>>;
  /** Return a session for several questions of an agent of that name, both made if need be. */
  sessionFor(agent?: string): Promise<AgentSession>;
  /** Return the request once it waits no more. Throws TimeoutError. */
  waitForAnswer(requestId: string, options?: WaitOptions): Promise<InputRequest>;
  /** Read a request, at once or when it is answered within `waitSeconds` (at most 60). */
  getInputRequest(requestId: string, options?: { waitSeconds?: number; signal?: AbortSignal }): Promise<InputRequest>;
  /** Read what became of a question that was asked in one call; a key that may only ask reads its own. */
  getAsk(requestId: string, options?: { waitSeconds?: number; signal?: AbortSignal }): Promise<Ask>;
  /** Show which form a schema makes, filled with `values`; nobody is asked. */
  preview(
    schema: object,
    options?: { values?: Record<string, unknown>; toJSONSchema?: (schema: any, options?: any) => unknown },
  ): Promise<Preview>;
  /** Return what is said about a request, oldest first; it waits for more while there is nothing. */
  comments(requestId: string, options?: { after?: string; waitSeconds?: number }): Promise<Comment[]>;
  /** Say what happens. */
  logActivity(
    session: { id: string; agent_id: string },
    message: string,
    details?: Partial<ActivityCreate>,
  ): Promise<Activity>;
  /** Yield what happened, in a session or in all, newest first. */
  listActivities(
    session?: { id: string } | null,
    filters?: { agent_id?: string; type?: ActivityType; source?: ActivitySource; recorded_by?: string; $limit?: number },
  ): AsyncGenerator<Activity>;
  /** Make an agent's calls again that failed, and return how many those were. */
  redeliverFailed(agentId: string): Promise<number>;
  /** Return what a rule said, newest first. */
  listRevisions(policyId: string): Promise<PolicyRevision[]>;
  /** Execute a function and wait for its output; without a timeout its own counts. */
  execute(
    namespace: string,
    name: string,
    input: Record<string, unknown>,
    options?: { timeoutSeconds?: number },
  ): Promise<Outcome>;
  /** Yield a batch's executions in the order of its inputs. */
  batchExecutions(batchId: string, filters?: { status?: ExecutionStatus }): AsyncGenerator<Execution>;
  /** Yield executions, newest first, page by page; `listExecutions` returns one page. */
  allExecutions(filters?: {
    function_name?: string;
    status?: string;
    trigger_id?: string;
    batch_id?: string;
  }): AsyncGenerator<Execution>;
  /** Yield batches, newest first. */
  listBatches(filters?: { status?: BatchStatus; kind?: ExecutionKind }): AsyncGenerator<Batch>;
  /** Cancel what has not begun, and return how many those were. */
  cancelBatch(batchId: string): Promise<number>;
  /** Return the batch once all of it has ended; it looks in pauses. Throws TimeoutError. */
  waitForBatch(batchId: string, options?: WaitOptions & { pauseSeconds?: number }): Promise<Batch>;
  /** Yield chats without their messages, newest first. */
  listChats(filters?: { q?: string; agent_namespace?: string; agent_slug?: string; limit?: number }): AsyncGenerator<Chat>;
  /** Make an agent. */
  createAgent(name: string, settings?: Omit<AgentCreate, "name">): Promise<Agent>;
  /** List the agents. */
  listAgents(filters?: { $limit?: number; endpoint_health?: "healthy" | "unhealthy" }): AsyncGenerator<Agent>;
  /** Read an agent. */
  getAgent(id: string): Promise<Agent>;
  /** Change an agent. */
  updateAgent(id: string, settings?: AgentChange): Promise<Agent>;
  /** Delete an agent and everything of it. */
  deleteAgent(id: string): Promise<void>;
  /** Replace the agent's signing secret; the previous one signs too for 24 hours. */
  rotateAgentSigningSecret(id: string): Promise<Agent>;
  /** Sign no longer with the agent's previous signing secret. */
  endAgentSigningOverlap(id: string): Promise<Agent>;
  /** Begin a run of an agent. */
  startSession(agent_id: string, settings?: Omit<SessionCreate, "agent_id">): Promise<AgentSession>;
  /** List the sessions. */
  listSessions(filters?: { $limit?: number; agent_id?: string; status?: "running" | "waiting_for_input" | "processing_input" | "completed" | "failed" }): AsyncGenerator<AgentSession>;
  /** Read a session. */
  getSession(id: string): Promise<AgentSession>;
  /** Move a session on. */
  updateSession(id: string, settings?: SessionChange): Promise<AgentSession>;
  /** Delete a session and everything of it. */
  deleteSession(id: string): Promise<void>;
  /** List the requests. */
  listInputRequests(filters?: { $limit?: number; session_id?: string; agent_id?: string; execution_id?: string; kind?: "input" | "approval"; status?: "pending" | "resolved" | "declined" | "cancelled" | "expired" | "superseded"; key?: string; tag?: string; reference?: string; decided_from?: string | Date; decided_to?: string | Date; outcome?: "ended" | "decided" | "answered" | "approved" | "edited" | "declined" | "expired" | "withdrawn" | "superseded" | "automatic"; decided_by?: string }): AsyncGenerator<InputRequest>;
  /** Withdraw an agent's question. */
  cancelInputRequest(id: string, reason?: string | null): Promise<InputRequest>;
  /** Ask something else instead of a request that waits. */
  supersede(id: string, settings?: Revision): Promise<InputRequest>;
  /** Give people more time for a request. */
  extend(id: string, expires_at: string | Date): Promise<InputRequest>;
  /** Comment on a request, or ask its agent back. */
  comment(id: string, message: string, settings?: Omit<CommentCreate, "message">): Promise<Comment>;
  /** Answer a request. */
  resolve(id: string, response: Record<string, unknown>): Promise<InputRequest>;
  /** Decline to answer, or reject an execution's call. */
  decline(id: string, reason: string): Promise<InputRequest>;
  /** Take one's own answer back, while others have to answer too. */
  retract(id: string): Promise<InputRequest>;
  /** Say whose a request is to decide. */
  assign(id: string, assignees: (string | { user: string } | { team: string })[]): Promise<InputRequest>;
  /** Hand a request on that is assigned to oneself. */
  delegate(id: string, to: string | { user: string } | { team: string }): Promise<InputRequest>;
  /** Take a request on: nobody else can decide it meanwhile. */
  claim(id: string, settings?: Claiming): Promise<InputRequest>;
  /** Let a request go that one has taken on. */
  release(id: string): Promise<InputRequest>;
  /** Withdraw a question. */
  cancelAsk(id: string, reason?: string | null): Promise<Ask>;
  /** Allow the same again. */
  grantStandingApproval(request_id: string, settings: Omit<StandingApprovalCreate, "request_id">): Promise<StandingApproval>;
  /** List the standing approvals. */
  listStandingApprovals(filters?: { $limit?: number }): AsyncGenerator<StandingApproval>;
  /** Read a standing approval. */
  getStandingApproval(id: string): Promise<StandingApproval>;
  /** Let a standing approval hold for nothing more. */
  revokeStandingApproval(id: string): Promise<StandingApproval>;
  /** Read an activity. */
  getActivity(id: string): Promise<Activity>;
  /** Make a version of an agent's configuration. */
  createConfiguration(agent_id: string, settings?: Omit<ConfigurationCreate, "agent_id">): Promise<Configuration>;
  /** List the versions of configurations. */
  listConfigurations(filters?: { $limit?: number; agent_id?: string; variant?: string }): AsyncGenerator<Configuration>;
  /** List the newest version of each variant. */
  listVariants(filters?: { $limit?: number; agent_id?: string }): AsyncGenerator<Configuration>;
  /** Read an agent's active configuration. */
  getActiveConfiguration(agent_id: string): Promise<Configuration>;
  /** Read a version. */
  getConfiguration(id: string): Promise<Configuration>;
  /** Have the agent go by this version; of an older one that is the rollback. */
  activateConfiguration(id: string): Promise<Configuration>;
  /** List the deliveries. */
  listDeliveries(filters?: { $limit?: number; session_id?: string; agent_id?: string; kind?: "input_request_resolved" | "resume" | "comment" | "test"; status?: "pending" | "succeeded" | "failed"; trace_id?: string }): AsyncGenerator<Delivery>;
  /** Read a delivery with its attempts. */
  getDelivery(id: string): Promise<DeliveryWithAttempts>;
  /** Make a failed delivery again. */
  redeliver(id: string): Promise<DeliveryWithAttempts>;
  /** Make a function. */
  createFunction(namespace: string, name: string, target: HttpTargetBody | PythonTargetBody, settings?: Omit<FunctionCreate, "namespace" | "name" | "target">): Promise<FunctionDefinition>;
  /** List the functions. */
  listFunctions(filters?: { $limit?: number; namespace?: string; kind?: "http" | "python"; is_active?: boolean; search?: string }): AsyncGenerator<FunctionDefinition>;
  /** Read a function. */
  getFunction(namespace: string, name: string): Promise<FunctionDefinition>;
  /** Change a function. */
  updateFunction(namespace: string, name: string, settings?: FunctionChange): Promise<FunctionDefinition>;
  /** Delete a function; its executions stay. */
  deleteFunction(namespace: string, name: string): Promise<void>;
  /** Replace a function whole. */
  replaceFunction(namespace: string, name: string, target: HttpTargetBody | PythonTargetBody, settings?: Omit<FunctionReplacement, "target">): Promise<FunctionDefinition>;
  /** Replace the function's signing secret; the previous one signs too for 24 hours. */
  rotateFunctionSigningSecret(namespace: string, name: string): Promise<FunctionDefinition>;
  /** Sign no longer with the function's previous signing secret. */
  endFunctionSigningOverlap(namespace: string, name: string): Promise<FunctionDefinition>;
  /** Queue an execution of a function. */
  executeAsync(namespace: string, name: string, input: Record<string, unknown>, settings?: Omit<ExecuteAsync, "input">): Promise<Queued>;
  /** Queue many executions of a function as one. */
  executeBatch(namespace: string, name: string, inputs: (Record<string, unknown>)[], settings?: Omit<ExecuteBatch, "inputs">): Promise<QueuedBatch>;
  /** Have an agent answer many chats, each in an execution of its own. */
  chatBatch(namespace: string, slug: string, inputs: (ChatInput)[], settings?: Omit<ChatBatch, "inputs">): Promise<QueuedChats>;
  /** Read what was said in a chat. */
  getChat(id: string): Promise<Transcript>;
  /** List executions, newest first. */
  listExecutions(filters?: { function_name?: string; status?: "queued" | "running" | "awaiting_input" | "completed" | "failed" | "cancelled"; trigger_id?: string; batch_id?: string; skip?: number; limit?: number }): Promise<(Execution)[]>;
  /** Read an execution. */
  getExecution(id: string): Promise<Execution>;
  /** Read an execution's timeline. */
  executionSteps(id: string): Promise<(ExecutionStep)[]>;
  /** Cancel an execution. */
  cancelExecution(id: string): Promise<Execution>;
  /** Answer what an execution asked for. */
  continueExecution(id: string, input: Record<string, unknown>): Promise<Continued>;
  /** Report a running execution's output, as the execution itself. */
  completeExecution(id: string, output: unknown): Promise<Execution>;
  /** Report that a running execution failed, as the execution itself. */
  failExecution(id: string, error: string): Promise<Execution>;
  /** Read how far a batch is. */
  getBatch(id: string): Promise<Batch>;
  /** Make a sink. */
  createSink(name: string, settings?: Omit<SinkCreate, "name">): Promise<Sink>;
  /** List the sinks. */
  listSinks(filters?: { $limit?: number }): AsyncGenerator<Sink>;
  /** Read a sink. */
  getSink(id: string): Promise<Sink>;
  /** Change a sink. */
  updateSink(id: string, settings?: SinkChange): Promise<Sink>;
  /** Delete a sink and everything in it. */
  deleteSink(id: string): Promise<void>;
  /** Replace the secret of a sink; the one before opens nothing any more. */
  rotateSinkSecret(id: string): Promise<Sink>;
  /** Add an item to a sink. */
  createSinkItem(sink_id: string, title: string, settings?: Omit<SinkItemCreate, "sink_id" | "title">): Promise<SinkItem>;
  /** Add many items, or none if one is not valid. */
  createManySinkItems(items: (Record<string, unknown>)[]): Promise<ManySinkItemsResponse>;
  /** List what is in sinks. */
  listSinkItems(filters?: { $limit?: number; sink_id?: string; q?: string; type?: string; field?: string; value?: string }): AsyncGenerator<SinkItem>;
  /** Read an item. */
  getSinkItem(id: string): Promise<SinkItem>;
  /** Change an item. */
  updateSinkItem(id: string, settings?: SinkItemChange): Promise<SinkItem>;
  /** Delete an item. */
  deleteSinkItem(id: string): Promise<void>;
  /** Make a background job; it runs first at its next time. */
  createBackgroundJob(name: string, interval_minutes: number, url: string, settings?: Omit<JobCreate, "name" | "interval_minutes" | "url">): Promise<Job>;
  /** List the background jobs. */
  listBackgroundJobs(filters?: { $limit?: number; enabled?: boolean }): AsyncGenerator<Job>;
  /** Read a background job. */
  getBackgroundJob(id: string): Promise<Job>;
  /** Change a background job, pause it or go on with it. */
  updateBackgroundJob(id: string, settings?: JobChange): Promise<Job>;
  /** Delete a background job with its runs. */
  deleteBackgroundJob(id: string): Promise<void>;
  /** Run a background job now, also one that is not enabled; its times stay as they are. */
  runBackgroundJob(id: string): Promise<Run>;
  /** List the runs of a background job. */
  listJobRuns(id: string, filters?: { $limit?: number; status?: "due" | "running" | "succeeded" | "failed" | "skipped" }): AsyncGenerator<Run>;
  /** Read how a run of a background job went. */
  getJobRun(id: string, run: string): Promise<Run>;
  /** Replace the job's signing secret; the previous one signs too for 24 hours. */
  rotateJobSigningSecret(id: string): Promise<Job>;
  /** Sign no longer with the job's previous signing secret. */
  endJobSigningOverlap(id: string): Promise<Job>;
  /** Make an API key. */
  createKey(name: string, scopes: ("all:all" | "agents:read" | "agents:write" | "agents:all" | "agent_configurations:read" | "agent_configurations:write" | "agent_configurations:all" | "agent_sessions:read" | "agent_sessions:write" | "agent_sessions:all" | "agent_session_input_requests:read" | "agent_session_input_requests:write" | "agent_session_input_requests:all" | "asks:read" | "asks:write" | "asks:all" | "agent_session_activities:read" | "agent_session_activities:write" | "agent_session_activities:all" | "sinks:read" | "sinks:write" | "sinks:all" | "sink_items:read" | "sink_items:write" | "sink_items:all" | "background_jobs:read" | "background_jobs:write" | "background_jobs:all" | "deliveries:read" | "deliveries:write" | "deliveries:all" | "functions:read" | "functions:write" | "functions:all" | "executions:read" | "executions:write" | "executions:all" | "batches:read" | "batches:write" | "batches:all" | "chats:read" | "chats:write" | "chats:all" | "standing_approvals:read" | "standing_approvals:write" | "standing_approvals:all" | "teams:read" | "teams:write" | "teams:all" | "policies:read" | "policies:write" | "policies:all" | "insights:read" | "insights:write" | "insights:all" | "escalation_chains:read" | "escalation_chains:write" | "escalation_chains:all" | "absences:read" | "absences:write" | "absences:all" | "notifications:read" | "notifications:write" | "notifications:all" | "roles:read" | "roles:write" | "roles:all" | "api_keys:read" | "api_keys:write" | "api_keys:all" | "audit:read" | "audit:write" | "audit:all")[], settings?: Omit<ApiKeyCreate, "name" | "scopes">): Promise<ApiKeyCreated>;
  /** List the API keys. */
  listKeys(filters?: { $limit?: number }): AsyncGenerator<ApiKey>;
  /** Read what is known of an API key. */
  getKey(id: string): Promise<ApiKey>;
  /** Revoke an API key. */
  revokeKey(id: string): Promise<void>;
  /** Make a role. */
  createRole(name: string, permissions: (string)[], settings?: Omit<RoleCreate, "name" | "permissions">): Promise<Role>;
  /** List the roles of the workspace's own. */
  listRoles(filters?: { $limit?: number }): AsyncGenerator<Role>;
  /** Read a role. */
  getRole(id: string): Promise<Role>;
  /** Change a role. */
  updateRole(id: string, settings?: RoleChange): Promise<Role>;
  /** Delete a role. */
  deleteRole(id: string): Promise<void>;
  /** List who has a role. */
  listRoleMembers(id: string, filters?: { $limit?: number }): AsyncGenerator<RoleMemberResponse>;
  /** Give a member a role. */
  giveRole(id: string, member: string): Promise<RoleMemberResponse>;
  /** Take a role from a member. */
  takeRole(id: string, user: string): Promise<void>;
  /** Make a team. */
  createTeam(name: string, settings?: Omit<TeamCreate, "name">): Promise<Team>;
  /** List the teams. */
  listTeams(filters?: { $limit?: number }): AsyncGenerator<Team>;
  /** Read a team. */
  getTeam(id: string): Promise<Team>;
  /** Change a team. */
  updateTeam(id: string, settings?: TeamChange): Promise<Team>;
  /** Delete a team. */
  deleteTeam(id: string): Promise<void>;
  /** Say when somebody is out of office. */
  createAbsence(begins_at: string | Date, ends_at: string | Date, settings?: Omit<AbsenceCreate, "begins_at" | "ends_at">): Promise<Absence>;
  /** List who is out of office, or will be. */
  listAbsences(filters?: { $limit?: number }): AsyncGenerator<Absence>;
  /** Read when somebody is out of office. */
  getAbsence(id: string): Promise<Absence>;
  /** Change when somebody is out of office, or who stands in. */
  updateAbsence(id: string, settings?: AbsenceChange): Promise<Absence>;
  /** Have somebody be back, or not go away. */
  endAbsence(id: string): Promise<void>;
  /** Make a rule. */
  createPolicy(name: string, steps: (PolicyStepBody)[], settings?: Omit<PolicyCreate, "name" | "steps">): Promise<Policy>;
  /** List the rules. */
  listPolicies(filters?: { $limit?: number }): AsyncGenerator<Policy>;
  /** Read a rule. */
  getPolicy(id: string): Promise<Policy>;
  /** Change a rule. */
  updatePolicy(id: string, settings?: PolicyChange): Promise<Policy>;
  /** Delete a rule. */
  deletePolicy(id: string): Promise<void>;
  /** Try a rule on a sample and on the last 100 requests; nothing is stored. */
  tryPolicy(name: string, steps: (PolicyStepBody)[], settings?: Omit<PolicyTry, "name" | "steps">): Promise<PolicyTried>;
  /** Read how requests and calls ended, and what waits. */
  insights(filters?: { since?: string | Date; until?: string | Date; time_zone?: string; agent_id?: string; function?: string; key?: string; reviewer_id?: string }): Promise<Insights>;
  /** List what happened, newest first. */
  listAuditEntries(filters?: { $limit?: number; user_id?: string; action?: "request_created" | "request_viewed" | "draft_begun" | "request_assigned" | "request_handed_on" | "request_claimed" | "request_released" | "request_answered" | "request_declined" | "request_voted" | "request_vote_retracted" | "decision_undone" | "decision_given_back" | "request_expired" | "request_extended" | "request_withdrawn" | "request_superseded" | "request_cancelled" | "request_deleted" | "request_reminded" | "request_escalated" | "request_commented" | "standing_approval_granted" | "standing_approval_used" | "standing_approval_revoked" | "batch_submitted" | "batch_cancelled" | "execution_cancelled" | "delivery_succeeded" | "delivery_failed" | "delivery_repeated" | "delivery_hastened" | "endpoint_tested" | "signed_in" | "signed_out" | "password_refused" | "second_factor_failed" | "refresh_token_reused" | "session_ended" | "other_sessions_ended" | "all_sessions_ended" | "password_changed" | "reset_link_made" | "password_reset" | "second_factor_on" | "second_factor_off" | "second_factor_reset" | "recovery_codes_renewed" | "identity_linked" | "identity_unlinked" | "member_invited" | "invitation_revoked" | "member_joined" | "member_role_changed" | "member_deactivated" | "member_activated" | "member_removed" | "member_left" | "user_deactivated" | "user_activated" | "role_created" | "role_changed" | "role_deleted" | "role_given" | "role_taken" | "team_created" | "team_changed" | "team_deleted" | "absence_set" | "absence_ended" | "request_step_begun" | "rule_created" | "rule_changed" | "rule_moved" | "rule_deleted" | "key_created" | "key_revoked" | "agent_created" | "agent_changed" | "endpoint_changed" | "configuration_created" | "configuration_activated" | "session_deleted" | "agent_deleted" | "function_created" | "function_changed" | "function_deleted" | "job_created" | "job_changed" | "job_run" | "job_deleted" | "signing_secret_shown" | "signing_secret_rotated" | "signing_secret_overlap_ended" | "execution_secret_shown" | "execution_secret_rotated" | "execution_secret_overlap_ended" | "channel_added" | "channel_changed" | "channel_confirmed" | "channel_removed" | "channel_tested" | "notification_rule_added" | "notification_rule_changed" | "notification_rule_removed" | "message_repeated" | "escalation_created" | "escalation_changed" | "escalation_deleted" | "sink_created" | "sink_changed" | "sink_deleted" | "sink_secret_shown" | "sink_secret_rotated" | "sink_item_deleted" | "audit_erased" | "audit_pruned" | "workspace_created" | "workspace_changed"; subject_id?: string; since?: string | Date; before?: string | Date }): AsyncGenerator<AuditEntry>;
  /** Make an escalation chain. */
  createChain(name: string, time_zone: string, working_hours: Record<string, string>, steps: (EscalationChainStepBody)[], settings?: Omit<EscalationChainCreate, "name" | "time_zone" | "working_hours" | "steps">): Promise<EscalationChain>;
  /** List the escalation chains. */
  listChains(filters?: { $limit?: number }): AsyncGenerator<EscalationChain>;
  /** Read an escalation chain. */
  getChain(id: string): Promise<EscalationChain>;
  /** Change an escalation chain, for what is asked from now on. */
  updateChain(id: string, settings?: EscalationChainChange): Promise<EscalationChain>;
  /** Delete an escalation chain; what runs by it ends. */
  deleteChain(id: string): Promise<void>;
  /** Set a channel up, which tells of everything at once until its rules say otherwise. */
  createChannel(kind: "email" | "slack" | "ntfy", config: Record<string, string>, settings?: Omit<ChannelCreate, "kind" | "config">): Promise<NotificationChannel>;
  /** List one's own channels, with their rules. */
  listChannels(filters?: { $limit?: number }): AsyncGenerator<NotificationChannel>;
  /** Read one of one's own channels. */
  getChannel(id: string): Promise<NotificationChannel>;
  /** Change a channel, pause it or go on with it. */
  updateChannel(id: string, settings?: ChannelChange): Promise<NotificationChannel>;
  /** Remove a channel, its rules and what was sent there. */
  deleteChannel(id: string): Promise<void>;
  /** Enter the code that was sent to a channel's place. */
  confirmChannel(id: string, code: string): Promise<NotificationChannel>;
  /** Send a message that says that messages arrive there. */
  testChannel(id: string): Promise<NotificationMessage>;
  /** Add a rule to a channel. */
  createRule(id: string, settings?: RuleBody): Promise<NotificationRule>;
  /** Say anew what one of one's own rules says. */
  replaceRule(id: string, settings?: RuleBody): Promise<NotificationRule>;
  /** Remove one of one's own rules. */
  deleteRule(id: string): Promise<void>;
  /** List what one was sent, the newest first. */
  listMessages(filters?: { $limit?: number }): AsyncGenerator<NotificationMessage>;
  /** Read how a message to oneself went. */
  getMessage(id: string): Promise<NotificationMessage>;
  /** Tell who the bearer speaks for. */
  me(): Promise<Me>;
  /** Tell what the bearer may do. */
  checkPermissions(permissions: (string)[], settings?: Omit<PermissionsCheck, "permissions">): Promise<PermissionsCheckResult>;
  /** Get another access token for a refresh token. */
  refresh(refresh_token: string, settings?: Omit<Refresh, "refresh_token">): Promise<Tokens>;
  /** Sign a program out. */
  logout(refresh_token: string): Promise<void>;
}

export interface AbsenceChange {
  begins_at?: string | Date;
  ends_at?: string | Date;
  deputy?: string | null;
  note?: string;
}
export interface AbsenceCreate {
  user?: string | null;
  begins_at: string | Date;
  ends_at: string | Date;
  deputy?: string | null;
  note?: string;
}
export interface Absence {
  id: string;
  workspace_id: string;
  user: Person;
  begins_at: string;
  ends_at: string;
  deputy: Person | null;
  note: string;
  created_at: string;
}
export interface ActivityCreate {
  session_id: string;
  agent_id: string;
  type: ActivityType;
  source: ActivitySource;
  message?: string | null;
  payload?: unknown;
  related_entity_id?: string | null;
  links?: (Link)[] | null;
}
export type ActivityRecorder = "opensink" | "agent";
export interface Activity {
  id: string;
  workspace_id: string;
  session_id: string;
  agent_id: string;
  type: ActivityType;
  source: ActivitySource;
  recorded_by: ActivityRecorder;
  message: string | null;
  payload: unknown;
  related_entity_id: string | null;
  links: (LinkResponse)[];
  created_at: string;
  updated_at: string;
}
export type ActivitySource = "system" | "agent" | "user";
export type ActivityType = "session_started" | "session_ended" | "message" | "input_request_created" | "input_request_resolved" | "sink_item_created" | "state_updated";
export type ActorKind = "person" | "program" | "api_key" | "delegate" | "nobody" | "operator" | "system";
export type Age = "under_1h" | "1h_to_4h" | "4h_to_1d" | "1d_to_3d" | "3d_to_7d" | "over_7d";
export interface AgeResponse {
  age: Age;
  count: number;
}
export interface AgentAddress {
  namespace: string;
  slug: string;
}
export interface AgentChange {
  name?: string;
  description?: string | null;
  namespace?: string;
  slug?: string;
  execution_endpoint?: EndpointBody | null;
  execution_endpoint_error?: string | null;
  initial_messages?: (InitialMessage)[];
  config_id?: string;
}
export interface AgentCreate {
  name: string;
  description?: string | null;
  namespace?: string;
  slug?: string | null;
  execution_endpoint?: EndpointBody | null;
  initial_messages?: (InitialMessage)[];
}
export interface AgentDeliveries {
  agent_id: string;
  name: string;
  deliveries: CallFigures;
}
export interface Agent {
  id: string;
  workspace_id: string;
  name: string;
  description: string | null;
  namespace: string;
  slug: string;
  status: SessionStatus | null;
  config_id: string | null;
  execution_endpoint: Endpoint | null;
  execution_endpoint_error: string | null;
  endpoint_health: EndpointHealth | null;
  initial_messages: (InitialMessageResponse)[];
  signing_secret: string | null;
  signing_overlap_ends_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface ApiKeyCreate {
  name: string;
  scopes: ("all:all" | "agents:read" | "agents:write" | "agents:all" | "agent_configurations:read" | "agent_configurations:write" | "agent_configurations:all" | "agent_sessions:read" | "agent_sessions:write" | "agent_sessions:all" | "agent_session_input_requests:read" | "agent_session_input_requests:write" | "agent_session_input_requests:all" | "asks:read" | "asks:write" | "asks:all" | "agent_session_activities:read" | "agent_session_activities:write" | "agent_session_activities:all" | "sinks:read" | "sinks:write" | "sinks:all" | "sink_items:read" | "sink_items:write" | "sink_items:all" | "background_jobs:read" | "background_jobs:write" | "background_jobs:all" | "deliveries:read" | "deliveries:write" | "deliveries:all" | "functions:read" | "functions:write" | "functions:all" | "executions:read" | "executions:write" | "executions:all" | "batches:read" | "batches:write" | "batches:all" | "chats:read" | "chats:write" | "chats:all" | "standing_approvals:read" | "standing_approvals:write" | "standing_approvals:all" | "teams:read" | "teams:write" | "teams:all" | "policies:read" | "policies:write" | "policies:all" | "insights:read" | "insights:write" | "insights:all" | "escalation_chains:read" | "escalation_chains:write" | "escalation_chains:all" | "absences:read" | "absences:write" | "absences:all" | "notifications:read" | "notifications:write" | "notifications:all" | "roles:read" | "roles:write" | "roles:all" | "api_keys:read" | "api_keys:write" | "api_keys:all" | "audit:read" | "audit:write" | "audit:all")[];
  expires_at?: string | Date | null;
}
export interface ApiKeyCreated {
  id: string;
  workspace_id: string;
  user_id: string;
  name: string;
  prefix: string;
  scopes: (string)[];
  expires_at: string | Date | null;
  last_used_at: string | Date | null;
  created_at: string | Date;
  key: string | null;
}
export interface ApiKey {
  id: string;
  workspace_id: string;
  user_id: string;
  name: string;
  prefix: string;
  scopes: (string)[];
  expires_at: string | null;
  last_used_at: string | null;
  created_at: string;
}
export interface AskBody {
  priority?: number;
  tags?: (string)[];
  reference?: string | null;
  context?: (ContextLink)[];
  allow_decline?: boolean;
  expires_at?: string | Date | null;
  on_expire?: OnExpire;
  default_response?: Record<string, unknown> | null;
  forbid_requester?: boolean;
  required_responses?: number;
  quorum?: Quorum | null;
  assignees?: (string | { user: string } | { team: string })[];
  title: string;
  message?: string;
  schema?: Record<string, unknown> | true | null;
  proposal?: Record<string, unknown> | null;
  agent?: string | null;
  key?: string | null;
  resume?: ResumeBody | null;
}
export interface Ask {
  id: string;
  url: string;
  agent_id: string | null;
  session_id: string | null;
  status: RequestStatus;
  outcome: DecisionOutcome | null;
  response: Record<string, unknown> | null;
  edited: (string)[] | null;
  reason: string | null;
  by: string | null;
  superseded_by: string | null;
  signing_secret: string | null;
}
export interface AskerInsights {
  agent_id: string | null;
  function: string | null;
  name: string;
  waiting: number;
  requests: RequestFigures;
}
export interface Assignee {
  user: Person | null;
  team: TeamName | null;
  assigned_by: Person | null;
  delegated_from: Person | null;
  assigned_at: string;
}
export interface Assigning {
  assignees: (string | { user: string } | { team: string })[];
}
export type AttemptOutcome = "succeeded" | "failed" | "unknown";
export interface Attempt {
  number: number;
  trigger: AttemptTrigger;
  span_id: string | null;
  outcome: AttemptOutcome | null;
  method: string;
  url: string;
  request_headers: ((string)[])[];
  request_body: string | null;
  response_status: number | null;
  response_headers: ((string)[])[] | null;
  response_body: string | null;
  response_body_truncated: boolean | null;
  error_code: string | null;
  error_message: string | null;
  remote_address: string | null;
  latency_ms: number | null;
  created_at: string;
  finished_at: string | null;
}
export type AttemptTrigger = "first" | "retry" | "recovery" | "manual";
export type AuditAction = "request_created" | "request_viewed" | "draft_begun" | "request_assigned" | "request_handed_on" | "request_claimed" | "request_released" | "request_answered" | "request_declined" | "request_voted" | "request_vote_retracted" | "decision_undone" | "decision_given_back" | "request_expired" | "request_extended" | "request_withdrawn" | "request_superseded" | "request_cancelled" | "request_deleted" | "request_reminded" | "request_escalated" | "request_commented" | "standing_approval_granted" | "standing_approval_used" | "standing_approval_revoked" | "batch_submitted" | "batch_cancelled" | "execution_cancelled" | "delivery_succeeded" | "delivery_failed" | "delivery_repeated" | "delivery_hastened" | "endpoint_tested" | "signed_in" | "signed_out" | "password_refused" | "second_factor_failed" | "refresh_token_reused" | "session_ended" | "other_sessions_ended" | "all_sessions_ended" | "password_changed" | "reset_link_made" | "password_reset" | "second_factor_on" | "second_factor_off" | "second_factor_reset" | "recovery_codes_renewed" | "identity_linked" | "identity_unlinked" | "member_invited" | "invitation_revoked" | "member_joined" | "member_role_changed" | "member_deactivated" | "member_activated" | "member_removed" | "member_left" | "user_deactivated" | "user_activated" | "role_created" | "role_changed" | "role_deleted" | "role_given" | "role_taken" | "team_created" | "team_changed" | "team_deleted" | "absence_set" | "absence_ended" | "request_step_begun" | "rule_created" | "rule_changed" | "rule_moved" | "rule_deleted" | "key_created" | "key_revoked" | "agent_created" | "agent_changed" | "endpoint_changed" | "configuration_created" | "configuration_activated" | "session_deleted" | "agent_deleted" | "function_created" | "function_changed" | "function_deleted" | "job_created" | "job_changed" | "job_run" | "job_deleted" | "signing_secret_shown" | "signing_secret_rotated" | "signing_secret_overlap_ended" | "execution_secret_shown" | "execution_secret_rotated" | "execution_secret_overlap_ended" | "channel_added" | "channel_changed" | "channel_confirmed" | "channel_removed" | "channel_tested" | "notification_rule_added" | "notification_rule_changed" | "notification_rule_removed" | "message_repeated" | "escalation_created" | "escalation_changed" | "escalation_deleted" | "sink_created" | "sink_changed" | "sink_deleted" | "sink_secret_shown" | "sink_secret_rotated" | "sink_item_deleted" | "audit_erased" | "audit_pruned" | "workspace_created" | "workspace_changed";
export interface AuditEntry {
  id: string;
  seq: number;
  at: string;
  action: AuditAction;
  actor: ActorKind;
  user_id: string | null;
  via_id: string | null;
  email: string | null;
  key: string | null;
  address: string | null;
  user_agent: string | null;
  origin_missing: Missing | null;
  subject: SubjectKind;
  subject_id: string;
  details: Record<string, unknown> | null;
  details_missing: Missing | null;
  origin_digest: string | null;
  details_digest: string | null;
  hash: string;
}
export type AuthorType = "user" | "agent" | "function";
export interface Backoff {
  initial_seconds?: number;
  max_seconds?: number;
}
export interface BackoffResponse {
  initial_seconds: number;
  max_seconds: number;
}
export interface BatchCancelled {
  batch_id: string;
  status: BatchStatus;
  cancelled_children: number;
}
export interface BatchExecutions {
  executions: (Execution)[];
}
export interface Batch {
  batch_id: string;
  kind: ExecutionKind;
  target: Target;
  user_id: string;
  total: number;
  completed: number;
  failed: number;
  running: number;
  queued: number;
  cancelled: number;
  awaiting_input: number;
  status: BatchStatus;
  started_at: string | null;
  finished_at: string | null;
  trigger_id_prefix: string | null;
  trace_id: string | null;
}
export type BatchStatus = "queued" | "running" | "completed" | "partial" | "failed" | "cancelled";
export interface CallFigures {
  ended: number;
  succeeded: number;
  failed: number;
  success: Rate;
  first_attempt: Rate;
  median_seconds: number | null;
  p90_seconds: number | null;
}
export interface ChannelChange {
  name?: string;
  is_active?: boolean;
  config?: Record<string, string | null>;
}
export interface ChannelCreate {
  kind: "email" | "slack" | "ntfy";
  name?: string | null;
  config: Record<string, string>;
}
export interface NotificationChannel {
  id: string;
  workspace_id: string;
  kind: string;
  name: string;
  place: string;
  config: Record<string, string>;
  is_active: boolean;
  is_confirmed: boolean;
  paused_reason: string | null;
  rules: (NotificationRule)[];
  created_at: string;
}
export interface ChatBatch {
  trigger_id_prefix?: string | null;
  delay_seconds?: number | null;
  callback_url?: string | null;
  batch_callback_url?: string | null;
  execution_mode?: unknown;
  inputs: (ChatInput)[];
}
export interface ChatInput {
  input_variables?: Record<string, unknown> | null;
  message: string;
}
export interface ChatMessage {
  role: string;
  content: unknown;
  tool_calls: (unknown)[] | null;
  created_at: string;
}
export interface Chat {
  id: string;
  chat_id: string;
  agent: AgentAddress | null;
  title: string | null;
  user_id: string;
  created_at: string;
  input_variables: Record<string, unknown>;
}
export interface Claiming {
  instead_of?: string | null;
}
export interface CodeBody {
  code: string;
}
export interface CommentCreate {
  message: string;
  wake?: boolean;
}
export interface CommentPage {
  items: (Comment)[];
  trail: string | null;
}
export interface Comment {
  id: string;
  workspace_id: string;
  request_id: string;
  author_type: AuthorType;
  author: Person | null;
  message: string;
  wake: boolean;
  mentions: (Person)[];
  created_at: string;
}
export interface ConfigurationCreate {
  agent_id: string;
  variant?: string;
  schema_version?: number | null;
  schema?: Record<string, unknown> | true | null;
  value?: Record<string, unknown> | null;
}
export interface Configuration {
  id: string;
  agent_id: string;
  variant: string;
  version: number;
  variant_version: number;
  schema_version: number;
  schema: Record<string, unknown> | boolean;
  value: Record<string, unknown>;
  created_at: string;
  updated_at: string;
}
export interface ContextLink {
  text: string;
  href: string;
  type?: "link" | "attachment";
}
export interface ContextLinkResponse {
  text: string;
  href: string;
  type: "link" | "attachment";
}
export interface Continued {
  execution_id: string;
  function_namespace: string;
  function_name: string;
  trigger_type: string;
  trigger_id: string;
  chat_id: string | null;
  batch_id: string | null;
  user_id: string;
  status: ExecutionStatus;
  input_data: Record<string, unknown>;
  output_data: unknown;
  error: string | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  duration_ms: number | null;
  callback_url: string | null;
  callback_status: "sent" | "failed" | null;
  callback_response_code: number | null;
  trace_id: string | null;
  prompt: string | null;
  schema: unknown;
}
export type Control = "text" | "number" | "integer" | "scalar" | "choice" | "checklist" | "consent" | "fact" | "group" | "list" | "map" | "union" | "json";
export type DecisionOutcome = "answered" | "declined" | "cancelled" | "expired";
export interface Delegating {
  to: string | { user: string } | { team: string };
}
export type DeliveryKind = "input_request_resolved" | "resume" | "comment" | "test";
export interface Delivery {
  id: string;
  kind: DeliveryKind;
  status: DeliveryStatus;
  agent_id: string;
  session_id: string | null;
  input_request_id: string | null;
  comment_id: string | null;
  error_message: string | null;
  trace_id: string | null;
  next_at: string;
  attempt_count: number;
  created_at: string;
  updated_at: string;
  finished_at: string | null;
}
export type DeliveryStatus = "pending" | "succeeded" | "failed";
export interface DeliveryWithAttempts {
  id: string;
  kind: DeliveryKind;
  status: DeliveryStatus;
  agent_id: string;
  session_id: string | null;
  input_request_id: string | null;
  comment_id: string | null;
  error_message: string | null;
  trace_id: string | null;
  next_at: string | Date;
  attempt_count: number;
  created_at: string | Date;
  updated_at: string | Date;
  finished_at: string | Date | null;
  attempts: (Attempt)[];
}
export interface EndpointBody {
  url: string;
  method?: EndpointMethod;
  headers?: Record<string, string> | null;
  body?: Record<string, unknown> | null;
  timeout_seconds?: number;
  retry?: Retry | null;
}
export interface EndpointHealth {
  status: HealthStatus;
  consecutive_failures: number;
  unhealthy_since: string | null;
  next_call_at: string | null;
  last_error: string | null;
}
export type EndpointMethod = "POST" | "GET" | "PUT" | "DELETE";
export interface Endpoint {
  url: string;
  method: EndpointMethod;
  headers: Record<string, string>;
  body: Record<string, unknown> | null;
  timeout_seconds: number;
  retry: RetryResponse;
}
export interface ErrorOutcome {
  status: "error" | "timeout";
  execution_id: string;
  error: string;
}
export interface EscalationChainChange {
  name?: string;
  agent_id?: string | null;
  function_id?: string | null;
  is_active?: boolean;
  time_zone?: string;
  working_hours?: Record<string, string>;
  holidays?: (string)[];
  steps?: (EscalationChainStepBody)[];
}
export interface EscalationChainCreate {
  name: string;
  agent_id?: string | null;
  function_id?: string | null;
  is_active?: boolean;
  time_zone: string;
  working_hours: Record<string, string>;
  holidays?: (string)[];
  steps: (EscalationChainStepBody)[];
}
export interface EscalationChain {
  id: string;
  workspace_id: string;
  name: string;
  agent_id: string | null;
  function_id: string | null;
  is_active: boolean;
  revision: number;
  time_zone: string;
  working_hours: Record<string, string>;
  holidays: (string)[];
  steps: (EscalationChainStep)[];
  created_at: string;
  updated_at: string;
}
export interface Execute {
  input: Record<string, unknown>;
  timeout?: number | null;
}
export interface ExecuteAsync {
  input: Record<string, unknown>;
  trigger_id?: string | null;
  delay_seconds?: number | null;
  callback_url?: string | null;
}
export interface ExecuteBatch {
  trigger_id_prefix?: string | null;
  delay_seconds?: number | null;
  callback_url?: string | null;
  batch_callback_url?: string | null;
  execution_mode?: unknown;
  inputs: (Record<string, unknown>)[];
}
export type ExecutionKind = "function" | "agent";
export interface Execution {
  execution_id: string;
  function_namespace: string;
  function_name: string;
  trigger_type: string;
  trigger_id: string;
  chat_id: string | null;
  batch_id: string | null;
  user_id: string;
  status: ExecutionStatus;
  input_data: Record<string, unknown>;
  output_data: unknown;
  error: string | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  duration_ms: number | null;
  callback_url: string | null;
  callback_status: "sent" | "failed" | null;
  callback_response_code: number | null;
  trace_id: string | null;
}
export type ExecutionStatus = "queued" | "running" | "awaiting_input" | "completed" | "failed" | "cancelled";
export interface Extension {
  expires_at: string | Date;
}
export interface FailedItem {
  item: Record<string, unknown>;
  error: string;
}
export interface FieldProblem {
  path: string;
  message: string;
}
export interface Field {
  pointer: string;
  title: string;
  control: Control;
  is_native: boolean;
}
export interface FunctionChange {
  namespace?: string;
  name?: string;
  description?: string | null;
  input_schema?: Record<string, unknown>;
  output_schema?: Record<string, unknown> | null;
  timeout_seconds?: number;
  requires_approval?: boolean;
  required_responses?: number;
  quorum?: Quorum | null;
  forbid_requester?: boolean;
  is_active?: boolean;
  target?: HttpTargetBody | PythonTargetBody | null;
}
export interface FunctionCreate {
  namespace: string;
  name: string;
  description?: string | null;
  input_schema?: Record<string, unknown>;
  output_schema?: Record<string, unknown> | null;
  timeout_seconds?: number;
  requires_approval?: boolean;
  required_responses?: number;
  quorum?: Quorum | null;
  forbid_requester?: boolean;
  is_active?: boolean;
  target: HttpTargetBody | PythonTargetBody;
}
export interface FunctionReplacement {
  namespace?: string | null;
  name?: string | null;
  description?: string | null;
  input_schema?: Record<string, unknown>;
  output_schema?: Record<string, unknown> | null;
  timeout_seconds?: number;
  requires_approval?: boolean;
  required_responses?: number;
  quorum?: Quorum | null;
  forbid_requester?: boolean;
  is_active?: boolean;
  target: HttpTargetBody | PythonTargetBody;
}
export interface FunctionDefinition {
  id: string;
  workspace_id: string;
  namespace: string;
  name: string;
  description: string | null;
  input_schema: Record<string, unknown>;
  output_schema: Record<string, unknown> | null;
  timeout_seconds: number;
  requires_approval: boolean;
  required_responses: number;
  quorum: Quorum | null;
  forbid_requester: boolean;
  is_active: boolean;
  target: HttpTarget | PythonTarget | null;
  target_error: string | null;
  signing_secret: string | null;
  signing_overlap_ends_at: string | null;
  created_by: Person | null;
  created_at: string;
  updated_at: string;
}
export type HealthStatus = "healthy" | "unhealthy";
export interface HttpTargetBody {
  url: string;
  method?: EndpointMethod;
  headers?: Record<string, string> | null;
  body?: Record<string, unknown> | null;
  kind: "http";
}
export interface HttpTarget {
  url: string;
  method: EndpointMethod;
  headers: Record<string, string>;
  body: Record<string, unknown> | null;
  kind: "http";
}
export interface InitialMessage {
  role: "system" | "developer" | "user" | "assistant";
  content: string;
}
export interface InitialMessageResponse {
  role: string;
  content: string;
}
export interface InputRequestCreate {
  priority?: number;
  tags?: (string)[];
  reference?: string | null;
  context?: (ContextLink)[];
  allow_decline?: boolean;
  expires_at?: string | Date | null;
  on_expire?: OnExpire;
  default_response?: Record<string, unknown> | null;
  forbid_requester?: boolean;
  required_responses?: number;
  quorum?: Quorum | null;
  assignees?: (string | { user: string } | { team: string })[];
  session_id: string;
  agent_id: string;
  key: string;
  title: string;
  message: string;
  schema: Record<string, unknown> | true;
  resume?: ResumeBody | null;
}
export type InputRequestKind = "input" | "approval";
export interface InputRequest {
  id: string;
  session_id: string | null;
  agent_id: string | null;
  execution_id: string | null;
  workspace_id: string;
  kind: InputRequestKind;
  key: string;
  title: string;
  message: string;
  schema: unknown;
  proposed_response: Record<string, unknown> | null;
  response: Record<string, unknown> | null;
  edited: (string)[] | null;
  decline_reason: string | null;
  cancel_reason: string | null;
  status: RequestStatus;
  created_at: string;
  resolved_at: string | null;
  resolved_by: Person | null;
  resolved_by_system: boolean;
  step: StepOfRule | null;
  resolved_for: Person | null;
  standing_approval_id: string | null;
  priority: number;
  tags: (string)[];
  claimed_by: Person | null;
  claimed_until: string | null;
  assignees: (Assignee)[];
  reference: string | null;
  context: (ContextLinkResponse)[];
  allow_decline: boolean;
  expires_at: string | null;
  on_expire: OnExpire;
  default_response: Record<string, unknown> | null;
  requested_by: Person | null;
  forbid_requester: boolean;
  required_responses: number;
  quorum: Quorum | null;
  responses: (Vote)[];
  trace_id: string | null;
  resolved_trace_id: string | null;
  comments_count: number;
  resume: Resume | null;
  revision: number;
  supersedes_id: string | null;
  superseded_by: string | null;
  digest: string;
}
export interface Insights {
  since: string;
  until: string;
  time_zone: string;
  step: Step;
  is_complete: boolean;
  waiting: Waiting;
  requests: RequestFigures;
  deliveries: CallFigures;
  by_agent: (AskerInsights)[];
  by_key: (KeyInsights)[];
  by_reviewer: (ReviewerInsights)[];
  deliveries_by_agent: (AgentDeliveries)[];
  points: (Point)[];
}
export interface InvalidItem {
  item: Record<string, unknown>;
  errors: (string)[];
}
export interface ItemOfSink {
  title: string;
  body?: string | null;
  type?: string | null;
  url?: string | null;
  fields?: Record<string, string | number | boolean | null | (string | number | boolean | null)[]> | null;
  resources?: (Resource)[] | null;
  occurred_at?: string | Date | null;
  sink_id?: string | null;
}
export interface JobChange {
  name?: string;
  interval_minutes?: number;
  start_minute?: number;
  url?: string | null;
  method?: EndpointMethod;
  headers?: Record<string, string> | null;
  body?: Record<string, unknown> | null;
  timeout_seconds?: number;
  enabled?: boolean;
  request_error?: string | null;
}
export interface JobCreate {
  url: string;
  method?: EndpointMethod;
  headers?: Record<string, string> | null;
  body?: Record<string, unknown> | null;
  name: string;
  interval_minutes: number;
  start_minute?: number;
  timeout_seconds?: number;
  enabled?: boolean;
}
export interface Job {
  id: string;
  workspace_id: string;
  name: string;
  interval_minutes: number;
  start_minute: number;
  url: string | null;
  method: EndpointMethod | null;
  headers: Record<string, string> | null;
  body: Record<string, unknown> | null;
  timeout_seconds: number | null;
  request_error: string | null;
  enabled: boolean;
  runs_total: number;
  runs_succeeded: number;
  runs_failed: number;
  last_run_at: string | null;
  next_run_at: string | null;
  signing_secret: string | null;
  signing_overlap_ends_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface KeyInsights {
  key: string;
  waiting: number;
  requests: RequestFigures;
}
export interface Link {
  href: string;
  text: string;
}
export interface LinkResponse {
  href: string;
  text: string;
}
export type Logic = "AND" | "OR";
export interface Login {
  email: string;
  password: string;
  otp?: string | null;
  workspace?: string | null;
  refresh_token?: string | null;
}
export interface ManySinkItems {
  items: (Record<string, unknown>)[];
}
export interface ManySinkItemsResponse {
  created: (SinkItem)[];
  failed: (FailedItem)[];
  invalid: (InvalidItem)[];
}
export interface Me {
  id: string;
  email: string;
  workspace: WorkspaceOfUser;
  roles: (string)[];
  permissions: (string)[];
  scopes: (string)[] | null;
  execution_id: string | null;
}
export interface NotificationMessage {
  id: string;
  channel_id: string;
  kind: string;
  status: MessageStatus;
  headline: string | null;
  last_error: string | null;
  attempt_count: number;
  next_at: string | null;
  finished_at: string | null;
  created_at: string;
}
export type MessageStatus = "due" | "sent" | "failed" | "dropped";
export type Missing = "erased" | "unreadable";
export interface Notice {
  pointer: string;
  message: string;
}
export type NotificationMode = "at_once" | "digest";
export type NotificationScope = "all" | "mine" | "mentions";
export type OnExpire = "none" | "decline" | "default";
export type Outcome = SuccessOutcome | ErrorOutcome;
export interface Output {
  output: unknown;
}
export interface PermissionCheck {
  permission: string;
  has_permission: boolean;
}
export interface PermissionsCheck {
  permissions: (string)[];
  logic?: Logic;
}
export interface PermissionsCheckResult {
  result: boolean;
  logic: Logic;
  checks: (PermissionCheck)[];
}
export interface Person {
  id: string;
  email: string;
}
export interface Point {
  begin: string;
  end: string;
  requests: RequestFigures;
  deliveries: CallFigures;
}
export interface PolicyChange {
  name?: string;
  agent_id?: string | null;
  function_id?: string | null;
  key?: string | null;
  condition?: Record<string, unknown>;
  steps?: (PolicyStepBody)[];
  is_active?: boolean;
  place?: number;
}
export interface PolicyCreate {
  name: string;
  agent_id?: string | null;
  function_id?: string | null;
  key?: string | null;
  condition?: Record<string, unknown>;
  steps: (PolicyStepBody)[];
  is_active?: boolean;
}
export interface Policy {
  id: string;
  workspace_id: string;
  name: string;
  position: number;
  agent_id: string | null;
  function_id: string | null;
  key: string | null;
  is_active: boolean;
  revision: PolicyRevision;
  created_at: string;
  updated_at: string;
}
export interface PolicyTried {
  is_sample_concerned: boolean | null;
  errors: (string)[];
  requests: (Tried)[];
}
export interface PolicyTry {
  name: string;
  agent_id?: string | null;
  function_id?: string | null;
  key?: string | null;
  condition?: Record<string, unknown>;
  steps: (PolicyStepBody)[];
  is_active?: boolean;
  sample?: Record<string, unknown> | null;
}
export interface PreviewCreate {
  schema: Record<string, unknown> | true;
  values?: Record<string, unknown> | null;
}
export interface Preview {
  id: string;
  workspace_id: string;
  url: string;
  created_at: string;
  expires_at: string;
  is_native: boolean;
  fields: (Field)[];
  warnings: (Remark)[];
  errors: (Remark)[];
  notices: (Notice)[];
}
export interface Problem {
  error: string;
  detail: string;
  code: string;
  errors?: (FieldProblem)[];
}
export interface PythonTargetBody {
  kind: "python";
  entry_point: string;
}
export interface PythonTarget {
  kind: "python";
  entry_point: string;
}
export interface QueuedBatch {
  batch_id: string;
  execution_ids: (string)[];
  total: number;
  status: BatchStatus;
}
export interface QueuedChats {
  batch_id: string;
  execution_ids: (string)[];
  total: number;
  status: BatchStatus;
  chat_ids: (string)[];
}
export interface Queued {
  execution_id: string;
  status: ExecutionStatus;
}
export type Quorum = "first_decline" | "majority";
export interface Rate {
  part: number;
  whole: number;
  share: number | null;
}
export interface Reason {
  error: string;
}
export interface RedeliverAll {
  agent_id: string;
}
export interface Redelivered {
  count: number;
  has_more: boolean;
}
export interface Refresh {
  refresh_token: string;
  rotate?: boolean;
}
export interface RefreshTokenBody {
  refresh_token: string;
}
export interface Refusal {
  reason: string;
}
export interface Remark {
  path: string;
  message: string;
}
export interface Reply {
  input: Record<string, unknown>;
}
export interface RequestFigures {
  ended: number;
  decided: number;
  approved: number;
  refused: number;
  answered: number;
  declined: number;
  expired: number;
  withdrawn: number;
  superseded: number;
  automatic: number;
  approval: Rate;
  edit: Rate;
  decline: Rate;
  expiry: Rate;
  median_seconds: number | null;
  p90_seconds: number | null;
}
export type RequestStatus = "pending" | "resolved" | "declined" | "cancelled" | "expired" | "superseded";
export interface Resolution {
  response: Record<string, unknown>;
}
export interface Resource {
  type: "link";
  label: string;
  url: string;
}
export interface ResourceResponse {
  type: "link";
  label: string;
  url: string;
}
export interface ResumeBody {
  url: string;
  method?: EndpointMethod;
  headers?: Record<string, string> | null;
  body?: unknown;
  timeout_seconds?: number;
  retry?: Retry;
}
export interface Resume {
  url: string;
  method: EndpointMethod;
}
export interface Retry {
  max_attempts?: number;
  backoff?: Backoff;
}
export interface RetryResponse {
  max_attempts: number;
  backoff: BackoffResponse;
}
export interface ReviewerInsights {
  user_id: string;
  email: string;
  requests: RequestFigures;
}
export interface Revision {
  priority?: number;
  tags?: (string)[];
  reference?: string | null;
  context?: (ContextLink)[];
  allow_decline?: boolean;
  expires_at?: string | Date | null;
  on_expire?: OnExpire;
  default_response?: Record<string, unknown> | null;
  forbid_requester?: boolean;
  required_responses?: number;
  quorum?: Quorum | null;
  assignees?: (string | { user: string } | { team: string })[];
  key?: string;
  title?: string;
  message?: string;
  schema?: Record<string, unknown> | true;
}
export interface RevisionList {
  items: (PolicyRevision)[];
}
export interface PolicyRevision {
  id: string;
  number: number;
  condition: Record<string, unknown>;
  steps: (PolicyStep)[];
  made_by: Person | null;
  created_at: string;
}
export interface RoleChange {
  name?: string;
  description?: string;
  permissions?: (string)[];
}
export interface RoleCreate {
  name: string;
  description?: string;
  permissions: (string)[];
}
export interface RoleMember {
  member: string;
}
export interface RoleMemberResponse {
  id: string;
  email: string;
}
export interface Role {
  id: string;
  workspace_id: string;
  name: string;
  description: string;
  permissions: (string)[];
  created_at: string;
  updated_at: string;
}
export interface RuleBody {
  scope?: NotificationScope;
  agent_id?: string | null;
  function_id?: string | null;
  key?: string | null;
  tag?: string | null;
  min_priority?: number | null;
  mode?: NotificationMode;
  digest_minutes?: number;
  with_details?: boolean;
}
export interface NotificationRule {
  id: string;
  channel_id: string;
  scope: NotificationScope;
  agent_id: string | null;
  function_id: string | null;
  key: string | null;
  tag: string | null;
  min_priority: number | null;
  mode: NotificationMode;
  digest_minutes: number;
  with_details: boolean;
}
export interface Run {
  id: string;
  workspace_id: string;
  job_id: string;
  trigger: RunTrigger;
  status: RunStatus;
  scheduled_for: string | null;
  started_at: string | null;
  finished_at: string | null;
  duration_ms: number | null;
  response_status: number | null;
  response: string | null;
  response_truncated: boolean;
  error: string | null;
  trace_id: string | null;
  created_at: string;
}
export type RunStatus = "due" | "running" | "succeeded" | "failed" | "skipped";
export type RunTrigger = "schedule" | "manual";
export interface SessionChange {
  status?: SessionStatus;
  state?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  error_message?: string | null;
}
export interface SessionCreate {
  agent_id: string;
  status?: SessionStatus;
  state?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  error_message?: string | null;
}
export interface AgentSession {
  id: string;
  agent_id: string;
  workspace_id: string;
  status: SessionStatus;
  state: Record<string, unknown>;
  metadata: Record<string, unknown>;
  error_message: string | null;
  trace_id: string | null;
  created_at: string;
  updated_at: string;
}
export type SessionStatus = "running" | "waiting_for_input" | "processing_input" | "completed" | "failed";
export interface SinkChange {
  name?: string;
  description?: string | null;
  color?: SinkColor;
  is_public?: boolean;
  public_slug?: string | null;
  is_indexed?: boolean;
}
export type SinkColor = "neutral" | "blue" | "green" | "yellow" | "orange" | "red" | "purple" | "pink";
export interface SinkCreate {
  name: string;
  description?: string | null;
  color?: SinkColor;
  is_public?: boolean;
  public_slug?: string | null;
  is_indexed?: boolean;
}
export interface SinkItemChange {
  title?: string;
  body?: string | null;
  type?: string | null;
  url?: string | null;
  fields?: Record<string, string | number | boolean | null | (string | number | boolean | null)[]> | null;
  resources?: (Resource)[] | null;
  occurred_at?: string | Date | null;
}
export interface SinkItemCreate {
  title: string;
  body?: string | null;
  type?: string | null;
  url?: string | null;
  fields?: Record<string, string | number | boolean | null | (string | number | boolean | null)[]> | null;
  resources?: (Resource)[] | null;
  occurred_at?: string | Date | null;
  sink_id: string;
}
export interface SinkItem {
  id: string;
  sink_id: string;
  workspace_id: string;
  title: string;
  body: string | null;
  type: string | null;
  url: string | null;
  fields: Record<string, string | number | boolean | null | (string | number | boolean | null)[]>;
  resources: (ResourceResponse)[];
  occurred_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface Sink {
  id: string;
  workspace_id: string;
  owner_id: string;
  name: string;
  description: string | null;
  color: SinkColor;
  is_public: boolean;
  public_slug: string | null;
  is_indexed: boolean;
  secret: string | null;
  created_at: string;
  updated_at: string;
}
export interface StandingApprovalCreate {
  request_id: string;
  uses_max: number;
  expires_at: string | Date;
  condition?: Record<string, unknown> | null;
  same_words?: boolean;
  note?: string;
}
export interface StandingApproval {
  id: string;
  workspace_id: string;
  created_at: string;
  granted_by: Person | null;
  request_id: string;
  agent_id: string | null;
  function_id: string | null;
  key: string;
  condition: Record<string, unknown>;
  same_words: boolean;
  uses_max: number;
  uses_count: number;
  expires_at: string;
  state: StandingState;
  revoked_at: string | null;
  revoked_by: Person | null;
  note: string;
}
export type StandingState = "in_force" | "used_up" | "expired" | "revoked";
export type Step = "hour" | "day" | "week";
export type StepKind = "queued" | "started" | "pending" | "paused" | "resumed" | "recovered" | "completed" | "failed" | "cancelled" | "callback_sent" | "callback_failed";
export interface StepOfRule {
  number: number;
  count: number;
  name: string;
}
export type SubjectKind = "request" | "batch" | "delivery" | "workspace" | "person" | "invitation" | "role" | "team" | "api_key" | "agent" | "session" | "function" | "job" | "execution" | "rule" | "escalation_chain" | "standing_approval" | "sink";
export interface SuccessOutcome {
  status: "success";
  execution_id: string;
  result: unknown;
}
export interface Target {
  namespace: string;
  name: string;
}
export interface TeamChange {
  name?: string;
  description?: string;
  members?: (string)[];
}
export interface TeamCreate {
  name: string;
  description?: string;
  members?: (string)[];
}
export interface TeamName {
  id: string;
  name: string;
}
export interface TeamNamed {
  team: string;
}
export interface Team {
  id: string;
  workspace_id: string;
  name: string;
  description: string;
  members: (Person)[];
  created_at: string;
  updated_at: string;
}
export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  user: User;
}
export interface Transcript {
  id: string;
  chat_id: string;
  agent: AgentAddress | null;
  title: string | null;
  user_id: string;
  created_at: string;
  input_variables: Record<string, unknown>;
  messages: (ChatMessage)[];
}
export interface Tried {
  request_id: string;
  title: string;
  created_at: string;
  is_concerned: boolean | null;
}
export interface UserNamed {
  user: string;
}
export interface User {
  id: string;
  email: string;
  workspace: WorkspaceOfUser;
  roles: (string)[];
  permissions: (string)[];
}
export type VoteKind = "answered" | "declined";
export interface Vote {
  by: Person | null;
  cast_for: Person | null;
  at: string;
  outcome: VoteKind;
  reason: string | null;
}
export interface Waiting {
  count: number;
  oldest_at: string | null;
  by_age: (AgeResponse)[];
}
export interface Withdrawal {
  reason?: string | null;
}
export interface WorkspaceOfUser {
  id: string;
  slug: string;
  name: string;
}
export interface EscalationChainStepBody {
  after_minutes: number;
  to: "assignees" | "admins" | UserNamed | TeamNamed;
  also_assign?: boolean;
}
export interface EscalationChainStep {
  after_minutes: number;
  to: "assignees" | "admins" | Record<string, string>;
  also_assign: boolean;
}
export interface PolicyStepBody {
  name?: string;
  assignees?: (string | Record<string, string>)[];
  required_responses?: number;
  quorum?: Quorum;
  forbid_requester?: boolean;
}
export interface PolicyStep {
  name: string;
  assignees: (Record<string, string>)[];
  required_responses: number;
  quorum: Quorum;
  forbid_requester: boolean;
}
export interface ExecutionStep {
  id: string;
  kind: StepKind;
  step_name: string;
  status: ExecutionStatus;
  message: string | null;
  details: Record<string, unknown> | null;
  created_at: string;
}
