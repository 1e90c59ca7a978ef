//! The keys of the operator's configuration: one that is none of them is a fault like any other.

use k8s_openapi::api::core::v1::ConfigMap;
use std::collections::BTreeMap;

/// Every key that there is.
const KEYS: [&str; 20] = [
    "allowFewerApprovals",
    "allowMachinesWithoutApproval",
    "allowedTenants",
    "approvalKeys",
    "evidenceRequired",
    "evidenceStore",
    "gracePeriod",
    "inventory",
    "inventoryRetentionDays",
    "killSwitch",
    "machineAuthors",
    "maxClosuresActing",
    "maxClosuresPer30Days",
    "minimumApprovals",
    "overdueAfter",
    "pollAtMost",
    "protectedTenants",
    "retainedAdministratorProofDays",
    "slice",
    "workloadIdentityTenants",
];

/// A key that is none: a brake with a slip of the pen in its name would otherwise be off, and nobody would be told.
pub(super) fn unknown(map: &ConfigMap) -> Option<String> {
    let texts = map.data.iter().flat_map(BTreeMap::keys);
    let mut texts = texts.filter(|key| !KEYS.contains(&key.as_str()));
    if let Some(key) = texts.next() {
        let meant = like(key).map_or_else(String::new, |known| format!(" (did you mean {known}?)"));
        return Some(format!("{key} is none of its keys{meant}"));
    }
    let key = map.binary_data.iter().flat_map(BTreeMap::keys).next()?;
    Some(format!(
        "{key} stands in binaryData, where nothing is read: put it into data"
    ))
}

/// The key that looks most like it, if one does.
fn like(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    let likeness = |known: &&'static str| {
        strsim::normalized_damerau_levenshtein(&key, &known.to_ascii_lowercase())
    };
    let by_likeness = |a: &&'static str, b: &&'static str| likeness(a).total_cmp(&likeness(b));
    let most = KEYS.into_iter().max_by(by_likeness)?;
    (likeness(&most) > 0.6).then_some(most)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::controller::configuration::resolve;
    use std::collections::BTreeSet;

    fn map(pairs: &[(&str, &str)]) -> ConfigMap {
        let pairs = pairs.iter();
        ConfigMap {
            data: Some(
                pairs
                    .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                    .collect(),
            ),
            ..ConfigMap::default()
        }
    }

    #[test]
    fn a_key_that_is_none_is_named_with_the_one_that_was_meant() {
        for (key, meant) in [
            (
                "killswitch",
                "killswitch is none of its keys (did you mean killSwitch?)",
            ),
            (
                "KillSwitch",
                "KillSwitch is none of its keys (did you mean killSwitch?)",
            ),
            (
                "kill-switch",
                "kill-switch is none of its keys (did you mean killSwitch?)",
            ),
            (
                "protectedTenant",
                "protectedTenant is none of its keys (did you mean protectedTenants?)",
            ),
            (
                "minimumAprovals",
                "minimumAprovals is none of its keys (did you mean minimumApprovals?)",
            ),
            ("owner", "owner is none of its keys"),
        ] {
            // Whatever else stands in it.
            let read = resolve(Some(&map(&[("killSwitch", "false"), (key, "true")])));
            assert_eq!(read.guards.fault.as_deref(), Some(meant));
        }
        let mut binary = map(&[("killSwitch", "false")]);
        let bytes = k8s_openapi::ByteString(b"true".to_vec());
        binary.binary_data = Some([("killSwitch".to_owned(), bytes)].into());
        let read = resolve(Some(&binary)).guards;
        assert!(!read.present && read.fault.is_some_and(|told| told.contains("binaryData")));
        binary.binary_data = Some(BTreeMap::new());
        assert!(resolve(Some(&binary)).guards.present);
    }

    /// The chart writes every key, and no other.
    #[test]
    fn the_keys_are_those_of_the_chart() {
        let schema = include_str!("../../charts/tenant-closure/values.schema.json");
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let of_chart = schema["properties"]["configuration"]["properties"]
            .as_object()
            .unwrap();
        let of_chart: BTreeSet<&str> = of_chart.keys().map(String::as_str).collect();
        assert_eq!(of_chart, KEYS.into_iter().collect());
        let template = include_str!("../../charts/tenant-closure/templates/configuration.yaml");
        for key in KEYS {
            assert!(template.contains(&format!("\n  {key}: ")), "{key}");
        }
    }
}
