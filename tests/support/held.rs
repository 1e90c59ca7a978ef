//! A request that is held at the simulator, so that what is to happen in its middle does, however fast or slow the machine is.

use crate::simulator::Portal;
use serde_json::json;
use std::time::{Duration, Instant};

/// For how long a request is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request that is held before it is served, once it comes. Whoever sent it waits ten seconds at most: then it is gone, and
/// was never served.
pub(crate) struct Held<'a> {
    portal: &'a Portal,
    id: u64,
}

impl<'a> Held<'a> {
    /// The first one from now on whose path has this in it.
    pub(crate) async fn at(portal: &'a Portal, path: &str) -> Self {
        let matching = json!({ "pathContains": path });
        Self::set(portal, &json!({"match": matching, "when": "before"})).await
    }

    /// The n-th batch from now on that deletes users, of whichever tenant.
    pub(crate) async fn at_deletions(portal: &'a Portal, nth: u64) -> Self {
        let matching = json!({"method": "DELETE", "pathContains": "/users/"});
        let wanted = json!({"match": matching, "nth": nth, "when": "before"});
        Self::set(portal, &wanted).await
    }

    async fn set(portal: &'a Portal, wanted: &serde_json::Value) -> Self {
        let set = portal.post("breakpoints", wanted).await.unwrap();
        let id = set["id"].as_u64().unwrap();
        Self { portal, id }
    }

    pub(crate) async fn reached(&self) -> bool {
        let page = format!("breakpoints/{}", self.id);
        self.portal.get(&page).await.unwrap()["state"] == "held"
    }

    pub(crate) async fn until_reached(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.reached().await {
            assert!(Instant::now() < deadline, "the request never came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets it go on, if its sender still waits.
    pub(crate) async fn go(self) {
        let page = format!("breakpoints/{}", self.id);
        let gone = self.portal.post(&page, &json!({"then": "go"})).await;
        assert!(gone.is_ok() || !self.reached().await, "{gone:?}");
    }
}
