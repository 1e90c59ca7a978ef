//! Errors in the form of each service.

use serde_json::{Value, json};

use super::clock::stamp;
use super::exchange::Reply;

pub(crate) const DENIED: &str = "Authorization_RequestDenied";
pub(crate) const NOT_FOUND: &str = "Request_ResourceNotFound";
pub(crate) const BAD_REQUEST: &str = "Request_BadRequest";
const PRIVILEGES: &str = "Insufficient privileges to complete the operation.";

/// A refusal on its way to becoming a reply.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn denied() -> Self {
        Self::new(403, DENIED, PRIVILEGES)
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, BAD_REQUEST, message)
    }

    pub(crate) fn not_found(id: &str) -> Self {
        let message = format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(404, NOT_FOUND, message)
    }

    /// Graph's envelope; the date has no zone.
    pub(crate) fn graph(&self, request_id: &str, client_request_id: &str, now: i64) -> Reply {
        Reply::json(
            self.status,
            self.graph_body(request_id, client_request_id, now),
        )
    }

    pub(crate) fn graph_body(&self, request_id: &str, client_request_id: &str, now: i64) -> Value {
        let date = stamp(now).trim_end_matches('Z').to_owned();
        let mut inner = json!({ "date": date, "request-id": request_id, "client-request-id": client_request_id });
        if self.status == 429 {
            inner["code"] = json!("429");
            inner["status"] = json!("429");
            inner["message"] = json!("Please retry after");
        }
        json!({ "error": { "code": self.code, "message": self.message, "innerError": inner } })
    }

    pub(crate) fn arm(&self) -> Reply {
        Reply::json(
            self.status,
            json!({ "error": { "code": self.code, "message": self.message, "details": [] } }),
        )
    }

    pub(crate) fn partner(&self) -> Reply {
        let code = i32::from(self.status) * 100;
        Reply::json(
            self.status,
            json!({ "code": code, "description": self.message, "data": [], "source": "PartnerFD" }),
        )
    }

    /// The simulator's own contract.
    pub(crate) fn plain(&self) -> Reply {
        Reply::json(
            self.status,
            json!({ "error": self.code, "message": self.message }),
        )
    }
}
