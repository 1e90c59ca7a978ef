//! Grounds: what every approval and attestation is held against, whatever it is for; looked at anew each time.

use crate::api::machines::is_service_account;
use crate::api::{
    Authors, ClosureApproval, ClosureApprovalSpec, Machines, TenantClosure, signature,
};
use crate::closure::terms::Terms;
use crate::controller::approval_keys::ApprovalKeys;
use crate::controller::configuration::Configured;
use crate::controller::policies::InForce;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use std::collections::BTreeSet;

/// Signed ones that name a closure, expired ones among them, whose signatures are looked at: each costs a calculation in every
/// cycle, and whoever may create approvals can create as many as he likes. Of those that are revoked none is looked at, and
/// nobody could delete them.
const MOST_SIGNED: usize = 100;

/// What is told where there are more.
const TOO_MANY_SIGNED: &str = "more than 100 that are signed name this closure, so no signature is looked at: delete those that are over";

/// The longest that an approval may live.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The closure, the configuration and the policies as they are now.
#[derive(Debug)]
pub struct Grounds<'a> {
    closure: &'a TenantClosure,
    terms: &'a Terms,
    keys: &'a ApprovalKeys,
    machines: &'a Machines,
    /// What came up to then, nobody may have looked at; `None`: the policies are missing, and nobody looks at anything.
    policies_since: Option<Timestamp>,
    /// What was signed and then revoked: anybody can put a signed text into another object.
    revoked: BTreeSet<String>,
    /// There are more than [`MOST_SIGNED`].
    too_many: bool,
}

impl<'a> Grounds<'a> {
    /// For all that was found.
    pub fn new(
        closure: &'a TenantClosure,
        terms: &'a Terms,
        found: &[ClosureApproval],
        configured: &'a Configured,
        policies: Option<InForce>,
    ) -> Self {
        let uid = closure.uid();
        let named = found.iter().map(|one| &one.spec);
        let signed = named.filter(|spec| {
            spec.signature.is_some() && uid.as_deref() == Some(spec.closure_uid.as_str())
        });
        let (revoked, signed): (Vec<&ClosureApprovalSpec>, Vec<&ClosureApprovalSpec>) =
            signed.partition(|spec| spec.revoked == Some(true));
        let too_many = signed.len() > MOST_SIGNED;
        let revoked = revoked.into_iter().filter(|_| !too_many);
        Self {
            closure,
            terms,
            keys: &configured.approval_keys,
            machines: &configured.machines,
            policies_since: policies.map(|policies| policies.all),
            revoked: revoked.filter_map(ClosureApprovalSpec::text).collect(),
            too_many,
        }
    }

    /// Until when it counts, or why it does not; `authors` are given where their own does not.
    pub fn counts(
        &self,
        authors: Option<&Authors>,
        approval: &ClosureApproval,
        now: Timestamp,
    ) -> Result<Timestamp, &'static str> {
        if let Some(doubt) = self.doubt(authors, approval, now) {
            return Err(doubt);
        }
        let spec = &approval.spec;
        let Some(armored) = &spec.signature else {
            return Ok(spec.expires_at);
        };
        if self.too_many {
            return Err(TOO_MANY_SIGNED);
        }
        let text = spec
            .text()
            .ok_or("one has a control character in what is signed")?;
        if self.revoked.contains(&text) {
            return Err("one was revoked");
        }
        let key = signature::signer(armored, &text)?;
        let until = self.keys.until(&spec.approver, &key, now)?;
        Ok(until.min(spec.expires_at))
    }

    /// What is wrong with it, signed or not.
    fn doubt(
        &self,
        authors: Option<&Authors>,
        approval: &ClosureApproval,
        now: Timestamp,
    ) -> Option<&'static str> {
        let spec = &approval.spec;
        let created = created(approval);
        if spec.revoked == Some(true) || approval.metadata.deletion_timestamp.is_some() {
            Some("one was revoked")
        } else if approval.metadata.generation.is_some_and(|times| times > 1) {
            // The API server counts what changed in it; nothing but its revocation may.
            Some("one was changed after it was given, so another one is needed")
        } else if self.closure.uid().as_deref() != Some(spec.closure_uid.as_str()) {
            Some("one names another closure (UID)")
        } else if !spec
            .tenant_id
            .eq_ignore_ascii_case(&self.terms.tenant_id.to_string())
        {
            Some("one names another tenant")
        } else if !spec
            .confirm_domain
            .eq_ignore_ascii_case(&self.terms.initial_domain)
        {
            Some("one confirms another domain")
        } else if spec.expires_at <= now {
            Some("one has expired")
        } else if spec.expires_at.duration_since(created) > LONGEST {
            Some("one lives longer than 90 days")
        } else if authors.is_some_and(Authors::is_unknown) {
            Some("nobody knows who created the closure")
        } else if authors.is_some_and(|authors| authors.created(&spec.approver)) {
            Some("one is by the author of the closure")
        } else if authors.is_some_and(|authors| authors.changed(&spec.approver)) {
            Some("one is by a person who has changed the closure")
        } else if is_service_account(&spec.approver) {
            Some("one is by a service account")
        } else if self.machines.has(&spec.approver) {
            Some("one is by a machine (machineAuthors in the operator's configuration)")
        } else {
            match self.policies_since {
                None => Some("the admission policies are missing or altered"),
                Some(since) if created <= since => {
                    Some("one is older than the admission policies, or less than a minute younger")
                }
                Some(_) => None,
            }
        }
    }
}

/// When the API server took it; of one without a time nobody knows.
pub fn created(approval: &ClosureApproval) -> Timestamp {
    approval
        .creation_timestamp()
        .map_or(Timestamp::MAX, |t| t.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::api::terms::resolve;
    use crate::api::{CHANGED_BY, REQUESTED_BY};
    use serde_json::{Value, json};

    /// Signed by bob with ssh-keygen.
    const TEXT: &str = include_str!("../../tests/support/signatures/contoso-bob.txt");
    const SIGNED: &str = include_str!("../../tests/support/signatures/ed25519.sig");
    const FOR_GIT: &str = include_str!("../../tests/support/signatures/ed25519-for-git.sig");
    const KEY: &str = include_str!("../../tests/support/signatures/ed25519.pub");
    const OTHER_KEY: &str = include_str!("../../tests/support/signatures/ecdsa.pub");

    const CREATED: &str = "2026-11-28T00:00:00Z";
    const NOW: &str = "2026-11-29T00:00:00Z";

    fn signed() -> ClosureApproval {
        let mut spec = ClosureApprovalSpec::of_text(TEXT).unwrap();
        spec.signature = Some(SIGNED.to_owned());
        let mut approval = ClosureApproval::new("contoso-bob", spec);
        approval.metadata.creation_timestamp = serde_json::from_value(json!(CREATED)).unwrap();
        approval
    }

    fn with(field: &str, value: Value) -> ClosureApproval {
        let mut object = serde_json::to_value(signed()).unwrap();
        object["spec"][field] = value;
        serde_json::from_value(object).unwrap()
    }

    /// Where the configuration has these keys, and these wrote the closure, one a line, its creator first.
    fn held_against(
        keys: &str,
        authors: &str,
        found: &[ClosureApproval],
        now: &str,
    ) -> Result<Timestamp, &'static str> {
        let closure: TenantClosure = serde_json::from_value(json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "TenantClosure",
            "metadata": {"name": "contoso", "uid": "0b5b1f0e-0000-4000-8000-000000000001",
                "annotations": {REQUESTED_BY: authors.lines().next().unwrap_or_default(), CHANGED_BY: authors}},
            "spec": {"tenant": {"id": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de", "initialDomain": "contoso.onmicrosoft.com"},
                "credentials": {"secretName": "s"}, "retain": {"globalAdministrator": "closer@contoso.onmicrosoft.com"}},
        }))
        .unwrap();
        let configured = Configured {
            approval_keys: ApprovalKeys::parse(keys).unwrap(),
            ..Configured::default()
        };
        let terms = resolve(&closure.spec, &configured.defaults).unwrap();
        let grounds = Grounds::new(&closure, &terms, found, &configured, Some(InForce::UNASKED));
        let authors = Authors::of(&closure);
        grounds.counts(Some(&authors), &found[0], now.parse().unwrap())
    }

    fn refused(approval: ClosureApproval) -> &'static str {
        held_against(&format!("bob {KEY}"), "flux", &[approval], NOW).unwrap_err()
    }

    #[test]
    fn a_signed_one_counts_as_long_as_it_and_its_key_do() {
        let until = |keys: &str| held_against(keys, "flux", &[signed()], NOW);
        let end = |text: &str| Ok(text.parse::<Timestamp>().unwrap());
        assert_eq!(until(&format!("bob {KEY}")), end("2027-01-15T00:00:00Z"));
        let shorter = format!("bob valid-before=20261201Z {KEY}");
        assert_eq!(until(&shorter), end("2026-12-01T00:00:00Z"));
        let longer = format!("bob valid-before=20270201Z {KEY}");
        assert_eq!(until(&longer), end("2027-01-15T00:00:00Z"));
    }

    #[test]
    fn so_many_are_signed_that_no_signature_is_looked_at() {
        let keys = format!("bob {KEY}");
        let with_more = |first: ClosureApproval, other: &ClosureApproval, more: usize| {
            let mut found = vec![first];
            found.extend(std::iter::repeat_n(other.clone(), more));
            held_against(&keys, "flux", &found, NOW)
        };
        assert!(with_more(signed(), &signed(), MOST_SIGNED - 1).is_ok());
        let refused = with_more(signed(), &signed(), MOST_SIGNED);
        assert_eq!(refused, Err(TOO_MANY_SIGNED));
        // Those that are over count among them; those of another closure, and what nobody signed, do not.
        let over = with("expiresAt", json!("2026-11-28T12:00:00Z"));
        assert_eq!(
            with_more(signed(), &over, MOST_SIGNED),
            Err(TOO_MANY_SIGNED)
        );
        let others = with("closureUID", json!("0b5b1f0e-0000-4000-8000-000000000002"));
        assert!(with_more(signed(), &others, MOST_SIGNED).is_ok());
        let unsigned = with("signature", Value::Null);
        assert!(with_more(signed(), &unsigned, MOST_SIGNED).is_ok());
        // What is revoked cannot be deleted: it is none of those that are too many.
        let other = with("comment", json!("another"));
        let mut revoked = other.clone();
        revoked.spec.revoked = Some(true);
        assert!(with_more(signed(), &revoked, MOST_SIGNED).is_ok());
        assert_eq!(
            with_more(signed(), &other, MOST_SIGNED),
            Err(TOO_MANY_SIGNED)
        );
        assert!(with_more(unsigned, &signed(), MOST_SIGNED + 1).is_ok());
    }

    #[test]
    fn a_signed_one_is_refused_where_its_key_is_not_its_approvers_now() {
        let refused = |keys: &str| held_against(keys, "flux", &[signed()], NOW).unwrap_err();
        assert!(refused("").contains("somebody who has no key"));
        assert!(refused(&format!("carol {KEY}")).contains("somebody who has no key"));
        let others = format!("bob {OTHER_KEY}\ncarol {KEY}");
        assert!(refused(&others).contains("another key than its approver's"));
        let over = format!("bob valid-before=20261128Z {KEY}");
        assert!(refused(&over).contains("has not come or is over"));
    }

    #[test]
    fn a_signed_one_is_refused_where_anything_in_it_was_changed() {
        for (field, value) in [
            ("expiresAt", json!("2027-01-16T00:00:00Z")),
            ("planDigest", json!("f".repeat(64))),
            ("approver", json!("carol")),
            ("comment", json!("as never agreed")),
            ("comment", Value::Null),
            ("check", json!("C9")),
            ("purpose", json!("Attestation")),
            ("tenantID", json!("5A8C1F0E-7B1D-4C57-9F5E-2D3B64A1C0DE")),
        ] {
            let why = refused(with(field, value));
            assert!(why.contains("over something else"), "{field}: {why}");
        }
        let why = refused(with("comment", json!("CAB-118\ncheck: C9")));
        assert!(why.contains("control character"), "{why}");
    }

    #[test]
    fn a_signed_one_is_refused_for_what_refuses_any_other() {
        for (field, value, words) in [
            (
                "closureUID",
                json!("another"),
                "names another closure (UID)",
            ),
            (
                "tenantID",
                json!("3d1f6a52-93f4-4a57-8d0e-6d9a3c7e1b20"),
                "names another tenant",
            ),
            (
                "confirmDomain",
                json!("fabrikam.onmicrosoft.com"),
                "confirms another domain",
            ),
            ("expiresAt", json!(NOW), "has expired"),
            (
                "expiresAt",
                json!("2028-01-01T00:00:00Z"),
                "lives longer than 90 days",
            ),
            ("revoked", json!(true), "was revoked"),
            ("signature", json!(FOR_GIT), "is signed for another purpose"),
            ("signature", json!("by bob"), "not as ssh-keygen"),
        ] {
            let why = refused(with(field, value));
            assert!(why.contains(words), "{field}: {why}");
        }
        let by_author = held_against(&format!("bob {KEY}"), "bob", &[signed()], NOW);
        assert_eq!(by_author, Err("one is by the author of the closure"));
        let by_another = held_against(&format!("bob {KEY}"), "flux\nbob", &[signed()], NOW);
        let changed = Err("one is by a person who has changed the closure");
        assert_eq!(by_another, changed);
        let of_nobody = held_against(&format!("bob {KEY}"), "", &[signed()], NOW);
        assert_eq!(of_nobody, Err("nobody knows who created the closure"));
    }

    #[test]
    fn what_was_changed_after_it_was_given_does_not_count() {
        let mut approval = signed();
        let keys = format!("bob {KEY}");
        approval.metadata.generation = Some(1);
        assert!(held_against(&keys, "flux", &[approval.clone()], NOW).is_ok());
        approval.metadata.generation = Some(2);
        let why = refused(approval.clone());
        assert!(why.contains("was changed after it was given"), "{why}");
        approval.spec.revoked = Some(true);
        assert_eq!(refused(approval), "one was revoked");
    }

    #[test]
    fn what_was_signed_and_revoked_does_not_come_back_as_another_object() {
        let revoked = with("revoked", json!(true));
        let keys = format!("bob {KEY}");
        let again = held_against(&keys, "flux", &[signed(), revoked], NOW);
        assert_eq!(again, Err("one was revoked"));
        let mut unsigned = with("revoked", json!(true));
        unsigned.spec.signature = None;
        assert!(held_against(&keys, "flux", &[signed(), unsigned], NOW).is_ok());
    }
}
