//! A stage for one row: the client, a server that answers as all rows say, and a twist on what it answers to this one.

use crate::row::{But, By, Reply, Row, Run, call_of, line};
use crate::rows;
use crate::server::{Held, Seen, TENANT, Told, listen};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::intent::{Action, Intent, Outcome};
use tenant_closure::closure::inventory::{Entry, Kind, Shortage, Sink};
use tenant_closure::closure::observation::{Fact, Observation, Why};
use tenant_closure::closure::plan::Sealed;
use tenant_closure::closure::supplement::Supplements;
use tenant_closure::closure::tenant::{Answer, Attempt, LookBack, Scope, Tenant};
use tenant_closure::closure::terms::{BillingKind, Cloud};
use tenant_closure::microsoft::{
    Billing, Credentials, DeviceSignIn, EndpointOverride, Gates, Http, LiveTenant, Proof, Settings,
    SignInError,
};

/// The tenant of a partner.
pub const PARTNER: ObjectId = ObjectId(uuid::Uuid::from_u128(0x9a));

/// The certificate with its key.
pub const CERTIFICATE: &str = include_str!("../support/certificate.pem");

/// What the cluster gives to the operator.
pub const CLUSTERS_TOKEN: &str = "e30.cluster.first";

/// What a run may last at most before the client gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is answered to the row's call in the place of the good reply.
pub struct Hit<'a> {
    /// How many times it was asked before, in this run.
    pub before: usize,
    /// As it came.
    pub seen: &'a Seen,
    /// The good reply.
    pub good: Reply,
}

impl Hit<'_> {
    /// The good reply, as it is.
    pub fn good(self) -> Told {
        told_as(self.good)
    }

    /// It asks for the page that a link of these tests leads to.
    pub fn is_page(&self) -> bool {
        is_page(self.seen)
    }
}

fn told_as(reply: Reply) -> Told {
    Told::With(reply.status, reply.headers, reply.body)
}

/// What the links of these tests have in their query.
pub const PAGE: &str = "$skiptoken=next";

fn is_page(seen: &Seen) -> bool {
    seen.query.contains(PAGE)
}

/// A twist; the second value: the effect took place all the same.
type Twist = Arc<dyn Fn(Hit<'_>) -> (Told, bool) + Send + Sync>;

struct Scene {
    asked: Vec<Seen>,
    hits: Vec<Instant>,
    twist: Twist,
    /// What is answered where the effect is settled, in the place of what is so.
    blind: Option<fn() -> Told>,
    done: bool,
}

/// See above.
pub struct Stage {
    pub row: &'static Row,
    scene: Arc<Mutex<Scene>>,
    endpoint: EndpointOverride,
    settings: Settings,
    /// Where the cluster's token lies.
    folder: tempfile::TempDir,
}

/// What a run brought.
pub struct Ran {
    /// What was understood, in words.
    pub made: Fact<String>,
    /// Every request; those inside a `$batch` follow it.
    pub asked: Vec<Seen>,
    /// When the row's own call was made.
    pub hits: Vec<Instant>,
}

impl Ran {
    /// The whole run, for a message.
    pub fn told(&self) -> String {
        let lines: Vec<String> = self.asked.iter().map(line).collect();
        format!("{:?} after\n{}", self.made, lines.join("\n"))
    }
}

/// The lines of an inventory.
#[derive(Default)]
struct Lines(Vec<Entry>);

impl Sink for Lines {
    fn take(&mut self, entry: Entry) -> Answer<'_, bool> {
        self.0.push(entry);
        Box::pin(std::future::ready(true))
    }
}

impl Stage {
    pub async fn new(row: &'static Row) -> Self {
        let scene = Arc::new(Mutex::new(Scene {
            asked: Vec::new(),
            hits: Vec::new(),
            twist: Arc::new(|hit| (hit.good(), true)),
            blind: None,
            done: false,
        }));
        let theirs = Arc::clone(&scene);
        let (endpoint, mut settings) = listen(move |seen| answer(row, &theirs, &seen)).await;
        settings.limits.effect = PATIENCE;
        settings.limits.batches = 1;
        let folder = tempfile::tempdir().unwrap();
        let stage = Self {
            row,
            scene,
            endpoint,
            settings,
            folder,
        };
        stage.rotate(Some(CLUSTERS_TOKEN));
        stage
    }

    /// The cluster puts another token into the file, or takes the file away.
    pub fn rotate(&self, token: Option<&str>) {
        let path = self.token_file();
        match token {
            Some(token) => std::fs::write(path, token).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// Runs the row's client function with a twist on each answer to its call; no effect takes place.
    pub async fn run(&self, twist: impl Fn(Hit<'_>) -> Told + Send + Sync + 'static) -> Ran {
        self.twisted(move |hit| (twist(hit), false)).await
    }

    /// Likewise; the twist says whether the effect takes place.
    pub async fn twisted(
        &self,
        twist: impl Fn(Hit<'_>) -> (Told, bool) + Send + Sync + 'static,
    ) -> Ran {
        let ran = self
            .twisted_on(&LiveTenant::new(self.settings()), twist)
            .await;
        assert!(
            !ran.hits.is_empty(),
            "the call of the row was not made:\n{}",
            ran.told()
        );
        ran
    }

    /// Likewise, with a client that may have tokens of an earlier run; the call need not be made.
    pub async fn twisted_on(
        &self,
        tenant: &LiveTenant,
        twist: impl Fn(Hit<'_>) -> (Told, bool) + Send + Sync + 'static,
    ) -> Ran {
        {
            let mut scene = self.scene.lock().unwrap();
            scene.asked.clear();
            scene.hits.clear();
            scene.done = false;
            scene.twist = Arc::new(twist);
        }
        let made = self.made(tenant).await;
        let scene = self.scene.lock().unwrap();
        Ran {
            made,
            asked: scene.asked.clone(),
            hits: scene.hits.clone(),
        }
    }

    /// What is answered from now on to the reading that settles the row's effect.
    pub fn settle_with(&self, told: fn() -> Told) {
        self.scene.lock().unwrap().blind = Some(told);
    }

    /// Carries out the row's action on these objects, without looking back, with a twist on the row's own object.
    pub async fn attempt(
        &self,
        objects: Vec<ObjectId>,
        twist: impl Fn(Hit<'_>) -> Told + Send + Sync + 'static,
    ) -> Attempt {
        let Run::Perform(intent) = &self.row.run else {
            panic!("no effect")
        };
        self.scene.lock().unwrap().twist = Arc::new(move |hit| (twist(hit), false));
        let intent = Intent {
            objects,
            ..intent.clone()
        };
        let tenant = LiveTenant::new(self.settings());
        tenant.perform(&intent, &Held::new()).await
    }

    /// As all rows say.
    pub async fn good(&self) -> Ran {
        self.twisted(|hit| (hit.good(), true)).await
    }

    /// As all rows say, but the effect does not take place.
    pub async fn undone(&self) -> Ran {
        self.run(|hit| told_as(hit.good)).await
    }

    async fn made(&self, tenant: &LiveTenant) -> Fact<String> {
        match &self.row.run {
            Run::Ask(question, words) => {
                let mut seen = Observation::default();
                tenant.observe(&scope(), &[*question], &mut seen).await;
                words(&seen)
            }
            Run::Perform(intent) => {
                let attempt = tenant.perform(intent, &Held::new()).await;
                let outcome = look_back(tenant, intent, Some(&attempt)).await;
                Fact::Known(format!("{}; {}", answered(&attempt), became(&outcome)))
            }
            Run::LookBack(intent) => {
                let outcome = look_back(tenant, intent, None).await;
                match outcome.unread {
                    Some(why) => {
                        assert!(!outcome.complete && outcome.gone == 0, "{outcome:?}");
                        Fact::Unreadable(why)
                    }
                    None => Fact::Known(became(&outcome)),
                }
            }
            Run::List(kind, words) => self.list(tenant, *kind, *words).await,
            Run::SignIn => self.sign_in(false).await,
            Run::SignedIn => self.sign_in(true).await,
        }
    }

    /// The products first, as an inventory has them; who is in which group stands in the lines of the users.
    async fn list(
        &self,
        tenant: &LiveTenant,
        kind: Kind,
        words: fn(&[Entry]) -> String,
    ) -> Fact<String> {
        let mut lines = Lines::default();
        let asked = match kind {
            Kind::Membership => Kind::User,
            other => other,
        };
        if asked == Kind::User {
            tenant.list(Kind::License, &mut Lines::default()).await;
        }
        let lacks = tenant.list(asked, &mut lines).await;
        let why = lacks.iter().find_map(|lacking| match lacking {
            Shortage::Unread(of, why) if *of == kind => Some(*why),
            _ => None,
        });
        match why {
            Some(why) => Fact::Unreadable(why),
            None if lacks.contains(&Shortage::HiddenMembership) => {
                Fact::Known(format!("{}; hides members", words(&lines.0)))
            }
            None => Fact::Known(words(&lines.0)),
        }
    }

    async fn sign_in(&self, to_the_end: bool) -> Fact<String> {
        let sign_in = DeviceSignIn {
            http: &self.settings.http,
            cloud: Cloud::Global,
            tenant: TENANT,
            application: self.settings.app_id,
        };
        let told = match sign_in.begin().await {
            Ok(code) if to_the_end => sign_in.finish(&code).await.map(|who| {
                let how = if who.mfa { "with" } else { "without" };
                format!("{} signed in {how} MFA", who.user)
            }),
            Ok(code) => Ok(format!("{} at {}", code.user_code, code.verification_uri)),
            Err(error) => Err(error),
        };
        match told {
            Ok(words) => Fact::Known(words),
            Err(SignInError::Unavailable(_)) => Fact::Unreadable(Why::Unavailable),
            Err(error) => Fact::Known(error.to_string()),
        }
    }

    /// A tenant with an account of each kind, and gates that nobody has used.
    pub fn settings(&self) -> Settings {
        let partner = Credentials {
            tenant_id: PARTNER,
            app_id: ObjectId(uuid::Uuid::from_u128(0x9b)),
            proof: Proof::Secret("a secret".to_owned().into()),
        };
        let account = |kind, credentials| Billing { kind, credentials };
        let proof = match self.row.by {
            By::Secret => self.settings.proof.clone(),
            By::Certificate => Proof::Certificate(CERTIFICATE.to_owned().into()),
            By::FederatedToken => Proof::FederatedToken(self.token_file()),
        };
        Settings {
            proof,
            billing: vec![
                account(BillingKind::CustomerAgreement, None),
                account(BillingKind::AzureSubscription, None),
                account(BillingKind::Partner, Some(partner)),
            ],
            http: self.http(),
            gates: Arc::new(Gates::new()),
            directory_resource: self.resource(),
            ..crate::server::same(&self.settings)
        }
    }

    /// The directory, where the row asks what may be done to it.
    fn resource(&self) -> Option<String> {
        let (scope, _) = self
            .row
            .line()
            .split_once("/providers/Microsoft.Authorization/")?;
        let (_, resource) = scope.split_once("https://management.azure.com")?;
        let directory = resource.contains("Microsoft.AzureActiveDirectory");
        directory.then(|| resource.to_owned())
    }

    /// The connections; new ones, without tokens, where the row is about tokens.
    fn http(&self) -> Arc<Http> {
        if self.row.call.ends_with("/token") {
            Arc::new(Http::new(Some(&self.endpoint)).unwrap())
        } else {
            Arc::clone(&self.settings.http)
        }
    }
}

/// Whom the questions are about.
fn scope() -> Scope {
    Scope {
        retained: "closer@contoso.onmicrosoft.com".into(),
        domains: vec!["contoso.nl".into()],
        groups: vec![ObjectId(uuid::Uuid::from_u128(0xcc))],
        ..Scope::default()
    }
}

async fn look_back(tenant: &LiveTenant, intent: &Intent, attempt: Option<&Attempt>) -> Outcome {
    let about = LookBack {
        intent,
        attempt,
        plan: Some(&plan()),
        supplements: &Supplements::NONE,
        scope: &scope(),
    };
    tenant.settle(about, &mut Observation::default()).await
}

/// The plan: one user to delete, one who stays.
fn plan() -> Sealed {
    let head = json!({"tenantId": TENANT, "initialDomain": "contoso.onmicrosoft.com", "retained": rows::id(0xa1),
        "appId": rows::id(0), "userCount": 1, "guests": 0, "synced": 0, "otherGlobalAdministrators": [],
        "subscriptions": [], "applications": []});
    Sealed::seal(serde_json::from_value(head).unwrap(), vec![rows::id(0xb)])
}

/// What was answered to an effect, in words.
fn answered(attempt: &Attempt) -> String {
    if let Some(refusal) = attempt.refused.first() {
        format!("refused with {}", refusal.code)
    } else if !attempt.accepted.is_empty() {
        "accepted".to_owned()
    } else {
        "no answer".to_owned()
    }
}

/// What became of an effect, in words.
fn became(outcome: &Outcome) -> String {
    if let Some(why) = outcome.unread {
        assert!(!outcome.complete && outcome.gone == 0, "{outcome:?}");
        return format!("not read: {why:?}");
    }
    assert!(outcome.complete, "{outcome:?}");
    let words = [
        (outcome.gone > 0, "done"),
        (!outcome.visible.is_empty(), "still shown"),
        (!outcome.refused.is_empty(), "refused"),
        (!outcome.unanswered.is_empty(), "unanswered"),
        (outcome.remaining_count > 0, "remaining"),
        (outcome.strangers > 0, "strangers"),
    ];
    let words = words.into_iter().filter(|(is, _)| *is);
    let words: Vec<&str> = words.map(|(_, word)| word).collect();
    words.join(", ")
}

fn answer(row: &'static Row, scene: &Mutex<Scene>, seen: &Seen) -> Told {
    note(scene, seen);
    if let Some(inside) = seen.inside() {
        let good = Reply::new(200, unpacked(row, scene, &inside));
        if row.is(But::Whole) && row.is_asked_by(seen) {
            return twisted(scene, seen, good);
        }
        return told_as(good);
    }
    told(row, scene, seen)
}

fn note(scene: &Mutex<Scene>, seen: &Seen) {
    scene.lock().unwrap().asked.push(seen.clone());
}

/// What is answered to one request, or one item of a `$batch`.
fn told(row: &'static Row, scene: &Mutex<Scene>, seen: &Seen) -> Told {
    let (done, blind) = {
        let scene = scene.lock().unwrap();
        let after = scene.blind.filter(|_| !scene.hits.is_empty());
        (scene.done, after)
    };
    let settles = row
        .settled
        .as_ref()
        .is_some_and(|s| s.call == call_of(seen));
    if let Some(blind) = blind.filter(|_| settles) {
        return blind();
    }
    let good = usual(row, seen, done);
    if (row.is_asked_by(seen) || is_page(seen)) && !row.is(But::Whole) {
        return twisted(scene, seen, good);
    }
    told_as(good)
}

fn twisted(scene: &Mutex<Scene>, seen: &Seen, good: Reply) -> Told {
    let (twist, before) = {
        let mut scene = scene.lock().unwrap();
        scene.hits.push(Instant::now());
        (Arc::clone(&scene.twist), scene.hits.len() - 1)
    };
    let (told, done) = twist(Hit { before, seen, good });
    scene.lock().unwrap().done |= done;
    told
}

/// The good reply to a request: what the row under test needs, else what the row of the call says.
fn usual(row: &Row, seen: &Seen, done: bool) -> Reply {
    let call = call_of(seen);
    if let Some(settled) = row.settled.as_ref().filter(|settled| settled.call == call) {
        return if done {
            settled.after.clone()
        } else {
            Reply::new(200, settled.before.clone())
        };
    }
    let line = line(seen);
    let given = |given: &&(&str, Reply)| given.0 == call || given.0 == line;
    if let Some((_, reply)) = row.given.iter().find(given) {
        return reply.clone();
    }
    let own = row
        .reply
        .as_ref()
        .filter(|_| row.is_asked_by(seen) || is_page(seen));
    if let Some(reply) = own {
        return reply.clone();
    }
    if seen.path.ends_with("/oauth2/v2.0/token") {
        return Reply::new(200, granted(seen));
    }
    let same_call = |other: &&Row| other.service == seen.service() && other.call == call;
    let mut rows = rows::all().iter().filter(same_call);
    let exact = rows.clone().find(|other| other.is_asked_by(seen));
    let found = exact.or_else(|| rows.next());
    let reply = found.and_then(|row| row.reply.clone());
    reply.unwrap_or_else(|| panic!("no row answers {line}"))
}

/// A token for the tenant in the path, which says what it was asked for.
fn granted(seen: &Seen) -> Value {
    let tenant = seen.path.split('/').nth(1).unwrap();
    json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token(tenant, &scope_of(seen))})
}

fn scope_of(seen: &Seen) -> String {
    let mut fields = url::form_urlencoded::parse(seen.text.as_bytes());
    let scope = fields.find(|(name, _)| name == "scope").unwrap();
    scope.1.into_owned()
}

/// A token for a tenant and a scope.
pub fn token(tenant: &str, scope: &str) -> String {
    token_of(&json!({"tid": tenant, "scope": scope, "roles": ["User.ReadWrite.All"]}))
}

/// A token that says this.
pub fn token_of(claims: &Value) -> String {
    format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The answers to the requests inside a `$batch`; one whose connection breaks is missing.
fn unpacked(row: &'static Row, scene: &Mutex<Scene>, inside: &[Seen]) -> Value {
    let mut responses = Vec::new();
    for (place, seen) in inside.iter().enumerate() {
        note(scene, seen);
        let id = place.to_string();
        let page = |bytes: &[u8]| json!(base64::engine::general_purpose::STANDARD.encode(bytes));
        match told(row, scene, seen) {
            Told::Json(status, body) => {
                responses.push(json!({"id": id, "status": status, "body": body}));
            }
            Told::With(status, headers, body) => {
                let headers: Value = headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), json!(value)))
                    .collect();
                responses
                    .push(json!({"id": id, "status": status, "headers": headers, "body": body}));
            }
            Told::Html(status) => {
                responses.push(json!({"id": id, "status": status, "body": page(b"<html>")}));
            }
            // What is no JSON comes in base64 (graph/json-batching).
            Told::Raw(status, _, body) => {
                let json = serde_json::from_slice(&body);
                let body = json.unwrap_or_else(|_| page(&body));
                responses.push(json!({"id": id, "status": status, "body": body}));
            }
            Told::Endless | Told::Broken => {}
        }
    }
    json!({ "responses": responses })
}

/// An intent on one object.
pub fn intent(action: Action, object: ObjectId) -> Intent {
    Intent {
        step: tenant_closure::closure::step::Step::Users,
        action,
        objects: vec![object],
        supplement: None,
        resource: None,
        domain: None,
        residue: Vec::new(),
    }
}
