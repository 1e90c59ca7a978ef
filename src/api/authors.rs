//! Authors: who created a closure, and who has changed since what an approval rests on, as admission stamped it.

use crate::api::{CHANGED_BY, Machines, REQUESTED_BY, TenantClosure};
use kube::ResourceExt as _;

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

    /// A machine is among them: who stands behind it the cluster does not know.
    pub fn has_one_of(&self, machines: &Machines) -> bool {
        let mut all = self.changed.lines().chain([self.creator.as_str()]);
        all.any(|name| machines.has(name))
    }
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
    fn a_machine_counts_wherever_it_stands() {
        let machines = Machines::parse("argocd").unwrap_or_default();
        for robot in [
            "system:serviceaccount:flux-system:kustomize-controller",
            "argocd",
        ] {
            assert!(authors(robot, "").has_one_of(&machines));
            assert!(authors("alice", &format!("alice\n{robot}\nbob")).has_one_of(&machines));
        }
        assert!(!authors("alice", "alice\nargocd-too").has_one_of(&machines));
    }
}
