//! Who may sign approvals, and with which keys: lines as in OpenSSH's `allowed_signers`
//! (ssh-keygen(1), section ALLOWED SIGNERS), narrower where those could make two persons of one.

use crate::api::Machines;
use crate::api::machines::is_service_account;
use crate::api::signature::{NAMESPACE, takes};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::PublicKey;
use ssh_key::public::KeyData;
use std::collections::BTreeMap;

/// Principal → keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApprovalKeys(BTreeMap<String, Vec<ApprovalKey>>);

/// A key of one principal.
#[derive(Clone, Debug, PartialEq)]
struct ApprovalKey {
    key: KeyData,
    /// From when on it counts.
    after: Timestamp,
    /// Until when it counts.
    before: Timestamp,
}

impl ApprovalKeys {
    /// Reads lines of `principal [options] key-type key [comment]`; empty ones and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            all.add(line)
                .map_err(|why| format!("line {}: {why}", at.saturating_add(1)))?;
        }
        Ok(all)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (principal, rest) = words.split_first().ok_or("it is empty")?;
        let principal = person(principal)?;
        let (options, key) = match PublicKey::from_openssh(&rest.join(" ")) {
            Ok(key) => ("", key),
            Err(_) => key_after_options(rest)?,
        };
        let key = key.key_data();
        if !takes(key) {
            return Err("keys of this kind are not taken: use ed25519, ecdsa on P-256, or rsa of 2048 bits and more".into());
        }
        let others = self.0.iter().filter(|(other, _)| *other != principal);
        if others
            .into_iter()
            .any(|(_, keys)| keys.iter().any(|one| one.key == *key))
        {
            return Err(
                "the key stands with another principal already: a key is one person's".into(),
            );
        }
        let mut one = ApprovalKey {
            key: key.clone(),
            after: Timestamp::MIN,
            before: Timestamp::MAX,
        };
        for option in split(options) {
            one.set(option)?;
        }
        self.0.entry(principal.to_owned()).or_default().push(one);
        Ok(())
    }

    /// The first principal that is a machine: none of those can approve.
    pub fn machine(&self, machines: &Machines) -> Option<&str> {
        let mut principals = self.0.keys();
        let found = principals.find(|principal| machines.has(principal));
        found.map(String::as_str)
    }

    /// Until when this approver's approval counts by this key, or why it does not.
    pub fn until(
        &self,
        approver: &str,
        key: &KeyData,
        now: Timestamp,
    ) -> Result<Timestamp, &'static str> {
        let Some(keys) = self.0.get(approver) else {
            return Err("one is signed by somebody who has no key in the operator's configuration");
        };
        let mut his = keys.iter().filter(|one| one.key == *key).peekable();
        if his.peek().is_none() {
            return Err(
                "one is signed with another key than its approver's in the operator's configuration",
            );
        }
        let valid = his.filter(|one| one.after <= now && now < one.before);
        let until = valid.map(|one| one.before).max();
        until.ok_or("one is signed with a key whose time has not come or is over")
    }
}

impl ApprovalKey {
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name {
            "valid-after" => self.after = moment(value)?,
            "valid-before" => self.before = moment(value)?,
            "namespaces" if value.split(',').any(|one| one == NAMESPACE) => {}
            "namespaces" => return Err(format!("the option namespaces does not name {NAMESPACE}")),
            _ => {
                return Err(format!(
                    "the option {name} is not taken: only valid-after, valid-before and namespaces are"
                ));
            }
        }
        Ok(())
    }
}

fn key_after_options<'a>(words: &[&'a str]) -> Result<(&'a str, PublicKey), String> {
    let none =
        "there is no public key as ssh-keygen writes it, after one principal and its options";
    let (options, key) = words.split_first().ok_or(none)?;
    let key = PublicKey::from_openssh(&key.join(" ")).map_err(|_| none)?;
    Ok((options, key))
}

/// A principal is one person, by the name that the cluster knows.
fn person(principal: &str) -> Result<&str, &'static str> {
    if principal.contains(['*', '?', '!', ',', '"']) {
        Err(
            "a principal is one name, without patterns, lists and quotes: approvals are counted by person",
        )
    } else if is_service_account(principal) {
        Err("a service account cannot approve")
    } else {
        Ok(principal)
    }
}

/// Options are divided by commas, but for those in quotes.
fn split(options: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let divides = move |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    options.split(divides).filter(|option| !option.is_empty())
}

/// `YYYYMMDDZ`, `YYYYMMDDhhmmZ` or `YYYYMMDDhhmmssZ`. Without the `Z` OpenSSH means the time zone of the machine, which is
/// nobody's here.
fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is no time in UTC: write YYYYMMDDZ or YYYYMMDDhhmmZ");
    let digits = text.strip_suffix('Z').ok_or_else(wrong)?;
    if ![8, 12, 14].contains(&digits.len()) || digits.contains(|c: char| !c.is_ascii_digit()) {
        return Err(wrong());
    }
    let time = DateTime::strptime("%Y%m%d%H%M%S", format!("{digits:0<14}"));
    let zoned = time.and_then(|time| time.to_zoned(TimeZone::UTC));
    zoned.map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    const ED25519: &str = include_str!("../../tests/support/signatures/ed25519.pub");
    const ECDSA: &str = include_str!("../../tests/support/signatures/ecdsa.pub");
    const RSA: &str = include_str!("../../tests/support/signatures/rsa.pub");

    fn key(line: &str) -> KeyData {
        PublicKey::from_openssh(line).unwrap().key_data().clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOW: &str = "2026-11-28T12:00:00Z";

    #[test]
    fn each_principal_has_keys_of_its_own() {
        let text = format!("# who approves\n\nbob {ED25519}\nbob {RSA}\n  carol   {ECDSA}");
        let keys = ApprovalKeys::parse(&text).unwrap();
        let until = |who: &str, line: &str| keys.until(who, &key(line), at(NOW));
        for (who, line) in [("bob", ED25519), ("bob", RSA), ("carol", ECDSA)] {
            assert_eq!(until(who, line), Ok(Timestamp::MAX));
        }
        assert!(
            until("carol", RSA)
                .unwrap_err()
                .contains("another key than its approver's")
        );
        assert!(until("dave", RSA).unwrap_err().contains("has no key"));
        assert!(
            ApprovalKeys::parse("")
                .unwrap()
                .until("bob", &key(RSA), at(NOW))
                .is_err()
        );
    }

    #[test]
    fn a_key_counts_in_its_time_only() {
        let until = |options: &str, now: &str| {
            let keys = ApprovalKeys::parse(&format!("bob {options} {ED25519}")).unwrap();
            keys.until("bob", &key(ED25519), at(now))
        };
        let year = r#"namespaces="git,tenantclosure.dev",valid-after="20260101Z",valid-before="20261231Z""#;
        assert_eq!(until(year, NOW), Ok(at("2026-12-31T00:00:00Z")));
        for outside in ["2025-12-31T23:59:59Z", "2026-12-31T00:00:00Z"] {
            assert!(
                until(year, outside)
                    .unwrap_err()
                    .contains("not come or is over")
            );
        }
        let noon = "valid-before=202611281200Z";
        assert!(until(noon, NOW).is_err());
        assert_eq!(until(noon, "2026-11-28T11:59:59Z"), Ok(at(NOW)));
        assert!(until("valid-before=20261128120001Z", NOW).is_ok());

        let twice =
            format!("bob valid-before=20260201Z {ED25519}\nbob valid-after=20261101Z {ED25519}");
        let keys = ApprovalKeys::parse(&twice).unwrap();
        assert_eq!(
            keys.until("bob", &key(ED25519), at(NOW)),
            Ok(Timestamp::MAX)
        );
    }

    #[test]
    fn what_is_not_taken_is_refused_with_its_line() {
        for (line, why) in [
            (format!("*@contoso.com {ED25519}"), "one name"),
            (format!("bob,carol {ED25519}"), "one name"),
            (format!("system:serviceaccount:flux-system:flux {ED25519}"), "service account"),
            (format!("bob cert-authority {ED25519}"), "the option cert-authority is not taken"),
            (format!("bob valid-until=20270101Z {ED25519}"), "the option valid-until is not taken"),
            (format!("bob namespaces=\"git\" {ED25519}"), "does not name tenantclosure.dev"),
            (format!("bob valid-before=20270101 {ED25519}"), "no time in UTC"),
            (format!("bob valid-before=2027Z {ED25519}"), "no time in UTC"),
            (format!("bob valid-before=20271301Z {ED25519}"), "no time in UTC"),
            (format!("carol {ECDSA}"), "stands with another principal"),
            (ED25519.to_owned(), "no public key"),
            ("bob".to_owned(), "no public key"),
            ("bob ssh-ed25519 AAAA".to_owned(), "no public key"),
            (
                "bob ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBO3Pw0e4zv7ZkciWKUCSHkRQJw70nIDPkvLGD0MzJ4uXJMp2kSgANNJDfhpabQrIAeNkXAivxWIrl0mrO58e/lUuUE1Z6YaM7duoI4CfKVE0rZLP45tNyFH9LQzcvz03kA==".to_owned(),
                "not taken: use ed25519",
            ),
        ] {
            let told = ApprovalKeys::parse(&format!("dave {ECDSA}\n{line}")).unwrap_err();
            assert!(told.starts_with("line 3: ") && told.contains(why), "{line}: {told}");
        }
    }
}
