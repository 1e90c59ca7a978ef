//! Test fixtures: a tenant that is a value, and persons who act in it. Imports are relative, so that the property tests
//! can include this file too.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]
#![allow(clippy::struct_excessive_bools, clippy::wrong_self_convention)] // a world is a list of switches

use super::access::ends::{Credential, Ends};
use super::access::table::Kind;
use super::decide::decide;
use super::decision::{Decided, Decision};
use super::external::{Directory, External};
use super::id::ObjectId;
use super::intent::{Action, Intent, Outcome, Refusal};
use super::inventory::Inventory;
use super::loss::{self, Loss, LossKind};
use super::mail::MailDomain;
use super::memory::{Memory, PlanRef};
use super::observation::*;
use super::plan::{Plan, Sealed};
use super::schedule;
use super::step::Step;
use super::steps::preconditions::make_plan;
use super::steps::supplements;
use super::supplement::{Supplement, SupplementRef, Supplements};
use super::terms::{Accepted, Backup, Cancellation, Cloud, Mode, Terms};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub const TENANT: u128 = 0xAAAA;
pub const RETAINED: u128 = 0xA1;
pub const SPARE: u128 = 0xA2;
pub const OWN_APP: u128 = 0xB1;
pub const OWN_PRINCIPAL: u128 = 0xB2;
pub const DOMAIN: &str = "contoso.onmicrosoft.com";

pub fn id(n: u128) -> ObjectId {
    ObjectId(uuid::Uuid::from_u128(n))
}

pub fn start() -> Timestamp {
    "2026-10-02T09:00:00Z".parse().unwrap()
}

pub fn terms() -> Terms {
    Terms {
        tenant_id: id(TENANT),
        initial_domain: DOMAIN.into(),
        cloud: Cloud::Global,
        retained: format!("closer@{DOMAIN}"),
        spare: None,
        mode: Mode::Execute,
        reader_of_its_own: false,
        suspend: false,
        hold: None,
        not_before: None,
        backup: Some(Backup::Acknowledged {
            reference: "BKP-2291".into(),
        }),
        accepted: vec![Accepted {
            kind: "AzureResources".into(),
            subscriptions: (0..16).map(|n| id(0x5000 + n)).collect(),
        }],
        cancellation: Some(Cancellation {
            reason: "Other".into(),
            feedback: Some("Company merged".into()),
        }),
        billing: Vec::new(),
        stop_renewal_first: false,
        release_domains: Vec::new(),
        remove_applications: false,
        directory_resource: None,
        directory_resource_tenant: None,
        approvals_required: 1,
        max_users: Some(5_000),
        slice: 50,
        poll_at_most: Duration::from_secs(900),
    }
}

pub fn administrator(n: u128, name: &str) -> Administrator {
    Administrator {
        id: id(n),
        user_principal_name: format!("{name}@{DOMAIN}"),
        enabled: true,
        member: true,
        synced: false,
        global_administrator: Holding::Permanent,
        second_factor: Fact::Known(true),
    }
}

pub fn subscription(n: u128, agreement: Agreement) -> Subscription {
    Subscription {
        id: id(0x5000 + n),
        name: format!("SKU_{n}"),
        seats: 10,
        lifecycle: Lifecycle::Active,
        agreement,
        next_change: None,
        resource: matches!(agreement, Agreement::CustomerAgreement | Agreement::Azure)
            .then(|| format!("/subscriptions/{n}")),
        cancelable: true,
        cancel_until: None,
        seller: None,
        auto_renew: true,
    }
}

/// There is none of this kind.
pub const fn no_loss(kind: LossKind) -> Loss {
    Loss::counted(kind, Ok(0))
}

/// An acceptance of this kind as a whole.
pub fn accepted(kind: &str) -> Accepted {
    Accepted {
        kind: kind.into(),
        subscriptions: Vec::new(),
    }
}

pub fn application(n: u128, service_principal: bool, undeletable: bool) -> Application {
    Application {
        id: id(0xD000 + n),
        service_principal,
        undeletable,
        owner: undeletable.then(|| id(0xF8CD)),
        own: false,
    }
}

/// An inventory in which nothing is lacking.
pub fn whole_inventory() -> Inventory {
    Inventory {
        object: Some("inventory-1.jsonl".into()),
        digest: Some("ab".repeat(32)),
        bytes: 1_000,
        counts: BTreeMap::new(),
        gaps: Vec::new(),
    }
}

pub fn cluster() -> Cluster {
    Cluster {
        approvals: Approvals {
            required: 1,
            approvers: vec!["alice@example.com".into()],
            effective_at: None,
            valid_until: None,
            expired: Vec::new(),
            rejected: Vec::new(),
            policy_missing: false,
        },
        begun_lately: 0,
        configuration: Configuration {
            begun_at_most: 10,
            present: true,
            ..Configuration::default()
        },
        ..Cluster::default()
    }
}

pub fn identity() -> Identity {
    let all = [
        "User.ReadWrite.All",
        "Organization.ReadWrite.All",
        "Policy.ReadWrite.AuthenticationMethod",
        "Application.ReadWrite.All",
        "Domain.ReadWrite.All",
    ];
    Identity {
        app_id: id(0xB0),
        service_principal: id(OWN_PRINCIPAL),
        permissions: all.into_iter().map(String::from).collect(),
        directory_roles: BTreeSet::from([
            super::steps::roles::PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
        ]),
    }
}

/// A tenant, its clock, and how it misbehaves.
#[derive(Clone, Debug)]
pub struct World {
    pub now: Timestamp,
    pub terms: Terms,
    pub users: BTreeSet<ObjectId>,
    pub administrators: BTreeSet<ObjectId>,
    /// Deleted, but shown until then.
    pub shown_until: BTreeMap<ObjectId, Timestamp>,
    pub lag: SignedDuration,
    /// Refused until a person acts.
    pub protected: BTreeSet<ObjectId>,
    /// Requests that get no answer, while any are left.
    pub lost: u32,
    pub sync: bool,
    pub sync_off_at: Option<Timestamp>,
    pub sync_refused: bool,
    pub subscriptions: Vec<Subscription>,
    pub mfa: BTreeSet<ObjectId>,
    pub applications: Vec<Application>,
    pub domains: Vec<Domain>,
    pub losses: Vec<Loss>,
    pub mail: Vec<MailDomain>,
    pub restricted_units: Result<Vec<RestrictedUnit>, Why>,
    pub external: Result<External, Why>,
    pub domain_services: Result<u32, Why>,
    /// Our own application may not remove itself.
    pub own_refused: bool,
    pub gone: bool,
    pub credential_lost: bool,
    /// The portal minds our own application.
    pub minds_own: bool,
    pub attestations: BTreeMap<String, String>,
    pub retained: Administrator,
    pub identity: Identity,
    pub ends: Fact<Ends>,
    pub rights: Fact<BTreeMap<Kind, bool>>,
    pub cluster: Cluster,
    /// What is found for each supplement once it is made; `None`: nobody approves.
    pub supplements_approved: Option<Approvals>,
    /// What change tracking tells.
    pub newcomers: Result<BTreeSet<ObjectId>, Why>,
    pub tracking_lost: bool,
    /// What is written where one is asked for.
    pub inventory: Inventory,
    pub deleted: Vec<ObjectId>,
    pub steps: Vec<Step>,
    pub questions: BTreeMap<Question, u32>,
}

impl World {
    pub fn new(users: u32) -> Self {
        Self {
            now: start(),
            terms: terms(),
            users: (1..=u128::from(users)).map(|n| id(0x1_0000 + n)).collect(),
            administrators: BTreeSet::new(),
            shown_until: BTreeMap::new(),
            lag: SignedDuration::ZERO,
            protected: BTreeSet::new(),
            lost: 0,
            sync: false,
            sync_off_at: None,
            sync_refused: false,
            subscriptions: Vec::new(),
            mfa: BTreeSet::new(),
            applications: vec![own(OWN_APP, false), own(OWN_PRINCIPAL, true)],
            domains: vec![domain(DOMAIN)],
            losses: LossKind::ALL.map(no_loss).to_vec(),
            mail: Vec::new(),
            restricted_units: Ok(Vec::new()),
            external: Ok(external(Directory::Workforce)),
            // No account shows Azure.
            domain_services: Err(Why::Unsupported),
            own_refused: false,
            gone: false,
            credential_lost: false,
            minds_own: false,
            attestations: BTreeMap::new(),
            retained: administrator(RETAINED, "closer"),
            identity: identity(),
            ends: Fact::Known(Ends {
                credential: Credential::Federated,
                roles: Some(BTreeMap::new()),
            }),
            rights: Fact::Known(BTreeMap::new()),
            cluster: cluster(),
            newcomers: Ok(BTreeSet::new()),
            tracking_lost: false,
            supplements_approved: Some(cluster().approvals),
            inventory: whole_inventory(),
            deleted: Vec::new(),
            steps: Vec::new(),
            questions: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    #[must_use]
    pub fn with_spare(self) -> Self {
        self.with(|w| {
            w.terms.spare = Some(format!("spare@{DOMAIN}"));
            w.users.insert(id(SPARE));
            w.administrators.insert(id(SPARE));
            w.mfa.insert(id(SPARE));
        })
    }

    fn alive(&self, who: ObjectId) -> bool {
        let shown = self.shown_until.get(&who).is_some_and(|t| *t > self.now);
        self.users.contains(&who) || shown
    }

    fn listed(&self) -> Vec<ObjectId> {
        let lagging = self.shown_until.iter().filter(|(_, t)| **t > self.now);
        let all = self.users.iter().chain(lagging.map(|(who, _)| who));
        let all: BTreeSet<ObjectId> = all.copied().chain([self.retained.id]).collect();
        all.into_iter().collect()
    }

    pub fn base(&self) -> Observation {
        let mut cluster = self.cluster.clone();
        cluster.attestations.clone_from(&self.attestations);
        Observation {
            cluster,
            ..Observation::default()
        }
    }

    /// Answers one question.
    pub fn answer(&mut self, question: Question, memory: &Memory, seen: &mut Observation) {
        *self.questions.entry(question).or_default() += 1;
        let own = self.applications.iter().any(|a| a.own);
        let out = self.gone || self.credential_lost || !own;
        if question == Question::Directory {
            seen.directory = Fact::Known(if self.gone {
                Existence::Gone
            } else {
                Existence::Present
            });
        } else if out {
            refuse_all(seen);
        } else {
            self.answer_inside(question, memory, seen);
        }
    }

    fn answer_inside(&self, question: Question, memory: &Memory, seen: &mut Observation) {
        match question {
            Question::Organization => {
                seen.organization = Fact::Known(Organization {
                    id: id(TENANT),
                    initial_domain: DOMAIN.into(),
                    managed_domains: [DOMAIN.to_ascii_lowercase(), "contoso.nl".into()].into(),
                    custom_domains: ["contoso.nl".into()].into(),
                    sync_enabled: self.sync && self.sync_off_at.is_none_or(|t| t > self.now),
                    partner: false,
                });
            }
            Question::Identity => seen.identity = Fact::Known(self.identity.clone()),
            Question::Administrators => {
                seen.retained = Fact::Known(Some(self.retained.clone()));
                let spare = self.terms.spare.is_some() && self.alive(id(SPARE));
                seen.spare = Fact::Known(spare.then(|| administrator(SPARE, "spare")));
            }
            Question::RoleHolders => {
                let mut all = self.administrators.clone();
                all.insert(self.retained.id);
                let there = all.into_iter().filter(|who| self.alive(*who));
                seen.role_holders = Fact::Known(there.collect());
            }
            Question::Ends => seen.ends = self.ends.clone(),
            Question::Rights => seen.rights = self.rights.clone(),
            Question::Users => {
                let ids = self.listed();
                let mut all = self.administrators.clone();
                all.insert(self.retained.id);
                seen.users = Fact::Known(Users {
                    global_administrators: all.into_iter().filter(|g| ids.contains(g)).collect(),
                    ids,
                    guests: 0,
                    synced: 0,
                });
            }
            Question::Newcomers => {
                let known = |ids: &BTreeSet<ObjectId>| Newcomers {
                    ids: ids.iter().copied().collect(),
                    lost: self.tracking_lost,
                };
                let newcomers = self.newcomers.as_ref().map(known);
                seen.newcomers = newcomers.map_or_else(|why| Fact::Unreadable(*why), Fact::Known);
            }
            Question::Subscriptions => {
                seen.subscriptions = Fact::Known(self.subscriptions.clone());
            }
            Question::Mfa => {
                let states = self.listed().into_iter().map(|who| MfaState {
                    id: who,
                    enabled: self.mfa.contains(&who) || who == self.retained.id,
                });
                seen.mfa = Fact::Known(states.collect());
            }
            Question::Applications => seen.applications = Fact::Known(self.applications.clone()),
            Question::Domains => seen.domains = Fact::Known(self.domains.clone()),
            Question::Losses => seen.losses = Fact::Known(self.losses.clone()),
            Question::Mail => seen.mail = Fact::Known(self.mail.clone()),
            Question::RestrictedUnits => {
                seen.restricted_units = match &self.restricted_units {
                    Ok(units) => Fact::Known(units.clone()),
                    Err(why) => Fact::Unreadable(*why),
                };
            }
            Question::Refused => {
                let refused = memory
                    .refused
                    .iter()
                    .flat_map(|r| r.objects.iter().copied());
                seen.still_there = Fact::Known(refused.filter(|who| self.alive(*who)).collect());
            }
            Question::External => {
                seen.external = match self.external {
                    Ok(found) => Fact::Known(found),
                    Err(why) => Fact::Unreadable(why),
                };
            }
            Question::DomainServices => {
                seen.domain_services = match self.domain_services {
                    Ok(left) => Fact::Known(left),
                    Err(why) => Fact::Unreadable(why),
                };
            }
            Question::Directory => {}
        }
    }

    /// Carries an intent out and looks.
    pub fn perform(&mut self, intent: &Intent, plan: &Plan) -> Outcome {
        self.steps.push(intent.step);
        let mut outcome = Outcome {
            complete: true,
            requests: 1,
            ..Outcome::default()
        };
        if self.lost > 0 && !intent.action.reads_only() {
            self.lost -= 1;
            outcome.unanswered.clone_from(&intent.objects);
            return outcome;
        }
        match intent.action {
            Action::SwitchSyncOff if self.sync_refused => {
                outcome.refused = vec![refusal("Request_BadRequest", 400, &intent.objects)];
            }
            Action::SwitchSyncOff => {
                self.sync_off_at = Some(self.now + SignedDuration::from_hours(30));
                outcome.visible.clone_from(&intent.objects);
            }
            Action::DeleteUsers => self.delete(intent, &mut outcome),
            Action::VerifyUsers => self.verify(plan, &mut outcome),
            Action::CancelSubscription | Action::StopRenewal => self.end(intent, &mut outcome),
            Action::DisableMfa => {
                self.mfa.retain(|who| !intent.objects.contains(who));
                outcome.gone = u32::try_from(intent.objects.len()).unwrap();
            }
            Action::MakeDomainDefault => {
                let name = intent.domain.as_deref();
                for one in &mut self.domains {
                    one.default = Some(one.name.as_str()) == name;
                }
                outcome.gone = 1;
            }
            Action::ReleaseDomain | Action::ForceReleaseDomain => {
                self.release(intent, &mut outcome);
            }
            Action::RemoveOwnIdentity if self.own_refused => {
                let code = "Authorization_RequestDenied";
                outcome.refused = vec![refusal(code, 403, &intent.objects)];
                outcome.request_ids = vec![uuid::Uuid::from_u128(0x7e57)];
            }
            Action::RemoveApplications | Action::RemoveOwnIdentity => {
                self.remove(intent, &mut outcome);
            }
            Action::DeleteDirectory => {
                self.gone = true;
                outcome.visible.clone_from(&intent.objects);
            }
            Action::VerifyDirectoryGone => outcome.gone = u32::from(self.gone),
        }
        outcome
    }

    fn delete(&mut self, intent: &Intent, outcome: &mut Outcome) {
        for who in &intent.objects {
            if self.protected.contains(who) {
                outcome
                    .refused
                    .push(refusal("Authorization_RequestDenied", 403, &[*who]));
                continue;
            }
            if self.users.remove(who) {
                self.deleted.push(*who);
                self.shown_until.insert(*who, self.now + self.lag);
            }
            if self.alive(*who) {
                outcome.visible.push(*who);
            } else {
                outcome.gone += 1;
            }
        }
    }

    fn verify(&mut self, plan: &Plan, outcome: &mut Outcome) {
        let sealed = plan.sealed.as_ref().unwrap();
        let allowed = sealed.allowed();
        for who in self.listed() {
            if plan.names(who) {
                outcome.remaining_count += 1;
                outcome.remaining.push(who);
            } else if plan.supplements.awaits(who) {
                outcome.awaiting += 1;
            } else if !allowed.contains(&who) {
                outcome.strangers += 1;
            }
        }
        outcome.remaining.truncate(400);
    }

    fn end(&mut self, intent: &Intent, outcome: &mut Outcome) {
        for one in &mut self.subscriptions {
            if !intent.objects.contains(&one.id) {
                continue;
            }
            if intent.action == Action::StopRenewal {
                one.auto_renew = false;
                one.next_change = Some(self.now + SignedDuration::from_hours(24 * 20));
            } else {
                one.lifecycle = Lifecycle::Disabled;
                one.next_change = Some(self.now + SignedDuration::from_hours(24));
            }
            outcome.gone += 1;
        }
    }

    fn release(&mut self, intent: &Intent, outcome: &mut Outcome) {
        let force = intent.action == Action::ForceReleaseDomain;
        let name = intent.domain.as_deref();
        let one = self
            .domains
            .iter()
            .position(|d| Some(d.name.as_str()) == name);
        let in_use = |d: &Domain| d.references != Some(References::default());
        match one {
            Some(at) if self.domains[at].default || (in_use(&self.domains[at]) && !force) => {
                outcome.refused = vec![refusal("Request_BadRequest", 400, &intent.objects)];
            }
            Some(at) => {
                self.domains.remove(at);
                outcome.gone = 1;
            }
            None => outcome.gone = 1,
        }
    }

    fn remove(&mut self, intent: &Intent, outcome: &mut Outcome) {
        let before = self.applications.len();
        self.applications
            .retain(|a| !intent.objects.contains(&a.id) || a.undeletable);
        outcome.gone = u32::try_from(before - self.applications.len()).unwrap();
    }

    /// Time passes; Microsoft's own clocks run.
    pub fn pass(&mut self, pause: Duration) {
        self.now += SignedDuration::try_from(pause).unwrap();
        let now = self.now;
        self.subscriptions.retain_mut(|one| {
            if one.agreement == Agreement::Enterprise && one.lifecycle == Lifecycle::Disabled {
                return false;
            }
            if !matches!(
                one.agreement,
                Agreement::CustomerAgreement | Agreement::Partner
            ) || one.resource.is_none()
            {
                return true;
            }
            let due = one.next_change.is_some_and(|date| date <= now);
            match one.lifecycle {
                Lifecycle::Active if due && !one.auto_renew => one.lifecycle = Lifecycle::Disabled,
                Lifecycle::Disabled if due => return false,
                _ => {}
            }
            true
        });
    }

    /// A person does what a hand-off asks for.
    pub fn hands(&mut self, key: &str) {
        match key {
            "SwitchSyncOff" | "DeleteInActiveDirectory" => {
                let later = self.now + SignedDuration::from_hours(10);
                self.sync_off_at.get_or_insert(later);
            }
            "CancelSubscription"
            | "CancelByPartner"
            | "CancelByDistributor"
            | "CancelByAccountManager" => {
                for one in &mut self.subscriptions {
                    one.lifecycle = Lifecycle::Disabled;
                }
            }
            "DeleteSubscription" => self
                .subscriptions
                .retain(|s| !matches!(s.agreement, Agreement::Direct | Agreement::Unknown)),
            "DeleteAzureSubscription" => {
                self.subscriptions
                    .retain(|s| s.agreement != Agreement::Azure);
            }
            "StopRenewal" | "StopRenewalByPartner" => self
                .subscriptions
                .iter_mut()
                .for_each(|one| one.auto_renew = false),
            "ReleaseDomain" => self.domains.retain(|one| one.initial),
            "ContactSupport" => self.subscriptions.clear(),
            "DeleteDirectory" if self.minds_own && self.applications.iter().any(|a| a.own) => {
                self.attestations.insert("OnlyOurs".into(), "Passed".into());
            }
            "RemoveOwnApplication" => self.applications.retain(|a| !a.own),
            "RemoveUserFlows" => {
                self.external = self.external.map(|found| external(found.directory));
            }
            "RemoveDomainServices" => self.domain_services = self.domain_services.map(|_| 0),
            "DeleteDirectory" => self.gone = true,
            _ => {}
        }
    }
}

/// A directory of this kind, with nothing that only one for customers has.
pub const fn external(directory: Directory) -> External {
    External {
        directory,
        user_flows: 0,
        identity_providers: 0,
        custom_policies: 0,
        policy_keys: 0,
    }
}

/// The initial domain, or another that is not the default and that nothing uses.
pub fn domain(name: &str) -> Domain {
    Domain {
        name: name.into(),
        initial: name == DOMAIN,
        default: name == DOMAIN,
        references: Some(References::default()),
    }
}

fn own(n: u128, service_principal: bool) -> Application {
    Application {
        id: id(n),
        service_principal,
        undeletable: false,
        owner: None,
        own: true,
    }
}

fn refusal(code: &str, status: u16, objects: &[ObjectId]) -> Refusal {
    Refusal {
        code: code.into(),
        status,
        objects: objects.to_vec(),
    }
}

fn refuse_all(seen: &mut Observation) {
    let why = Why::CredentialRefused(Refused::Otherwise);
    seen.organization = Fact::Unreadable(why);
    seen.identity = Fact::Unreadable(why);
    seen.retained = Fact::Unreadable(why);
    seen.spare = Fact::Unreadable(why);
    seen.role_holders = Fact::Unreadable(why);
    seen.ends = Fact::Unreadable(why);
    seen.rights = Fact::Unreadable(why);
    seen.users = Fact::Unreadable(why);
    seen.subscriptions = Fact::Unreadable(why);
    seen.mfa = Fact::Unreadable(why);
    seen.applications = Fact::Unreadable(why);
    seen.domains = Fact::Unreadable(why);
    seen.losses = Fact::Unreadable(why);
    seen.mail = Fact::Unreadable(why);
    seen.restricted_units = Fact::Unreadable(why);
    seen.external = Fact::Unreadable(why);
    seen.domain_services = Fact::Unreadable(why);
    seen.still_there = Fact::Unreadable(why);
}

/// A closure of a world: the cycle without Kubernetes.
#[derive(Clone, Debug)]
pub struct Run {
    pub world: World,
    pub plan: Plan,
    pub memory: Memory,
    /// Every decision of a cycle, in words.
    pub told: Vec<Decided>,
    pub cycles: u32,
}

impl Run {
    pub fn of(world: World) -> Self {
        let terms = world.terms.clone();
        Self {
            world,
            plan: Plan::unmade(terms),
            memory: Memory::default(),
            told: Vec::new(),
            cycles: 0,
        }
    }

    /// Observes until something else than a question is decided.
    pub fn look(&mut self) -> (Decided, Observation) {
        self.plan.terms = self.world.terms.clone();
        let mut seen = self.world.base();
        let mut asked = BTreeSet::new();
        loop {
            let decided = decide(&self.plan, &seen, &self.memory, self.world.now);
            let Decision::Read(questions) = &decided.decision else {
                return (decided, seen);
            };
            assert!(!questions.is_empty());
            for question in questions.clone() {
                assert!(asked.insert(question), "{question:?} is asked twice");
                self.world.answer(question, &self.memory, &mut seen);
            }
        }
    }

    /// One cycle; persons act on hand-offs between cycles where told to.
    pub fn cycle(&mut self, hands: bool) -> Decided {
        let (decided, seen) = self.look();
        self.cycles += 1;
        match &decided.decision {
            Decision::Act(intent) => {
                let outcome = self.world.perform(intent, &self.plan);
                let memory = std::mem::take(&mut self.memory);
                self.memory = memory.advance(intent, &outcome, self.world.now);
                self.begin_supplement();
            }
            Decision::MakePlan { .. } => {
                let sealed = make_plan(&self.plan, &seen).unwrap();
                self.seal(sealed, loss::counts(&seen));
            }
            Decision::MakeSupplement => {
                let made = supplements::make(&self.plan, &seen, &self.memory).unwrap();
                self.supplement(made);
            }
            Decision::WriteInventory => {
                let memory = std::mem::take(&mut self.memory);
                self.memory = memory.with_inventory(self.world.inventory.clone(), self.world.now);
            }
            Decision::HandOff(list) if hands => {
                for hand_off in list {
                    self.world.hands(hand_off.key);
                }
            }
            _ => {}
        }
        let pause = schedule::next(&decided.decision, &self.memory, &self.plan.terms);
        self.world.pass(pause + Duration::from_millis(500));
        self.told.push(decided.clone());
        decided
    }

    pub fn seal(&mut self, sealed: Sealed, losses: Vec<loss::LossCount>) {
        let plan = PlanRef {
            digest: sealed.digest.clone(),
            chunks: 1,
            made_at: self.world.now,
            users: sealed.head.user_count,
            losses,
        };
        self.memory = std::mem::take(&mut self.memory).with_plan(plan, self.world.now);
        self.plan.supplements = Supplements::NONE;
        self.plan.sealed = Some(sealed.into());
    }

    /// Seals a supplement; persons approve it where the world says so.
    pub fn supplement(&mut self, made: Supplement) {
        let known = SupplementRef {
            digest: made.digest.clone(),
            ordinal: made.head.ordinal,
            chunks: 1,
            made_at: self.world.now,
            users: made.head.user_count,
            cursor: 0,
        };
        if let Some(approvals) = &self.world.supplements_approved {
            let approvals = approvals.clone();
            let all = &mut self.world.cluster.supplements;
            all.insert(known.ordinal, approvals);
        }
        self.memory = std::mem::take(&mut self.memory).with_supplement(known, self.world.now);
        self.plan.supplements.open = Some(made.into());
    }

    /// What has begun stays, as the journal tells.
    fn begin_supplement(&mut self) {
        if self.memory.open_supplement().is_none() {
            let open = self.plan.supplements.open.take();
            self.plan.supplements.begun.extend(open);
        }
    }

    /// Cycles until the test says so; never for ever.
    pub fn until(&mut self, hands: bool, most: u32, end: impl Fn(&Decided) -> bool) -> Decided {
        for _ in 0..most {
            let decided = self.cycle(hands);
            if end(&decided) {
                return decided;
            }
        }
        let tail: Vec<String> = self
            .told
            .iter()
            .rev()
            .take(6)
            .map(|d| format!("{d:?}"))
            .collect();
        unreachable!("no end after {most} cycles: {}", tail.join("\n"));
    }

    pub fn to_the_end(&mut self) -> Decided {
        self.until(true, 5_000, |d| d.decision == Decision::Closed)
    }
}
