//! Terms from a spec: the raw manifest resolved once, absent meaning the safest thing.

use crate::api::closure::{
    Accepted as AcceptedSpec, Backup as BackupSpec, BillingAccount as AccountSpec, Credentials,
    TenantClosureSpec,
};
use crate::closure::acceptance;
use crate::closure::deadline::OVERDUE_AFTER;
use crate::closure::id::ObjectId;
use crate::closure::terms::{Accepted, Backup, BillingAccount, Mode, Terms};
use jiff::SignedDuration;
use std::time::Duration;

/// What the operator adds to a spec.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// Most objects in one effect (at most 400).
    pub slice: usize,
    /// Longest time between two looks.
    pub poll_at_most: Duration,
    /// Time to spare before a step is told as overdue.
    pub overdue_after: SignedDuration,
    /// Persons who must approve at least.
    pub minimum_approvals: u32,
    /// Where false, a spec that asks for fewer approvals than the minimum gets the minimum.
    pub allow_fewer: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            slice: 400,
            poll_at_most: Duration::from_secs(900),
            overdue_after: OVERDUE_AFTER,
            minimum_approvals: 1,
            allow_fewer: false,
        }
    }
}

/// Resolves a spec. `None` where the tenant id is no GUID, which the CRD's schema refuses.
pub fn resolve(spec: &TenantClosureSpec, defaults: &Defaults) -> Option<Terms> {
    let asked = spec.approval.as_ref().map(|a| a.required);
    let approvals_required = match asked {
        Some(n) if defaults.allow_fewer => n,
        Some(n) => n.max(defaults.minimum_approvals),
        None => defaults.minimum_approvals.max(1),
    };
    let directory = spec.directory.clone().unwrap_or_default();
    let accepted = spec.accept.iter().flatten().map(accepted).collect();
    let (accepted, accepted_beyond) = acceptance::within(accepted);
    Some(Terms {
        tenant_id: ObjectId::parse(&spec.tenant.id)?,
        initial_domain: spec.tenant.initial_domain.to_ascii_lowercase(),
        cloud: spec.tenant.cloud.unwrap_or_default(),
        retained: spec.retain.global_administrator.clone(),
        spare: spec.retain.spare_administrator.clone(),
        mode: spec.mode.unwrap_or(Mode::Plan),
        reader_of_its_own: reads_with_another(&spec.credentials),
        suspend: spec.suspend.unwrap_or(false),
        hold: spec.hold.clone(),
        not_before: spec.not_before,
        backup: spec.backup.as_ref().and_then(backup),
        accepted,
        accepted_beyond,
        cancellation: spec.cancellation.as_ref().map(Into::into),
        billing: spec
            .billing
            .iter()
            .flat_map(|b| &b.accounts)
            .map(account)
            .collect(),
        stop_renewal_first: spec
            .billing
            .as_ref()
            .is_some_and(|b| b.stop_renewal_first == Some(true)),
        release_domains: spec
            .domains
            .iter()
            .flat_map(|d| d.release.iter().map(|name| name.to_ascii_lowercase()))
            .collect(),
        security_defaults_off: spec
            .mfa
            .as_ref()
            .is_some_and(|mfa| mfa.disable_security_defaults == Some(true)),
        policies_off: policies(spec),
        remove_applications: directory.remove_applications,
        directory_resource: directory.resource,
        directory_resource_tenant: directory
            .resource_tenant_id
            .as_deref()
            .and_then(ObjectId::parse),
        approvals_required,
        max_users: spec.limits.as_ref().map(|l| l.max_users),
        slice: defaults.slice.clamp(1, 400),
        poll_at_most: defaults.poll_at_most,
        overdue_after: defaults.overdue_after,
    })
}

/// Does another application read in mode Plan than the one that acts in mode Execute?
fn reads_with_another(block: &Credentials) -> bool {
    let of_the_workload = block.workload_identity.as_ref().is_some_and(|identity| {
        let reader = identity.reader_client_id.as_ref();
        reader.is_some_and(|reader| !reader.eq_ignore_ascii_case(&identity.client_id))
    });
    let secret = block.reader_secret_name.as_ref();
    of_the_workload || secret.is_some_and(|reader| Some(reader) != block.secret_name.as_ref())
}

/// Conditional Access policies by id, sorted; what is no id, which the CRD's schema refuses, names none.
fn policies(spec: &TenantClosureSpec) -> Vec<ObjectId> {
    let named = spec.mfa.as_ref();
    let named = named.and_then(|mfa| mfa.disable_conditional_access_policies.as_ref());
    let named = named.into_iter().flatten();
    let mut ids: Vec<ObjectId> = named.filter_map(|id| ObjectId::parse(id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What is no id, which the CRD's schema refuses, accepts nothing.
fn accepted(spec: &AcceptedSpec) -> Accepted {
    let ids = spec.subscriptions.iter().flatten();
    Accepted {
        kind: spec.kind.clone(),
        subscriptions: ids.filter_map(|id| ObjectId::parse(id)).collect(),
    }
}

fn account(spec: &AccountSpec) -> BillingAccount {
    BillingAccount {
        kind: spec.kind,
        tenant_id: spec.tenant_id.as_deref().and_then(ObjectId::parse),
    }
}

fn backup(spec: &BackupSpec) -> Option<Backup> {
    match &spec.job_name {
        Some(name) => Some(Backup::Job {
            name: name.clone(),
            // What cannot be read, which the CRD's schema refuses, lets no Job be young enough.
            max_age: spec
                .max_age
                .as_deref()
                .and_then(|text| text.parse().ok())
                .unwrap_or(SignedDuration::ZERO),
        }),
        None if spec.acknowledged == Some(true) => Some(Backup::Acknowledged {
            reference: spec.reference.clone().unwrap_or_default(),
        }),
        None => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn read(
        acknowledged: Option<bool>,
        job: Option<&str>,
        max_age: Option<&str>,
    ) -> Option<Backup> {
        backup(&BackupSpec {
            acknowledged,
            reference: None,
            job_name: job.map(str::to_owned),
            max_age: max_age.map(str::to_owned),
        })
    }

    #[test]
    fn fewer_approvals_than_the_minimum_only_where_the_configuration_allows_it() {
        let required = |asked: Option<u32>, minimum: u32, allow_fewer: bool| {
            let mut spec = serde_json::json!({
                "tenant": {"id": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de", "initialDomain": "contoso.onmicrosoft.com"},
                "credentials": {"secretName": "s"}, "retain": {"globalAdministrator": "a@contoso.onmicrosoft.com"},
            });
            if let Some(asked) = asked {
                spec["approval"] = serde_json::json!({"required": asked});
            }
            let defaults = Defaults {
                minimum_approvals: minimum,
                allow_fewer,
                ..Defaults::default()
            };
            let terms = resolve(&serde_json::from_value(spec).unwrap(), &defaults);
            terms.unwrap().approvals_required
        };
        for (asked, minimum, allowed, expected) in [
            (None, 1, false, 1),
            (None, 3, false, 3),
            (None, 0, true, 1), // absent is never none
            (Some(0), 1, false, 1),
            (Some(0), 1, true, 0),
            (Some(1), 3, false, 3),
            (Some(1), 3, true, 1),
            (Some(4), 3, false, 4),
        ] {
            assert_eq!(
                required(asked, minimum, allowed),
                expected,
                "{asked:?} {minimum} {allowed}"
            );
        }
    }

    /// Of what goes beyond a plan nothing is left that anything could look at, whatever its author fills the list with.
    #[test]
    fn what_a_plan_cannot_name_is_not_accepted() {
        let id = |n: u32| format!("00000000-0000-0000-0000-{n:012x}");
        let azure = |ids: std::ops::Range<u32>| {
            serde_json::json!({"kind": "AzureResources", "reference": "CAB-118",
                "subscriptions": ids.map(id).collect::<Vec<_>>()})
        };
        let spec = serde_json::json!({
            "tenant": {"id": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de", "initialDomain": "contoso.onmicrosoft.com"},
            "credentials": {"secretName": "s"}, "retain": {"globalAdministrator": "a@contoso.onmicrosoft.com"},
            "accept": [azure(500..600), azure(0..500), {"kind": "Groups", "reference": "CAB-118"}],
        });
        let terms = resolve(&serde_json::from_value(spec).unwrap(), &Defaults::default()).unwrap();
        assert_eq!(terms.accepted_beyond, 602 - 520);
        let ids = terms.accepted.iter().flat_map(|one| &one.subscriptions);
        let mut ids: Vec<String> = ids.map(ToString::to_string).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..518).map(id).collect::<Vec<_>>());
        assert!(terms.accepts("Groups"));
    }

    #[test]
    fn whoever_reads_is_another_only_where_it_is_named() {
        let block = |text: &str| -> Credentials { serde_json::from_str(text).unwrap() };
        for (another, text) in [
            (false, r#"{"secretName": "a"}"#),
            (true, r#"{"secretName": "a", "readerSecretName": "b"}"#),
            (false, r#"{"secretName": "a", "readerSecretName": "a"}"#),
            (false, r#"{"workloadIdentity": {"clientId": "aa"}}"#),
            (
                true,
                r#"{"workloadIdentity": {"clientId": "aa", "readerClientId": "bb"}}"#,
            ),
            (
                false,
                r#"{"workloadIdentity": {"clientId": "aa", "readerClientId": "AA"}}"#,
            ),
        ] {
            assert_eq!(reads_with_another(&block(text)), another, "{text}");
        }
    }

    #[test]
    fn a_backup_is_vouched_for_by_a_person_or_by_a_job() {
        assert_eq!(read(None, None, None), None);
        assert_eq!(read(Some(false), None, None), None);
        assert_eq!(
            read(Some(true), None, None),
            Some(Backup::Acknowledged {
                reference: String::new()
            })
        );
        for (text, seconds) in [
            ("36h", 129_600),
            ("1h30m", 5_400),
            ("90m", 5_400),
            ("0h5m0s", 300),
        ] {
            let job = Backup::Job {
                name: "nightly".into(),
                max_age: SignedDuration::from_secs(seconds),
            };
            assert_eq!(read(None, Some("nightly"), Some(text)), Some(job), "{text}");
        }
        for text in [None, Some("soon"), Some("1d12")] {
            let Some(Backup::Job { max_age, .. }) = read(None, Some("nightly"), text) else {
                unreachable!("a Job was named")
            };
            assert_eq!(max_age, SignedDuration::ZERO, "{text:?}");
        }
    }
}
