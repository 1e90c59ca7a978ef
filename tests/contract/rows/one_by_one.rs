//! Objects that are read one by one, where `getByIds` is refused.

use super::{ONE, id};
use crate::row::{Row, Run, row};
use crate::stage::intent;
use serde_json::json;
use tenant_closure::closure::intent::Action;
use tenant_closure::microsoft::Service::Graph;

const BY_IDS: &str = "POST /v1.0/directoryObjects/getByIds";

pub fn rows() -> Vec<Row> {
    vec![
        row(
            Graph,
            "GET /v1.0/users/{}",
            "GET /v1.0/users/00000000-0000-0000-0000-00000000000b?$select=id",
            Run::LookBack(intent(Action::DeleteUsers, id(0xb))),
        )
        .what("one user, where getByIds is refused")
        .given(BY_IDS, 403, json!({}))
        .reply(json!({"id": ONE}))
        .makes("unanswered")
        .error(404, json!({}), "done"),
        row(
            Graph,
            "GET /v1.0/applications/{}",
            "GET /v1.0/applications/00000000-0000-0000-0000-00000000000b?$select=id,signInAudience",
            Run::LookBack(intent(Action::RemoveApplications, id(0xb))),
        )
        .given(BY_IDS, 403, json!({}))
        .given("GET /v1.0/servicePrincipals/{}", 404, json!({"error": {"code": "Request_ResourceNotFound"}}))
        .reply(json!({"id": ONE}))
        .makes("unanswered")
        .error(404, json!({}), "done"),
        row(
            Graph,
            "GET /v1.0/servicePrincipals/{}",
            "GET /v1.0/servicePrincipals/00000000-0000-0000-0000-00000000000b?$select=id,signInAudience",
            Run::LookBack(intent(Action::RemoveApplications, id(0xb))),
        )
        .given(BY_IDS, 403, json!({}))
        .given("GET /v1.0/applications/{}", 404, json!({"error": {"code": "Request_ResourceNotFound"}}))
        .reply(json!({"id": ONE}))
        .makes("unanswered")
        .error(404, json!({}), "done"),
        row(
            Graph,
            "GET /v1.0/servicePrincipals/{}",
            "GET /v1.0/servicePrincipals/00000000-0000-0000-0000-00000000000b?$select=id,accountEnabled",
            Run::LookBack(intent(Action::DisableApplications, id(0xb))),
        )
        .what("whether it is disabled, where getByIds is refused")
        .given(BY_IDS, 403, json!({}))
        .reply(json!({"id": ONE, "accountEnabled": true}))
        .makes("unanswered")
        .without("accountEnabled", "unanswered")
        .error(404, json!({}), "done"),
    ]
}
