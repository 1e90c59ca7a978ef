//! The simulator from outside: real TLS, Microsoft's host names, one tenant closed from the first token to the end.
#![cfg(feature = "operator")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests fail by panicking"
)]

use serde_json::{Value, json};
use tenant_closure::simulator::{Running, Scenario, Settings, start};

const HOSTS: [&str; 3] = [
    "login.microsoftonline.com",
    "graph.microsoft.com",
    "management.azure.com",
];

struct Client {
    http: reqwest::Client,
    running: Running,
    token: String,
}

impl Client {
    async fn new(scenario: &str) -> Self {
        let settings = Settings {
            scenario: Scenario::parse(scenario).unwrap(),
            console: Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
            ..Settings::default()
        };
        let running = start(&settings).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap();
        let mut builder = reqwest::Client::builder()
            .tls_certs_only([authority])
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        for host in HOSTS {
            builder = builder.resolve(host, running.address);
        }
        let mut client = Self {
            http: builder.build().unwrap(),
            running,
            token: String::new(),
        };
        let tenant = &client.running.tenants[0];
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &tenant.app_id.to_string()),
            ("client_secret", &tenant.client_secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!(
            "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
            tenant.id
        );
        let reply: Value = client
            .http
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        reply["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut client.token);
        client
    }

    async fn send(
        &self,
        method: &str,
        url: &str,
        body: Option<Value>,
    ) -> reqwest::Result<reqwest::Response> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(&self.token)
            .header("client-request-id", "mine");
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn graph(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.send(
            method,
            &format!("https://graph.microsoft.com/v1.0{path}"),
            body,
        )
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
    }

    /// Object ids of all users, page by page.
    async fn people(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut url = "https://graph.microsoft.com/v1.0/users?$select=id&$top=50".to_owned();
        loop {
            let page: Value = self
                .send("GET", &url, None)
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let rows = page["value"].as_array().unwrap();
            ids.extend(
                rows.iter()
                    .map(|row| row["id"].as_str().unwrap().to_owned()),
            );
            match page["@odata.nextLink"].as_str() {
                Some(next) => next.clone_into(&mut url),
                None => return ids,
            }
        }
    }

    async fn sim(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let reply = self
            .send(method, &format!("{}/{path}", self.running.urls.sim), body)
            .await
            .unwrap();
        (
            reply.status().as_u16(),
            reply.json().await.unwrap_or_default(),
        )
    }
}

#[tokio::test]
async fn a_tenant_is_closed_from_the_first_token_to_the_end() {
    let client = Client::new(
        "tenants: [{users: 130, unreadableChecks: {C9: failed}, subscriptions: [{kind: Direct}]}]",
    )
    .await;
    let tenant = client.running.tenants[0].clone();
    let press = format!("tenants/{}/press", tenant.id);
    let organization = client.graph("GET", "/organization", None).await;
    assert_eq!(organization["value"][0]["id"], tenant.id.to_string());

    let mut ids = client.people().await;
    assert_eq!(ids.len(), 130);
    let retained = tenant.retained_administrator_id.unwrap().to_string();
    ids.retain(|id| *id != retained);
    client.sim("POST", "judge", Some(json!({ "tenant": tenant.id, "retained": [retained], "approved": ids, "digest": "d" }))).await;

    for chunk in ids.chunks(20) {
        let requests: Vec<_> = chunk.iter().enumerate().map(|(id, user)| json!({ "id": id.to_string(), "method": "DELETE", "url": format!("/users/{user}") })).collect();
        let reply = client
            .graph("POST", "/$batch", Some(json!({ "requests": requests })))
            .await;
        for item in reply["responses"].as_array().unwrap() {
            assert_eq!(item["status"], 204, "{item}");
        }
    }

    let (status, refused) = client
        .sim("POST", &press, Some(json!({ "action": "deleteTenant" })))
        .await;
    assert_eq!(status, 409);
    let open: Vec<_> = refused["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(open, ["C3", "C4", "C6", "C9"]);
    let subscription =
        client.graph("GET", "/directory/subscriptions", None).await["value"][0]["id"].clone();
    for body in [
        json!({ "action": "cancelSubscription", "id": subscription, "reason": "Other" }),
        json!({ "action": "deleteSubscription", "id": subscription }),
        json!({ "action": "settleCheck", "check": "C9" }),
    ] {
        assert_eq!(client.sim("POST", &press, Some(body)).await.0, 200);
    }
    client
        .sim(
            "POST",
            "clock/advance",
            Some(json!({ "seconds": 80 * 3600 })),
        )
        .await;
    for app in [tenant.reader_app_id, tenant.app_id] {
        let url = format!("https://graph.microsoft.com/v1.0/applications(appId='{app}')");
        assert_eq!(
            client.send("DELETE", &url, None).await.unwrap().status(),
            204
        );
    }
    assert_eq!(
        client
            .sim("POST", &press, Some(json!({ "action": "deleteTenant" })))
            .await
            .0,
        200
    );

    let probe = format!(
        "https://login.microsoftonline.com/{}/v2.0/.well-known/openid-configuration",
        tenant.id
    );
    // Asked by a stranger: a token has no place there.
    let gone = client.http.get(&probe).send().await.unwrap();
    assert_eq!(gone.status(), 400);
    assert!(gone.text().await.unwrap().contains("AADSTS90002"));
    let (_, violations) = client.sim("GET", "violations", None).await;
    assert_eq!(violations["count"], 0, "{violations}");
    let told = client.running.figures().to_string();
    assert!(
        told.starts_with("129 users deleted, 0 left to delete, in "),
        "{told}"
    );
    assert!(told.contains("429s: 0.00 % of 129 items"), "{told}");
    let (_, figures) = client.sim("GET", "stats", None).await;
    assert_eq!(
        (
            &figures["userDeletes"],
            &figures["items"],
            &figures["throttledItems"]
        ),
        (&json!(129), &json!(129), &json!(0))
    );
    let (_, effects) = client.sim("GET", "effects?kind=userDeleted", None).await;
    assert_eq!(effects.as_array().unwrap().len(), 129);
}

#[tokio::test]
async fn bad_luck_is_played_as_it_is_scripted() {
    let client = Client::new("tenants: [{users: 30}]").await;
    let tenant = client.running.tenants[0].clone();
    let faults = json!([
        { "match": { "method": "DELETE" }, "do": "dropAfter", "times": 1 },
        { "match": { "pathContains": "domains" }, "do": "dropBefore", "times": 1 },
        { "match": { "pathContains": "organization", "nth": 1 }, "do": { "status": { "code": 503, "headers": { "Retry-After": "2.5" } } } },
        { "match": { "pathContains": "organization" }, "do": "html", "times": 1 },
        { "match": { "pathContains": "/users" }, "do": "lyingNextLink", "times": 1 },
        { "match": { "pathContains": "$batch" }, "do": "omitBatchItems", "times": 1 },
    ]);
    assert_eq!(client.sim("POST", "faults", Some(faults)).await.0, 200);
    let users = client.graph("GET", "/users?$select=id", None).await;
    assert!(
        users["@odata.nextLink"]
            .as_str()
            .unwrap()
            .starts_with("https://graph.microsoft.example/")
    );
    let retained = tenant.retained_administrator_id.unwrap().to_string();
    let victim = users["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .find(|id| *id != retained)
        .unwrap();
    let url = format!("https://graph.microsoft.com/v1.0/users/{victim}");
    assert!(
        client.send("DELETE", &url, None).await.is_err(),
        "the connection was not cut"
    );
    assert_eq!(
        client.send("GET", &url, None).await.unwrap().status(),
        404,
        "the deletion did not happen"
    );
    assert!(
        client
            .send("GET", "https://graph.microsoft.com/v1.0/domains", None)
            .await
            .is_err()
    );

    let organization = "https://graph.microsoft.com/v1.0/organization";
    let first = client.send("GET", organization, None).await.unwrap();
    assert_eq!(
        (
            first.status().as_u16(),
            first.headers()["retry-after"].to_str().unwrap()
        ),
        (503, "2.5")
    );
    let second = client.send("GET", organization, None).await.unwrap();
    assert!(second.text().await.unwrap().starts_with("<!DOCTYPE"));
    let third = client.send("GET", organization, None).await.unwrap();
    assert_eq!(third.headers()["client-request-id"], "mine");
    assert!(third.headers().contains_key("request-id") && third.headers().contains_key("date"));

    let item = |id: &str| json!({ "id": id, "method": "GET", "url": "/organization" });
    let reply = client
        .graph(
            "POST",
            "/$batch",
            Some(json!({ "requests": [item("a"), item("b")] })),
        )
        .await;
    assert_eq!(reply["responses"].as_array().unwrap().len(), 1);
    assert_eq!(client.sim("DELETE", "faults", None).await.0, 204);
}

#[tokio::test]
async fn services_answer_on_our_own_address_too() {
    let client = Client::new("tenants: [{users: 5}, {users: 5, cloud: China}]").await;
    let urls = &client.running.urls;
    let organization = format!("{}/v1.0/organization", urls.graph);
    let reply = client.send("GET", &organization, None).await.unwrap();
    assert_eq!(reply.status(), 200);
    let id = client.running.tenants[1].id;
    let document = "v2.0/.well-known/openid-configuration";
    for (login, status) in [
        (urls.login.as_str(), 200),
        ("https://login.microsoftonline.com", 400),
    ] {
        let url = format!("{login}/{id}/{document}");
        assert_eq!(
            client.send("GET", &url, None).await.unwrap().status(),
            status,
            "{url}"
        );
    }
}

#[tokio::test]
async fn the_pages_answer_a_browser_and_the_services_do_not_answer_there() {
    let client = Client::new("tenants: [{users: 5}]").await;
    let id = client.running.tenants[0].id;
    let own = format!("https://{}/tenants/{id}", client.running.address);
    let page = client.send("GET", &own, None).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");

    let home = client.running.urls.console.clone();
    assert!(home.starts_with("http://127.0.0.1:"), "{home}");
    let press = format!("{home}tenants/{id}");
    let ask = |method: &str, url: &str, header: (&'static str, &'static str)| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        client
            .http
            .request(method, url)
            .header(header.0, header.1)
            .send()
    };
    let none = ("accept", "*/*");
    for (method, url, header, status) in [
        ("GET", press.as_str(), none, 200),
        ("GET", &format!("{home}graph/v1.0/users"), none, 404),
        ("GET", &format!("{home}_sim/tenants"), none, 404),
        (
            "GET",
            &format!("{home}tenants/{}", uuid::Uuid::nil()),
            none,
            404,
        ),
        ("GET", &press, ("host", "rebound.example"), 403),
        ("POST", &press, ("sec-fetch-site", "cross-site"), 403),
        ("POST", &press, ("sec-fetch-site", "same-origin"), 303),
        ("DELETE", &press, none, 405),
    ] {
        let reply = ask(method, url, header).await.unwrap();
        assert_eq!(reply.status(), status, "{method} {url} {header:?}");
    }
}

#[test]
fn the_pages_stay_on_this_machine() {
    let settings = Settings {
        console: Some(std::net::SocketAddr::from(([0, 0, 0, 0], 0))),
        ..Settings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let refused = runtime.block_on(async { start(&settings).map(|_| ()) });
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains("on a loopback address alone, not on 0.0.0.0:0"),
        "{text}"
    );
}

/// A browser that finds Microsoft's names at the simulator's address comes to the tenant, from each page that a hand-off names.
#[tokio::test]
async fn every_page_that_a_person_is_sent_to_is_the_admin_center() {
    use tenant_closure::closure::{links, terms::Cloud};
    let scenario = "tenants: [{users: 1}, {users: 1, cloud: USGov}, {users: 1, cloud: USGovDoD}, {users: 1, cloud: China}]";
    let client = Client::new(scenario).await;
    let running = &client.running;
    let clouds = [Cloud::Global, Cloud::USGov, Cloud::USGovDoD, Cloud::China];
    let pages = [
        links::products,
        links::active_users,
        links::domains,
        links::usage_reports,
        links::groups,
        links::devices,
        links::support,
        links::azure,
        links::tenants,
        links::applications,
        links::conditional_access,
        links::directory,
    ];
    for (cloud, tenant) in clouds.into_iter().zip(&running.tenants) {
        for page in pages.map(|page| page(cloud)) {
            let host = page.split('/').nth(2).unwrap();
            let authority = reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap();
            let http = reqwest::Client::builder()
                .tls_certs_only([authority])
                .redirect(reqwest::redirect::Policy::none())
                .resolve(host, running.address)
                .no_proxy()
                .build()
                .unwrap();
            let reply = http.get(page).send().await.unwrap();
            let text = match reply.headers().get("location") {
                Some(place) => place.to_str().unwrap().to_owned(),
                None => reply.text().await.unwrap(),
            };
            let place = format!("/tenants/{}", tenant.id);
            assert!(text.contains(&place), "{page}: {text}");
            let others = running
                .tenants
                .iter()
                .filter(|one| one.cloud != tenant.cloud);
            let shared = [
                "portal.azure.us",
                "entra.microsoft.us",
                "intune.microsoft.us",
            ];
            if !shared.contains(&host) {
                for other in others {
                    assert!(!text.contains(&other.id.to_string()), "{page}: {text}");
                }
            }
        }
    }
}

#[tokio::test]
async fn two_hundred_thousand_users_start_within_seconds() {
    let begun = std::time::Instant::now();
    let client = Client::new("tenants: [{users: 200000}]").await;
    let reply = client
        .graph("GET", "/users?$select=id&$top=999", None)
        .await;
    assert_eq!(reply["value"].as_array().unwrap().len(), 999);
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

/// The state of a breakpoint, once it is the one that is waited for.
async fn until_state(client: &Client, id: &Value, state: &str) -> Value {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let (_, seen) = client.sim("GET", &format!("breakpoints/{id}"), None).await;
        if seen["state"] == state {
            return seen;
        }
        assert!(std::time::Instant::now() < deadline, "not {state}: {seen}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_request_is_held_before_or_after_its_effect() {
    let client = Client::new("tenants: [{users: 30}]").await;
    let retained = client.running.tenants[0].retained_administrator_id.unwrap();
    let users = client.people().await;
    let victims: Vec<_> = users
        .iter()
        .filter(|id| **id != retained.to_string())
        .collect();
    let effects = async || {
        let (_, effects) = client.sim("GET", "effects", None).await;
        effects.as_array().unwrap().len()
    };
    let batch = |number: usize| {
        let item =
            json!({ "id": "1", "method": "DELETE", "url": format!("/users/{}", victims[number]) });
        client.graph("POST", "/$batch", Some(json!({ "requests": [item] })))
    };
    let set = async |when: &str| {
        let wanted =
            json!({ "match": { "method": "DELETE", "pathContains": "/users/" }, "when": when });
        let (status, set) = client.sim("POST", "breakpoints", Some(wanted)).await;
        assert_eq!(status, 201, "{set}");
        set["id"].clone()
    };

    // The client goes away while its request is held: before, it never happens; after, it has happened.
    for (when, happened) in [("before", 0), ("after", 1)] {
        let id = set(when).await;
        tokio::select! {
            _ = batch(0) => panic!("it was not held"),
            _ = until_state(&client, &id, "held") => {}
        }
        until_state(&client, &id, "abandoned").await;
        assert_eq!(effects().await, happened, "{when}");
    }
    // Let go, or taken away: the client gets its answer.
    let id = set("before").await;
    let (answer, ()) = tokio::join!(batch(1), async {
        until_state(&client, &id, "held").await;
        assert_eq!(effects().await, 1);
        let path = format!("breakpoints/{id}");
        assert_eq!(
            client
                .sim("POST", &path, Some(json!({ "then": "go" })))
                .await
                .0,
            204
        );
        assert_eq!(
            client
                .sim("POST", &path, Some(json!({ "then": "go" })))
                .await
                .0,
            409
        );
    });
    assert_eq!(answer["responses"][0]["status"], 204);
    // Dropped: the connection is cut, and nothing happens.
    let id = set("before").await;
    let url = format!("https://graph.microsoft.com/v1.0/users/{}", victims[2]);
    let (answer, _) = tokio::join!(client.send("DELETE", &url, None), async {
        until_state(&client, &id, "held").await;
        let path = format!("breakpoints/{id}");
        client
            .sim("POST", &path, Some(json!({ "then": "drop" })))
            .await
    });
    assert!(answer.is_err(), "the connection was not cut");
    assert_eq!(effects().await, 2);
    assert_eq!(client.sim("DELETE", "breakpoints", None).await.0, 204);
    assert_eq!(client.sim("GET", "breakpoints", None).await.1, json!([]));

    // What was held before never counts as a write; the others do, in their order.
    let (_, writes) = client.sim("GET", "writes", None).await;
    let acts: Vec<_> = writes
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["acts"])
        .collect();
    assert_eq!(
        acts,
        [&json!({ "deleteUser": 1 }), &json!({ "deleteUser": 1 })]
    );
}

/// The real program, ended as systemd or a person with Ctrl-C would.
#[test]
fn ended_from_outside_it_tells_the_figures() {
    use std::io::{BufRead as _, BufReader, Read as _};
    for (signal, output, last) in [
        (
            "TERM",
            "text",
            "No application deleted a user; 429s: 0.00 % of 0 items",
        ),
        ("INT", "json", "\"throttledItemsPercent\":0.0"),
    ] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_tenant-simulator"))
            .args(["serve", "--users", "10", "--output", output])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let pid = child.id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-s", signal, &pid]).status().unwrap().success());
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success());
        let told = rest.lines().last().unwrap();
        assert!(told.contains(last), "{told}");
    }
}

#[tokio::test]
async fn a_packed_body_is_refused_so_that_it_comes_again_as_it_is() {
    let client = Client::new("tenants: [{users: 4}]").await;
    let tenant = &client.running.tenants[0];
    let url = format!(
        "https://graph.microsoft.com/v1.0/organization/{}",
        tenant.id
    );
    // As Go's SDK sends each body at first.
    let packed: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let request = client.http.patch(url).bearer_auth(&client.token);
    let request = request.header("content-type", "application/json");
    let request = request.header("content-encoding", "gzip").body(packed);
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), 415);
    let told: Value = reply.json().await.unwrap();
    assert!(
        told["error"]["innerError"]["request-id"].is_string(),
        "{told}"
    );
}

#[tokio::test]
async fn sign_in_answers_where_the_authority_is_the_bare_address() {
    let client = Client::new("tenants: [{users: 4}]").await;
    let running = &client.running;
    let tenant = &running.tenants[0];
    let base = format!("https://{}", running.address);
    for name in [tenant.id.to_string(), tenant.initial_domain.clone()] {
        let url = format!("{base}/{name}/v2.0/.well-known/openid-configuration");
        let told: Value = client
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &tenant.app_id.to_string()),
            ("client_secret", &tenant.client_secret),
            ("scope", &format!("{}/.default", running.urls.graph)),
        ];
        let endpoint = told["token_endpoint"].as_str().unwrap();
        assert!(endpoint.starts_with(&base), "{endpoint}");
        let reply = client.http.post(endpoint).form(&form).send().await.unwrap();
        let token: Value = reply.json().await.unwrap();
        let users = format!("{}/v1.0/users", running.urls.graph);
        let request = client.http.get(users);
        let request = request.bearer_auth(token["access_token"].as_str().unwrap());
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let found = client.http.get(format!("{base}/common/discovery/instance"));
    assert_eq!(found.send().await.unwrap().status(), 200);
}
