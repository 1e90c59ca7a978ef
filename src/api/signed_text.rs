//! The text of an approval or attestation that its approver signs, where he cannot create the object himself.
//!
//! One line a field, in the order of [`FIELDS`], each as `name: value` with the field's name and value in the object and a
//! line feed at its end; fields that are absent are left out. The first line is [`FIRST_LINE`]. `expiresAt` is in UTC, as
//! RFC 3339 with a `Z`, and fractions of a second only where there are any.

use crate::api::ClosureApprovalSpec;
use serde_json::{Map, Value};

/// What the text is, and in which version.
const FIRST_LINE: &str = "tenantclosure.dev approval v1";

/// All that is signed: every field of the spec but the signature and `revoked`.
const FIELDS: [&str; 11] = [
    "purpose",
    "closureName",
    "closureUID",
    "tenantID",
    "planDigest",
    "confirmDomain",
    "approver",
    "expiresAt",
    "comment",
    "check",
    "result",
];

impl ClosureApprovalSpec {
    /// The text to sign. `None` where a field has a control character: it could pass for another line.
    pub fn text(&self) -> Option<String> {
        let spec = serde_json::to_value(self).ok()?;
        let mut text = format!("{FIRST_LINE}\n");
        for field in FIELDS {
            let Some(value) = spec.get(field).and_then(Value::as_str) else {
                continue;
            };
            if value.contains(char::is_control) {
                return None;
            }
            text.extend([field, ": ", value, "\n"]);
        }
        Some(text)
    }

    /// What a text says; `None` where it is no such text, to the letter.
    pub fn of_text(text: &str) -> Option<Self> {
        let fields = text.strip_prefix(FIRST_LINE)?.trim_start().lines();
        let fields = fields.map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), Value::from(value)))
        });
        let fields = fields.collect::<Option<Map<String, Value>>>()?;
        let spec: Self = serde_json::from_value(Value::Object(fields)).ok()?;
        (spec.text()? == text).then_some(spec)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::api::ClosureApproval;
    use kube::CustomResourceExt as _;
    use serde_json::json;
    use std::collections::BTreeSet;

    const APPROVAL: &str = "tenantclosure.dev approval v1\n\
        purpose: Approval\n\
        closureName: contoso\n\
        closureUID: 0b5b1f0e-0000-4000-8000-000000000001\n\
        tenantID: 5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de\n\
        planDigest: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n\
        confirmDomain: contoso.onmicrosoft.com\n\
        approver: bob\n\
        expiresAt: 2027-01-15T00:00:00Z\n\
        comment: CAB-118: as agreed\n";

    fn approval() -> Value {
        json!({
            "purpose": "Approval", "closureName": "contoso", "closureUID": "0b5b1f0e-0000-4000-8000-000000000001",
            "tenantID": "5a8c1f0e-7b1d-4c57-9f5e-2d3b64a1c0de", "planDigest": "0123456789abcdef".repeat(4),
            "confirmDomain": "contoso.onmicrosoft.com", "approver": "bob", "expiresAt": "2027-01-15T01:00:00+01:00",
            "comment": "CAB-118: as agreed", "signature": "s", "revoked": true,
        })
    }

    fn spec(value: Value) -> ClosureApprovalSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_text_is_as_documented_and_says_what_the_object_says() {
        assert_eq!(spec(approval()).text().unwrap(), APPROVAL);
        let mut read = ClosureApprovalSpec::of_text(APPROVAL).unwrap();
        read.signature = Some("s".into());
        read.revoked = Some(true);
        assert_eq!(read, spec(approval()));

        let mut attestation = approval();
        let fields = attestation.as_object_mut().unwrap();
        fields.retain(|name, _| !["planDigest", "comment"].contains(&name.as_str()));
        fields.insert("purpose".into(), json!("Attestation"));
        fields.insert("check".into(), json!("C9"));
        fields.insert("result".into(), json!("none left"));
        let text = spec(attestation).text().unwrap();
        assert!(text.starts_with("tenantclosure.dev approval v1\npurpose: Attestation\n"));
        assert!(text.ends_with("\ncheck: C9\nresult: none left\n"), "{text}");
        assert!(!text.contains("planDigest"), "{text}");
    }

    #[test]
    fn a_text_that_differs_in_anything_is_none() {
        let documented = include_str!("../../docs/approval.md");
        let example = documented.split("```text\n").nth(1).unwrap();
        let example = example.split("```").next().unwrap();
        assert!(ClosureApprovalSpec::of_text(example).is_some(), "{example}");
        for (from, to) in [
            ("v1", "v2"),
            ("purpose: Approval\n", ""),
            ("approver: bob\n", "approver: bob\napprover: bob\n"),
            ("approver: bob\n", "approver: bob\r\n"),
            ("approver: bob\n", "approver: bob\nrevoked: false\n"),
            ("00:00:00Z", "00:00:00+00:00"),
            ("agreed\n", "agreed"),
            ("agreed\n", "agreed\n\n"),
        ] {
            let spoilt = APPROVAL.replacen(from, to, 1);
            assert_eq!(ClosureApprovalSpec::of_text(&spoilt), None, "{to:?}");
        }
        let swapped = APPROVAL.replacen("approver: bob\n", "", 1) + "approver: bob\n";
        assert_eq!(ClosureApprovalSpec::of_text(&swapped), None);
    }

    #[test]
    fn what_could_pass_for_another_line_has_no_text() {
        for field in ["closureUID", "approver", "comment", "check", "result"] {
            let mut spoilt = approval();
            spoilt[field] = json!("x\nexpiresAt: 2028-01-01T00:00:00Z");
            assert_eq!(spec(spoilt).text(), None, "{field}");
        }
    }

    #[test]
    fn every_field_but_the_signature_and_its_revocation_is_signed() {
        let crd = serde_json::to_value(ClosureApproval::crd()).unwrap();
        let spec =
            crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties");
        let mut there: BTreeSet<&str> = spec
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert!(there.remove("signature") && there.remove("revoked"));
        assert_eq!(there, BTreeSet::from(FIELDS));
    }
}
