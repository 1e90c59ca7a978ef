//! The simulator's breakpoints at the writes of one effect.

use http::Method;
use serde_json::{Value, json};

use crate::cluster::Result;
use crate::points::{Request, Side};
use crate::simulator::Portal;

/// The breakpoints that wait for one write.
pub(crate) struct Breakpoints {
    http: reqwest::Client,
    base: String,
    /// More than one where what is written may go two ways.
    ids: Vec<u64>,
}

impl Breakpoints {
    /// Waits for the write of the effect that begins now; one effect runs at a time.
    pub(crate) async fn set(portal: &Portal, write: &Request, side: Side) -> Result<Self> {
        let authority = std::fs::read(&portal.ca_file)?;
        let http = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&authority)?])
            .no_proxy()
            .build()?;
        let mut breakpoints = Self {
            http,
            base: portal.url("breakpoints"),
            ids: Vec::new(),
        };
        for (method, path) in ways(write) {
            let matching = json!({ "method": method, "pathContains": path });
            let wanted = json!({ "match": matching, "nth": write.within, "when": side.word() });
            let set = breakpoints.ask(Method::POST, "", Some(&wanted)).await?;
            let id = set["id"]
                .as_u64()
                .ok_or_else(|| format!("not set: {set}"))?;
            breakpoints.ids.push(id);
        }
        Ok(breakpoints)
    }

    /// True where a request is in this state at one of them.
    pub(crate) async fn is(&self, state: &str) -> Result<bool> {
        let all = self.ask(Method::GET, "", None).await?;
        let all = all.as_array().into_iter().flatten();
        let ours = |one: &&Value| one["id"].as_u64().is_some_and(|id| self.ids.contains(&id));
        Ok(all.filter(ours).any(|one| one["state"] == state))
    }

    /// Lets the request that is held go on.
    pub(crate) async fn go(&self) -> Result<()> {
        for id in &self.ids {
            let verdict = json!({ "then": "go" });
            self.ask(Method::POST, &format!("/{id}"), Some(&verdict))
                .await?;
        }
        Ok(())
    }

    /// Takes them away.
    pub(crate) async fn remove(self) -> Result<()> {
        for id in &self.ids {
            self.ask(Method::DELETE, &format!("/{id}"), None).await?;
        }
        Ok(())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?.error_for_status()?;
        let text = answer.text().await?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

/// Method and part of the path of what an action writes; one that only reads has none.
fn ways(write: &Request) -> &'static [(&'static str, &'static str)] {
    let action = write.what.split('/').next_back().unwrap_or_default();
    match action {
        "SwitchSyncOff" => &[("PATCH", "/organization/")],
        "DeleteUsers" => &[("DELETE", "/users/")],
        "DisableMFA" => &[("PATCH", "/authentication/requirements")],
        "RemoveApplications" | "RemoveOwnIdentity" => &[("DELETE", "/")],
        "DisableApplications" => &[("PATCH", "/servicePrincipals/")],
        // Through the billing account, and of an Azure subscription.
        "CancelSubscription" => &[("DELETE", "/billingSubscriptions/"), ("POST", "/cancel")],
        _ => &[],
    }
}
