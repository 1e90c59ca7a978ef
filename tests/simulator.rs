//! The simulator, started in this process and called over HTTPS, through a whole closing.
#![cfg(feature = "operator")]
#![allow(clippy::too_many_lines, clippy::manual_contains)] // one whole story reads best in one piece
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tenant_closure::simulator::{Running, Settings, start};

const DEMO: &str = include_str!("../examples/demo-tenant.yaml");
const GRAPH: &str = "https://graph.microsoft.com";
const ARM: &str = "https://management.azure.com";

struct Caller {
    http: Client,
    running: Running,
    tenant: Value,
}

impl Caller {
    async fn new(users: usize, speed: f64) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = start(Settings {
            users: Some(users),
            speed,
            ..Settings::of(DEMO)
        })
        .await
        .unwrap();
        let mut builder = Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap()])
            .timeout(Duration::from_secs(20));
        for host in [
            "login.microsoftonline.com",
            "graph.microsoft.com",
            "management.azure.com",
        ] {
            builder = builder.resolve(
                host,
                SocketAddr::new(running.address.ip(), running.address.port()),
            );
        }
        let tenant = running.tenants[0].clone();
        Self {
            http: builder.build().unwrap(),
            running,
            tenant,
        }
    }

    fn id(&self) -> &str {
        self.tenant["id"].as_str().unwrap()
    }

    fn url(&self, url: &str) -> String {
        url.replacen(".com", &format!(".com:{}", self.running.address.port()), 1)
    }

    async fn token(&self, scope: &str, secret: &str) -> (u16, Value) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.tenant["appId"].as_str().unwrap()),
            ("client_secret", secret),
            ("scope", scope),
        ];
        let url = self.url(&format!(
            "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
            self.id()
        ));
        let reply = self.http.post(url).form(&form).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    async fn raw(
        &self,
        method: Method,
        url: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let scope = if url.starts_with(ARM) { ARM } else { GRAPH };
        let token = self
            .token(
                &format!("{scope}/.default"),
                self.tenant["clientSecret"].as_str().unwrap(),
            )
            .await
            .1;
        let request = self
            .http
            .request(method, self.url(url))
            .bearer_auth(token["access_token"].as_str().unwrap_or("none"));
        match body {
            Some(body) => request.json(&body).send().await,
            None => request.send().await,
        }
    }

    async fn call(&self, method: Method, url: &str, body: Option<Value>) -> (u16, Value) {
        let reply = self.raw(method, url, body).await.unwrap();
        (
            reply.status().as_u16(),
            reply.json().await.unwrap_or(Value::Null),
        )
    }

    async fn get(&self, url: &str) -> Value {
        self.call(Method::GET, url, None).await.1
    }

    async fn control(&self, path: &str) -> Value {
        self.get(&format!("{GRAPH}/_sim/{path}")).await
    }

    async fn press(&self, body: Value) -> u16 {
        self.call(
            Method::POST,
            &format!("{GRAPH}/_sim/tenants/{}/press", self.id()),
            Some(body),
        )
        .await
        .0
    }

    async fn people(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut next = Some(format!("{GRAPH}/v1.0/users?$select=id&$top=7"));
        while let Some(url) = next {
            let page = self.get(&url).await;
            out.extend(
                page["value"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|user| user["id"].as_str().unwrap().to_owned()),
            );
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        out
    }

    async fn delete(&self, ids: &[String]) -> Vec<u64> {
        let requests: Vec<Value> = ids.iter().enumerate().map(|(at, id)| json!({ "id": at.to_string(), "method": "DELETE", "url": format!("/users/{id}") })).collect();
        let (status, reply) = self
            .call(
                Method::POST,
                &format!("{GRAPH}/v1.0/$batch"),
                Some(json!({ "requests": requests })),
            )
            .await;
        assert_eq!(status, 200);
        reply["responses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["status"].as_u64().unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_tenant_is_closed_from_end_to_end() {
    // 72 virtual hours are about two seconds and a half.
    let sim = Caller::new(22, 100_000.0).await;
    assert_eq!(
        sim.token("https://graph.microsoft.com/.default", "wrong")
            .await
            .0,
        401
    );
    let all = sim.people().await;
    assert_eq!(all.len(), 22);
    let (retained, spare) = (
        sim.tenant["retainedId"].as_str().unwrap().to_owned(),
        sim.tenant["spareId"].as_str().unwrap().to_owned(),
    );
    let others: Vec<String> = all
        .into_iter()
        .filter(|id| *id != retained && *id != spare)
        .collect();
    assert_eq!(sim.press(json!({ "action": "deleteTenant" })).await, 409);
    assert!(
        sim.delete(&others[10..])
            .await
            .iter()
            .any(|status| *status == 400),
        "synced users stay while sync is on"
    );
    let organization = format!("{GRAPH}/v1.0/organization/{}", sim.id());
    assert_eq!(
        sim.call(
            Method::PATCH,
            &organization,
            Some(json!({ "onPremisesSyncEnabled": false }))
        )
        .await
        .0,
        204
    );
    assert_eq!(sim.get(&organization).await["onPremisesSyncEnabled"], true);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sim.get(&organization).await["onPremisesSyncEnabled"], false);
    assert_eq!(sim.delete(&others).await.len(), 20);
    assert_eq!(sim.people().await.len(), 2);

    let subscriptions = sim.control(&format!("tenants/{}", sim.id())).await["subscriptions"]
        .as_array()
        .unwrap()
        .clone();
    for found in &subscriptions {
        let id = found["id"].as_str().unwrap();
        match found["kind"].as_str().unwrap() {
            "Azure" => {
                let url = format!(
                    "{ARM}/subscriptions/{id}/providers/Microsoft.Subscription/cancel?api-version=2021-10-01"
                );
                assert_eq!(sim.call(Method::POST, &url, None).await.0, 200);
                assert_eq!(
                    sim.press(json!({ "action": "deleteSubscription", "id": id }))
                        .await,
                    204
                );
            }
            "CustomerAgreement" => {
                let accounts = sim
                    .get(&format!(
                        "{ARM}/providers/Microsoft.Billing/billingAccounts?api-version=2024-04-01"
                    ))
                    .await;
                let url = format!(
                    "{ARM}{}/billingSubscriptions/{id}?api-version=2024-04-01",
                    accounts["value"][0]["id"].as_str().unwrap()
                );
                if sim.call(Method::GET, &url, None).await.0 == 200 {
                    assert_eq!(
                        sim.raw(Method::DELETE, &url, None).await.unwrap().headers()["retry-after"],
                        "1"
                    );
                }
            }
            _ => {
                assert_eq!(
                    sim.press(json!({ "action": "cancelSubscription", "id": id }))
                        .await,
                    204
                );
                assert_eq!(
                    sim.press(json!({ "action": "deleteSubscription", "id": id }))
                        .await,
                    204
                );
            }
        }
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sim.delete(std::slice::from_ref(&spare)).await, [204]);
    for check in ["C5", "C9", "C10", "C11", "C15"] {
        assert_eq!(
            sim.press(json!({ "action": "settleCheck", "check": check }))
                .await,
            204
        );
    }
    let own = sim.tenant["appId"].as_str().unwrap();
    for found in sim.get(&format!("{GRAPH}/v1.0/applications")).await["value"]
        .as_array()
        .unwrap()
    {
        if found["appId"] != own {
            assert_eq!(
                sim.call(
                    Method::DELETE,
                    &format!(
                        "{GRAPH}/v1.0/applications/{}",
                        found["id"].as_str().unwrap()
                    ),
                    None
                )
                .await
                .0,
                204
            );
        }
    }
    assert_eq!(
        sim.call(
            Method::DELETE,
            &format!("{GRAPH}/v1.0/applications(appId='{own}')"),
            None
        )
        .await
        .0,
        204
    );
    assert_eq!(
        sim.token("https://graph.microsoft.com/.default", "any")
            .await
            .1["error_codes"][0],
        700_016
    );
    assert_eq!(
        sim.press(json!({ "action": "deleteTenant" })).await,
        204,
        "{}",
        sim.control(&format!("tenants/{}", sim.id())).await
    );
    let probe = sim
        .http
        .get(sim.url(&format!(
            "https://login.microsoftonline.com/{}/v2.0/.well-known/openid-configuration",
            sim.id()
        )))
        .send()
        .await
        .unwrap();
    assert_eq!(probe.status(), 400);
    assert_eq!(sim.control("violations").await["count"], 0);
    let stats = sim.control("stats").await;
    assert_eq!(stats["userDeletes"], 21);
}

#[tokio::test]
async fn the_quota_refuses_items_and_faults_break_calls() {
    let sim = Caller::new(10, 1.0).await;
    let judge = json!({ "tenant": sim.id(), "approved": ["none"], "mode": "Plan" });
    assert_eq!(
        sim.call(Method::POST, &format!("{GRAPH}/_sim/judge"), Some(judge))
            .await
            .0,
        204
    );
    let ghosts: Vec<String> = (0..20)
        .map(|at| format!("00000000-0000-0000-0000-0000000000{at:02}"))
        .collect();
    let mut refused = 0;
    for _ in 0..160 {
        refused += sim
            .delete(&ghosts)
            .await
            .iter()
            .filter(|status| **status == 429)
            .count();
    }
    assert!(refused > 0, "3,200 writes at once are too many");
    let faults = json!([{ "pathContains": "/organization", "kind": "dropBefore" }, { "pathContains": "/organization", "status": 503, "headers": { "Retry-After": "2" } }]);
    assert_eq!(
        sim.call(Method::POST, &format!("{GRAPH}/_sim/faults"), Some(faults))
            .await
            .0,
        204
    );
    assert!(
        sim.raw(Method::GET, &format!("{GRAPH}/v1.0/organization"), None)
            .await
            .is_err()
    );
    assert_eq!(
        sim.call(Method::GET, &format!("{GRAPH}/v1.0/organization"), None)
            .await
            .0,
        503
    );
    assert_eq!(
        sim.get(&format!("{GRAPH}/v1.0/organization")).await["value"][0]["id"],
        sim.id()
    );
    assert!(sim.control("violations").await["count"].as_u64().unwrap() > 0);
}
