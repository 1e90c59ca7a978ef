//! Faults that a test orders.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::exchange::{Content, Reply};
use super::world::World;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FaultKind {
    #[default]
    Status,
    DropBefore,
    DropAfter,
    Html,
    Endless,
    OmitBatchItems,
    DelayMs,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path_contains: String,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    pub(crate) kind: FaultKind,
    #[serde(default)]
    pub(crate) delay_ms: u64,
}

const fn once() -> u64 {
    1
}

impl Fault {
    /// The reply that stands in for the service's own.
    pub(crate) fn reply(&self) -> Reply {
        let (status, kind, text) = match self.kind {
            FaultKind::Html => (
                self.status.unwrap_or(200),
                "text/html",
                "<!DOCTYPE html><html><body>Our services aren't available right now</body></html>",
            ),
            _ => (
                self.status.unwrap_or(503),
                "application/json",
                r#"{"error":{"code":"serviceNotAvailable","message":"The service is not available."}}"#,
            ),
        };
        let text = self.body.clone().unwrap_or_else(|| text.to_owned());
        let mut reply = Reply {
            status,
            headers: Vec::new(),
            content: Content::Text(text, kind),
        };
        for (name, value) in &self.headers {
            reply = reply.with(name, value);
        }
        reply
    }
}

/// The first fault that fits, with one of its times used up. Within a batch only replies can be replaced.
pub(crate) fn draw(world: &mut World, method: &str, path: &str, item: bool) -> Option<Fault> {
    let at = world.faults.iter().position(|fault| {
        fault
            .method
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && path.contains(&fault.path_contains)
            && (!item || matches!(fault.kind, FaultKind::Status | FaultKind::Html))
            && (fault.kind != FaultKind::OmitBatchItems || path.ends_with("$batch"))
    })?;
    let fault = world.faults.get_mut(at)?;
    fault.times = fault.times.saturating_sub(1);
    let drawn = fault.clone();
    if drawn.times == 0 {
        world.faults.remove(at);
    }
    Some(drawn)
}
