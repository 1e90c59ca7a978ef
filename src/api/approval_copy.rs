//! The copy of an approval or attestation, which outlives it: what of it never changes, and what that hashes to.

use crate::api::{ClosureApproval, hash};
use kube::Resource as _;
use serde_json::{Value, json};

impl ClosureApproval {
    /// Who said what, when, and the signature: all but `revoked`, labels and the API server's own notes.
    pub fn copy(&self) -> Value {
        let mut spec = self.spec.clone();
        spec.revoked = None;
        let metadata = &self.metadata;
        json!({
            "apiVersion": Self::api_version(&()),
            "kind": Self::kind(&()),
            "metadata": {
                "creationTimestamp": metadata.creation_timestamp,
                "name": metadata.name,
                "namespace": metadata.namespace,
                "uid": metadata.uid,
            },
            "spec": spec,
        })
    }

    /// The copy in canonical JSON (RFC 8785): the same bytes, whoever writes them.
    pub fn copy_text(&self) -> String {
        hash::text(&self.copy())
    }

    /// SHA-256 of that text, hexadecimal: what records name.
    pub fn copy_digest(&self) -> String {
        hash::of_text(&self.copy_text())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn stored() -> Value {
        json!({
            "apiVersion": "tenantclosure.dev/v1alpha1", "kind": "ClosureApproval",
            "metadata": {"name": "contoso-bob", "namespace": "closures", "uid": "of-bob", "resourceVersion": "7",
                "creationTimestamp": "2026-11-28T00:00:00Z", "labels": {"team": "red"}},
            "spec": {"purpose": "Approval", "closureName": "contoso", "closureUID": "u", "tenantID": "t", "planDigest": "d",
                "confirmDomain": "contoso.onmicrosoft.com", "approver": "bob", "expiresAt": "2027-01-15T00:00:00Z",
                "signature": "an SSH signature"},
        })
    }

    fn read(value: Value) -> ClosureApproval {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn it_has_what_never_changes_and_the_signature() {
        let copy = read(stored()).copy();
        assert_eq!(copy["spec"], stored()["spec"]);
        assert_eq!(copy["metadata"]["uid"], "of-bob");
        for noted in ["labels", "resourceVersion"] {
            assert_eq!(copy["metadata"].get(noted), None);
        }
        let mut revoked = stored();
        revoked["spec"]["revoked"] = json!(true);
        assert_eq!(read(revoked).copy(), copy, "whatever becomes of it");
        assert_eq!(read(copy.clone()).copy(), copy, "read again it is the same");
    }

    #[test]
    fn whatever_is_changed_in_it_it_hashes_to_something_else() {
        let digest = read(stored()).copy_digest();
        assert_eq!(digest.len(), 64);
        for (pointer, value) in [
            ("/metadata/uid", "of-carol"),
            ("/metadata/name", "contoso-carol"),
            ("/metadata/creationTimestamp", "2026-11-28T00:00:01Z"),
            ("/spec/approver", "carol"),
            ("/spec/planDigest", "e"),
            ("/spec/expiresAt", "2027-01-16T00:00:00Z"),
            ("/spec/signature", "another"),
        ] {
            let mut changed = stored();
            *changed.pointer_mut(pointer).unwrap() = json!(value);
            assert_ne!(read(changed).copy_digest(), digest, "{pointer}");
        }
    }

    #[test]
    fn anybody_computes_the_digest_from_the_text() {
        let text = read(stored()).copy_text();
        let begins = r#"{"apiVersion":"tenantclosure.dev/v1alpha1","kind":"ClosureApproval","metadata":{"creationTimestamp":"#;
        assert!(text.starts_with(begins), "{text}");
        // sha256sum of that text.
        let digest = read(stored()).copy_digest();
        assert_eq!(
            digest,
            "4370505776a4bc4c259b5fdbec462c5bc9994bd1a88c2eff91098a75491d3f07"
        );
    }
}
