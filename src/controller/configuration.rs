//! The operator's configuration: one `ConfigMap` in its own namespace, which authors of closures cannot touch.

use crate::api::Machines;
use crate::api::terms::Defaults;
use crate::closure::id::ObjectId;
use crate::closure::inventory::Wish;
use crate::closure::label::label;
use crate::closure::observation::Configuration;
use crate::controller::approval_keys::ApprovalKeys;
use crate::controller::configuration_keys;
use crate::store::Address;
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::ConfigMap;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The name of the `ConfigMap`.
pub const NAME: &str = "tenant-closure";

/// As many as a closure itself can ask for, and as a record has room for.
const MOST_APPROVALS: u32 = 6;

/// The configuration, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// What the guards look at.
    pub guards: Configuration,
    /// What is added to each spec.
    pub defaults: Defaults,
    /// Time between the last needed approval and the first effect.
    pub grace: SignedDuration,
    /// Closures that may have an effect under way at the same time.
    pub acting_at_most: usize,
    /// Days that an inventory is kept after the end of its closure; `None`: for good.
    pub inventory_days: Option<u32>,
    /// Tenants for which closures of a namespace may use the operator's own identity.
    pub workload_identity: BTreeMap<String, BTreeSet<ObjectId>>,
    /// Who may sign approvals, and with which keys.
    pub approval_keys: ApprovalKeys,
    /// Who is no person, besides service accounts.
    pub machines: Machines,
    /// What a machine wrote, or nobody knows who, may go without any approval where it asks for none.
    pub unapproved_machines: bool,
    /// Where copies of journals, reports and inventories go; `None`: nowhere.
    pub evidence_store: Option<Address>,
    /// No effect starts before what there is to tell is in the store.
    pub evidence_required: bool,
    /// Version of the object, for noticing a change.
    pub version: String,
}

/// Closures that may be begun within 30 days where the configuration does not say.
const BEGUN_AT_MOST: u32 = 10;
/// Days within which the retained administrator must have signed in where the configuration does not say: none is asked for
/// only where it says so.
const PROOF_DAYS: u32 = 30;
/// Closures that may act at once where the configuration does not say.
const ACTING_AT_MOST: usize = 10;

impl Default for Configured {
    fn default() -> Self {
        Self {
            guards: Configuration::default(),
            defaults: Defaults::default(),
            grace: SignedDuration::ZERO,
            acting_at_most: ACTING_AT_MOST,
            inventory_days: None,
            workload_identity: BTreeMap::new(),
            approval_keys: ApprovalKeys::default(),
            machines: Machines::default(),
            unapproved_machines: false,
            evidence_store: None,
            evidence_required: false,
            version: String::new(),
        }
    }
}

/// Reads it. A key that cannot be read makes the whole configuration count as absent: no effect starts.
pub fn resolve(map: Option<&ConfigMap>) -> Configured {
    let Some(map) = map else {
        return Configured::default();
    };
    let version = map.metadata.resource_version.clone().unwrap_or_default();
    let empty = BTreeMap::new();
    let data = map.data.as_ref().unwrap_or(&empty);
    let read = configuration_keys::unknown(map).map_or_else(|| parse(data), Err);
    read.map_or_else(
        |what| {
            tracing::error!(
                what,
                "the configuration cannot be read; no effect starts until it can"
            );
            Configured {
                guards: Configuration {
                    fault: Some(label(&what)),
                    ..Configuration::default()
                },
                version: version.clone(),
                ..Configured::default()
            }
        },
        |parsed| Configured {
            version: version.clone(),
            ..parsed
        },
    )
}

/// What cannot be read is named by its key.
fn parse(data: &BTreeMap<String, String>) -> Result<Configured, String> {
    let get = |key: &str| data.get(key).map(|v| v.trim()).filter(|v| !v.is_empty());
    // False where nothing is said.
    let flag = |key: &'static str| {
        let said = get(key).map_or(Ok(false), str::parse::<bool>);
        said.map_err(|_| key)
    };
    let mut defaults = Defaults::default();
    if let Some(text) = get("pollAtMost") {
        defaults.poll_at_most = duration(text).ok_or("pollAtMost")?;
    }
    if let Some(text) = get("overdueAfter") {
        let told = duration(text).and_then(|spare| SignedDuration::try_from(spare).ok());
        defaults.overdue_after = told.ok_or("overdueAfter")?;
    }
    if let Some(text) = get("slice") {
        defaults.slice = text
            .parse::<usize>()
            .ok()
            .filter(|n| (1..=400).contains(n))
            .ok_or("slice")?;
    }
    if let Some(text) = get("minimumApprovals") {
        let asked = text.parse().ok().filter(|n| *n <= MOST_APPROVALS);
        defaults.minimum_approvals = asked.ok_or("minimumApprovals, which is 0 to 6")?;
    }
    if let Some(text) = get("allowFewerApprovals") {
        defaults.allow_fewer = text.parse().map_err(|_| "allowFewerApprovals")?;
    }
    let grace = get("gracePeriod")
        .map_or(Some(Duration::ZERO), duration)
        .ok_or("gracePeriod")?;
    let kill_switch = flag("killSwitch")?;
    let evidence_store = get("evidenceStore").map(str::parse::<Address>).transpose();
    let evidence_store = evidence_store.map_err(|why| format!("evidenceStore, {why}"))?;
    let evidence_required = flag("evidenceRequired")?;
    if evidence_required && evidence_store.is_none() {
        return Err("evidenceRequired, which is true, but evidenceStore names no store".to_owned());
    }
    let machines = Machines::parse(get("machineAuthors").unwrap_or_default())
        .map_err(|why| format!("machineAuthors, {why}"))?;
    let approval_keys = ApprovalKeys::parse(get("approvalKeys").unwrap_or_default())
        .map_err(|why| format!("approvalKeys, {why}"))?;
    if let Some(name) = approval_keys.machine(&machines) {
        return Err(format!(
            "approvalKeys, which names {name}, a machine by machineAuthors: it cannot approve"
        ));
    }
    Ok(Configured {
        guards: Configuration {
            fault: None,
            present: true,
            kill_switch,
            allowed: ids(get("allowedTenants")).ok_or("allowedTenants")?,
            protected: ids(get("protectedTenants")).ok_or("protectedTenants")?,
            begun_at_most: get("maxClosuresPer30Days")
                .map_or(Ok(BEGUN_AT_MOST), str::parse)
                .map_err(|_| "maxClosuresPer30Days")?,
            inventory: get("inventory")
                .map_or(Some(Wish::Off), wish)
                .ok_or("inventory")?,
            proof_days: get("retainedAdministratorProofDays")
                .map_or(Ok(Some(PROOF_DAYS)), proof_days)?,
        },
        defaults,
        grace: SignedDuration::try_from(grace).map_err(|_| "gracePeriod")?,
        acting_at_most: get("maxClosuresActing")
            .map_or(Ok(ACTING_AT_MOST), str::parse)
            .ok()
            .filter(|most| *most > 0)
            .ok_or("maxClosuresActing")?,
        inventory_days: get("inventoryRetentionDays")
            .map(str::parse)
            .transpose()
            .map_err(|_| "inventoryRetentionDays")?,
        workload_identity: bound(get("workloadIdentityTenants").unwrap_or_default())
            .ok_or("workloadIdentityTenants")?,
        approval_keys,
        machines,
        unapproved_machines: flag("allowMachinesWithoutApproval")?,
        evidence_store,
        evidence_required,
        version: String::new(),
    })
}

fn wish(text: &str) -> Option<Wish> {
    match text {
        "Off" => Some(Wish::Off),
        "Wanted" => Some(Wish::Wanted),
        "Required" => Some(Wish::Required),
        _ => None,
    }
}

/// An attestation lives 90 days: one that may be older could not be asked for. `None`: the configuration says that none is.
fn proof_days(text: &str) -> Result<Option<u32>, &'static str> {
    match text.parse() {
        Ok(0) => Ok(None),
        Ok(days) if days <= 90 => Ok(Some(days)),
        _ => Err("retainedAdministratorProofDays, which is 1 to 90, or 0: not asked"),
    }
}

/// One line a namespace: `closures: 11111111-…, 22222222-…`.
fn bound(text: &str) -> Option<BTreeMap<String, BTreeSet<ObjectId>>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (namespace, tenants) = line.split_once(':')?;
            let tenants = ids(Some(tenants)).filter(|tenants| !tenants.is_empty())?;
            Some((namespace.trim().to_owned(), tenants))
        })
        .collect()
}

fn ids(text: Option<&str>) -> Option<BTreeSet<ObjectId>> {
    text.unwrap_or_default()
        .split([',', ' ', '\n'])
        .filter(|t| !t.is_empty())
        .map(ObjectId::parse)
        .collect()
}

/// `500ms`, `1s`, `15m`, `72h`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let n: u64 = text[..digits].parse().ok()?;
    Some(match &text[digits..] {
        "ms" => Duration::from_millis(n),
        "s" => Duration::from_secs(n),
        "m" => Duration::from_secs(n.checked_mul(60)?),
        "h" => Duration::from_secs(n.checked_mul(3600)?),
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> ConfigMap {
        ConfigMap {
            data: Some(
                pairs
                    .iter()
                    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                    .collect(),
            ),
            ..ConfigMap::default()
        }
    }

    #[test]
    fn absent_configuration_lets_no_effect_start() {
        assert!(!resolve(None).guards.present);
    }

    #[test]
    fn a_key_that_cannot_be_read_counts_as_absent() {
        for pair in [
            ("killSwitch", "maybe"),
            ("slice", "4000"),
            // More than a closure itself can ask for.
            ("minimumApprovals", "7"),
            ("minimumApprovals", "-1"),
            // Neither is a key: nothing would be stopped, or protected.
            ("killswitch", "true"),
            ("protectedTenant", "11111111-2222-3333-4444-555555555555"),
            ("owner", ""),
            ("gracePeriod", "soon"),
            ("overdueAfter", "late"),
            ("protectedTenants", "contoso"),
            ("maxClosuresPer30Days", "many"),
            ("maxClosuresActing", "0"),
            ("retainedAdministratorProofDays", "-1"),
            ("retainedAdministratorProofDays", "never"),
            ("retainedAdministratorProofDays", "91"),
            ("inventory", "required"),
            ("inventoryRetentionDays", "-1"),
            ("approvalKeys", "bob ssh-ed25519"),
            ("machineAuthors", "argocd\n*"),
            ("allowMachinesWithoutApproval", "perhaps"),
            ("evidenceStore", "evidence"),
            ("evidenceStore", "ftp://host/evidence"),
            ("evidenceRequired", "maybe"),
            // Required, and nowhere to write it.
            ("evidenceRequired", "true"),
            ("workloadIdentityTenants", "closures"),
            ("workloadIdentityTenants", "closures:"),
            ("workloadIdentityTenants", "closures: contoso"),
        ] {
            assert!(!resolve(Some(&map(&[pair]))).guards.present, "{pair:?}");
        }
    }

    #[test]
    fn reads_durations_and_tenants() {
        let id = "11111111-2222-3333-4444-555555555555";
        let read = resolve(Some(&map(&[
            ("pollAtMost", "1s"),
            ("gracePeriod", "2h"),
            ("overdueAfter", "48h"),
            ("protectedTenants", id),
        ])));
        assert_eq!(read.defaults.poll_at_most, Duration::from_secs(1));
        assert_eq!(read.grace, SignedDuration::from_hours(2));
        assert_eq!(read.defaults.overdue_after, SignedDuration::from_hours(48));
        let usual = resolve(Some(&map(&[]))).defaults.overdue_after;
        assert_eq!(usual, SignedDuration::from_hours(24));
        assert_eq!(read.guards.protected.len(), 1);
        assert_eq!((read.guards.begun_at_most, read.acting_at_most), (10, 10));
        assert!(read.workload_identity.is_empty());
    }

    #[test]
    fn no_more_approvals_are_asked_for_than_a_closure_can_ask_for() {
        let asked = |n: u32| resolve(Some(&map(&[("minimumApprovals", &n.to_string())])));
        assert_eq!(asked(MOST_APPROVALS).defaults.minimum_approvals, 6);
        let fault = asked(MOST_APPROVALS + 1).guards.fault;
        assert_eq!(fault.as_deref(), Some("minimumApprovals, which is 0 to 6"));
    }

    /// Whoever says nothing about it is asked for a proof; without a configuration nothing starts at all.
    #[test]
    fn a_proof_of_the_one_who_stays_is_asked_for_unless_it_is_switched_off() {
        let key = "retainedAdministratorProofDays";
        let days = |data: &[(&str, &str)]| resolve(Some(&map(data))).guards.proof_days;
        assert_eq!(days(&[]), Some(PROOF_DAYS));
        assert_eq!(days(&[(key, " ")]), Some(PROOF_DAYS));
        assert_eq!(days(&[(key, "14")]), Some(14));
        assert_eq!(days(&[(key, "90")]), Some(90));
        assert_eq!(days(&[(key, "0")]), None);
        assert!(!resolve(None).guards.present);
        let fault = resolve(Some(&map(&[(key, "91")]))).guards.fault;
        assert!(fault.is_some_and(|told| told.contains("0: not asked")));
    }

    #[test]
    fn who_is_no_person_is_named_by_the_configuration_and_has_no_key() {
        let read = resolve(Some(&map(&[("machineAuthors", "argocd\nci-*")])));
        assert!(read.guards.present && read.machines.has("ci-7"));
        assert!(!read.machines.has("bob") && !read.unapproved_machines);
        let key = include_str!("../../tests/support/signatures/ed25519.pub");
        let keys = format!("ci-7 {key}");
        let both = [("machineAuthors", "ci-*"), ("approvalKeys", keys.as_str())];
        let fault = resolve(Some(&map(&both))).guards.fault;
        assert!(fault.is_some_and(|told| told.contains("names ci-7, a machine by machineAuthors")));
        assert!(resolve(Some(&map(&both[1..]))).guards.present);
        let said = [("allowMachinesWithoutApproval", "true")];
        assert!(resolve(Some(&map(&said))).unapproved_machines);
    }

    #[test]
    fn evidence_goes_where_the_store_is() {
        let read = resolve(Some(&map(&[
            ("evidenceStore", "/var/lib/evidence"),
            ("evidenceRequired", "true"),
        ])));
        assert!(read.guards.present && read.evidence_required);
        let store = read.evidence_store.unwrap();
        assert_eq!(store.to_string(), "file:///var/lib/evidence");
        let nowhere = resolve(Some(&map(&[])));
        assert_eq!(
            (nowhere.evidence_store, nowhere.evidence_required),
            (None, false)
        );
    }

    #[test]
    fn an_inventory_is_written_only_where_the_configuration_says_so() {
        let read = resolve(Some(&map(&[])));
        assert_eq!(
            (read.guards.inventory, read.inventory_days),
            (Wish::Off, None)
        );
        let read = resolve(Some(&map(&[
            ("inventory", "Required"),
            ("inventoryRetentionDays", "0"),
        ])));
        assert!(read.guards.present);
        assert_eq!(
            (read.guards.inventory, read.inventory_days),
            (Wish::Required, Some(0))
        );
    }

    #[test]
    fn tenants_are_bound_to_namespaces_for_workload_identity() {
        let [one, two] = [1, 2].map(|n| format!("11111111-2222-3333-4444-55555555555{n}"));
        let text = format!("closures: {one},{two}\n\nteam-b: {two}\n");
        let read = resolve(Some(&map(&[("workloadIdentityTenants", &text)])));
        assert!(read.guards.present);
        let count = |name: &str| read.workload_identity.get(name).map(BTreeSet::len);
        assert_eq!(
            (count("closures"), count("team-b"), count("others")),
            (Some(2), Some(1), None)
        );
    }
}
