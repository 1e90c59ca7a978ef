//! Authors: who created a closure, and who has changed since what an approval rests on, as admission stamped it.

use crate::api::{CHANGED_BY, REQUESTED_BY, TenantClosure};
use kube::ResourceExt as _;

/// How the API server names service accounts.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The persons and programs that wrote a closure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authors {
    /// Who created it; empty where nobody knows.
    creator: String,
    /// Whoever has written what counts, one a line.
    changed: String,
}

impl Authors {
    /// Those of this closure.
    pub fn of(closure: &TenantClosure) -> Self {
        let stamped = |annotation: &str| closure.annotations().get(annotation).cloned();
        Self {
            creator: stamped(REQUESTED_BY).unwrap_or_default(),
            changed: stamped(CHANGED_BY).unwrap_or_default(),
        }
    }

    /// Nobody knows who created it.
    pub fn is_unknown(&self) -> bool {
        self.creator.is_empty()
    }

    /// He created it.
    pub fn created(&self, name: &str) -> bool {
        self.creator == name
    }

    /// He wrote something in it that counts. As the policies look for it: a name that has a line feed in it is found as well.
    pub fn changed(&self, name: &str) -> bool {
        format!("\n{}\n", self.changed).contains(&format!("\n{name}\n"))
    }

    /// A service account is among them: who stands behind it the cluster does not know.
    pub fn has_a_service_account(&self) -> bool {
        let mut all = self.changed.lines().chain([self.creator.as_str()]);
        all.any(is_service_account)
    }
}

/// The name is a service account's.
pub fn is_service_account(name: &str) -> bool {
    name.starts_with(SERVICE_ACCOUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authors(creator: &str, changed: &str) -> Authors {
        Authors {
            creator: creator.to_owned(),
            changed: changed.to_owned(),
        }
    }

    #[test]
    fn everybody_whose_whole_name_stands_there_is_one_of_them() {
        let some = authors("alice", "alice\nbob\nacme\\carol\ntwo\nlines");
        for name in ["alice", "bob", "acme\\carol", "two\nlines"] {
            assert!(some.changed(name), "{name:?}");
        }
        for name in ["bo", "carol", "alic", "bob\n", ""] {
            assert!(!some.changed(name), "{name:?}");
        }
        assert!(some.created("alice") && !some.created("bob"));
    }

    #[test]
    fn a_service_account_counts_wherever_it_stands() {
        let robot = "system:serviceaccount:flux-system:kustomize-controller";
        assert!(authors(robot, "").has_a_service_account());
        assert!(authors("alice", &format!("alice\n{robot}")).has_a_service_account());
        assert!(!authors("alice", "alice\nsystem:masters").has_a_service_account());
    }
}
