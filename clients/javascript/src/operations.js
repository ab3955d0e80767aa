// below each path: method of this client, method of HTTP, what follows in the path (the ids in it are the
// first arguments), and words that are the next ones; what else goes into body or query is an object after
// them. LIST yields what a list has.
export const OPERATIONS = {
  "/api/v1/agents": `createAgent POST name; listAgents LIST; getAgent GET /{id}; updateAgent PATCH /{id};
    deleteAgent DELETE /{id}; rotateAgentSigningSecret POST /{id}/rotate-signing-secret;
    endAgentSigningOverlap POST /{id}/end-signing-overlap`,
  "/api/v1/agent-sessions": `startSession POST agent_id; listSessions LIST; getSession GET /{id};
    updateSession PATCH /{id}; deleteSession DELETE /{id}`,
  "/api/v1/agent-session-input-requests": `listInputRequests LIST; cancelInputRequest POST /{id}/cancel reason;
    supersede POST /{id}/supersede; extend POST /{id}/extend expires_at; comment POST /{id}/comments message;
    resolve POST /{id}/resolve response; decline POST /{id}/decline reason; retract POST /{id}/retract;
    assign POST /{id}/assign assignees; delegate POST /{id}/delegate to; claim POST /{id}/claim;
    release POST /{id}/release`,
  "/api/v1/ask": "cancelAsk POST /{id}/cancel reason",
  "/api/v1/standing-approvals": `grantStandingApproval POST request_id; listStandingApprovals LIST;
    getStandingApproval GET /{id}; revokeStandingApproval POST /{id}/revoke`,
  "/api/v1/agent-session-activities": "getActivity GET /{id}",
  "/api/v1/agent-configurations": `createConfiguration POST agent_id; listConfigurations LIST;
    listVariants LIST /variants; getActiveConfiguration GET /agent/{agent_id}; getConfiguration GET /{id};
    activateConfiguration POST /{id}/activate`,
  "/api/v1/deliveries": "listDeliveries LIST; getDelivery GET /{id}; redeliver POST /{id}/redeliver",
  "/api/v1/functions": `createFunction POST namespace name target; listFunctions LIST;
    getFunction GET /{namespace}/{name}; updateFunction PATCH /{namespace}/{name};
    deleteFunction DELETE /{namespace}/{name}; replaceFunction PUT /{namespace}/{name} target;
    rotateFunctionSigningSecret POST /{namespace}/{name}/rotate-signing-secret;
    endFunctionSigningOverlap POST /{namespace}/{name}/end-signing-overlap`,
  "/functions/{namespace}/{name}/execute": "executeAsync POST /async input; executeBatch POST /batch inputs",
  "/agents/{namespace}/{slug}/chats/batch": "chatBatch POST inputs",
  "/chats": "getChat GET /{id}",
  "/executions": `listExecutions GET; getExecution GET /{id}; executionSteps GET /{id}/steps;
    cancelExecution POST /{id}/cancel; continueExecution POST /{id}/continue input;
    completeExecution POST /{id}/complete output; failExecution POST /{id}/fail error`,
  "/batches": "getBatch GET /{id}",
  "/api/v1/sinks": `createSink POST name; listSinks LIST; getSink GET /{id}; updateSink PATCH /{id};
    deleteSink DELETE /{id}; rotateSinkSecret POST /{id}/rotate-secret`,
  "/api/v1/sink-items": `createSinkItem POST sink_id title; createManySinkItems POST /many items; listSinkItems LIST;
    getSinkItem GET /{id}; updateSinkItem PATCH /{id}; deleteSinkItem DELETE /{id}`,
  "/api/v1/background-jobs": `createBackgroundJob POST name interval_minutes url; listBackgroundJobs LIST;
    getBackgroundJob GET /{id}; updateBackgroundJob PATCH /{id}; deleteBackgroundJob DELETE /{id};
    runBackgroundJob POST /{id}/run; listJobRuns LIST /{id}/runs; getJobRun GET /{id}/runs/{run};
    rotateJobSigningSecret POST /{id}/rotate-signing-secret; endJobSigningOverlap POST /{id}/end-signing-overlap`,
  "/api/v1/api-keys": "createKey POST name scopes; listKeys LIST; getKey GET /{id}; revokeKey DELETE /{id}",
  "/api/v1/roles": `createRole POST name permissions; listRoles LIST; getRole GET /{id}; updateRole PATCH /{id};
    deleteRole DELETE /{id}; listRoleMembers LIST /{id}/members; giveRole POST /{id}/members member;
    takeRole DELETE /{id}/members/{user}`,
  "/api/v1/teams": `createTeam POST name; listTeams LIST; getTeam GET /{id}; updateTeam PATCH /{id};
    deleteTeam DELETE /{id}`,
  "/api/v1/absences": `createAbsence POST begins_at ends_at; listAbsences LIST; getAbsence GET /{id};
    updateAbsence PATCH /{id}; endAbsence DELETE /{id}`,
  "/api/v1/policies": `createPolicy POST name steps; listPolicies LIST; getPolicy GET /{id};
    updatePolicy PATCH /{id}; deletePolicy DELETE /{id}; tryPolicy POST /try name steps`,
  "/api/v1/insights": "insights GET",
  "/api/v1/audit-entries": "listAuditEntries LIST",
  "/api/v1/escalation-chains": `createChain POST name time_zone working_hours steps; listChains LIST;
    getChain GET /{id}; updateChain PATCH /{id}; deleteChain DELETE /{id}`,
  "/api/v1/notification-channels": `createChannel POST kind config; listChannels LIST; getChannel GET /{id};
    updateChannel PATCH /{id}; deleteChannel DELETE /{id}; confirmChannel POST /{id}/confirm code;
    testChannel POST /{id}/test; createRule POST /{id}/rules`,
  "/api/v1/notification-rules": "replaceRule PUT /{id}; deleteRule DELETE /{id}",
  "/api/v1/notification-messages": "listMessages LIST; getMessage GET /{id}",
  "/auth": `me GET /me; checkPermissions POST /check-permissions permissions; refresh POST /refresh refresh_token;
    logout POST /logout refresh_token`,
};
