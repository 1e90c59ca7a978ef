//! The folder of one closure in a store: how things are named there.

use object_store::path::Path;

/// Names in the folder of one closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(Path);

impl Folder {
    /// `<root>/<tenant id>/<UID>`; whatever the two are, each is one name.
    pub fn new(root: &Path, tenant: &str, uid: &str) -> Self {
        Self(root.clone().join(tenant).join(uid))
    }

    /// The folder itself.
    pub const fn path(&self) -> &Path {
        &self.0
    }

    /// A record of the chain.
    pub fn record(&self, sequence: u64) -> Path {
        let name = format!("{sequence:010}.json");
        self.0.clone().join("records").join(name)
    }

    /// A part of a plan, by its name in the journal.
    pub fn plan(&self, name: &str) -> Path {
        self.0.clone().join("plans").join(format!("{name}.json"))
    }

    /// An approval or attestation that a record rests on, by its UID.
    pub fn approval(&self, uid: &str) -> Path {
        self.0.clone().join("approvals").join(format!("{uid}.json"))
    }

    /// Anything else, for example `report.json`.
    pub fn named(&self, name: &str) -> Path {
        self.0.clone().join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_sort_as_they_are_numbered() {
        let folder = Folder::new(&Path::from("evidence"), "tenant", "uid");
        assert_eq!(
            folder.record(12).as_ref(),
            "evidence/tenant/uid/records/0000000012.json"
        );
        assert_eq!(
            folder.plan("uid-plan-ab-0000").as_ref(),
            "evidence/tenant/uid/plans/uid-plan-ab-0000.json"
        );
        assert_eq!(
            folder.approval("of-bob").as_ref(),
            "evidence/tenant/uid/approvals/of-bob.json"
        );
        assert_eq!(
            folder.named("report.md").as_ref(),
            "evidence/tenant/uid/report.md"
        );
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = Folder::new(&Path::default(), "..", "a/../../b");
        let parts: Vec<_> = folder.path().parts().collect();
        assert_eq!(parts.len(), 2);
        assert!(
            parts
                .iter()
                .all(|part| part.as_ref() != ".." && !part.as_ref().contains('/'))
        );
    }
}
