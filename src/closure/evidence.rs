//! Evidence outside the cluster: how the copies of the journal in the evidence store stand, and what follows from it.

use crate::closure::decision::{Decision, Standing, Waiting};
use crate::closure::observation::Obstacle;
use std::time::Duration;

/// The condition that tells of it; only where the operator's configuration names a store.
pub const CONDITION: &str = "EvidenceStored";

/// Not everything is there.
pub const NOT_WRITTEN: &str = "EvidenceNotWritten";
/// Something else is there.
pub const DIFFERS: &str = "EvidenceDiffers";

/// The evidence of one closure, as it was seen in this cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Address of the store.
    pub store: String,
    /// No effect starts before everything is there.
    pub required: bool,
    /// How the copies stand.
    pub kept: Kept,
}

/// How the copies stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Every settled record is there, with the plans' parts and the head.
    All,
    /// More is to be written or compared than one cycle does; or, at the end, the report.
    UnderWay,
    /// The store fails: why, in words that stay the same.
    Not(String),
    /// Something else is there: what, in words that stay the same.
    Differs(String),
}

impl Evidence {
    /// True where nothing is left to write.
    pub const fn is_complete(&self) -> bool {
        matches!(self.kept, Kept::All)
    }

    /// What bars the next effect; `None`: nothing.
    pub fn refusal(&self) -> Option<Decision> {
        if !self.required {
            return None;
        }
        match &self.kept {
            Kept::All => None,
            Kept::UnderWay => Some(
                Waiting::new(
                    "WritingEvidence",
                    "The records are being written to the evidence store, and compared with what is there",
                )
                .again_in(Duration::ZERO)
                .into(),
            ),
            Kept::Not(why) => Some(
                Obstacle::new(
                    NOT_WRITTEN,
                    format!(
                        "Evidence is required, and not every record, or not what it rests on, is in {}: {why}",
                        self.store
                    ),
                    "Mend the evidence store; what is missing is written then, and the work goes on by itself",
                )
                .blocks(),
            ),
            Kept::Differs(what) => Some(
                Obstacle::new(
                    DIFFERS,
                    format!(
                        "Evidence is required, and {} does not hold what the journal does: {what}",
                        self.store
                    ),
                    REMEDY,
                )
                .blocks(),
            ),
        }
    }

    /// How the condition stands.
    pub fn standing(&self) -> Standing {
        let store = &self.store;
        let goes_on = if self.required {
            "no effect starts before everything is there"
        } else {
            "the work goes on, and what is missing is written once it can be"
        };
        match &self.kept {
            Kept::All => Standing::yes("Stored", format!("Every settled record is in {store}")),
            Kept::UnderWay => Standing::unknown(
                "Writing",
                format!("Records or the report are being written to {store}"),
            ),
            Kept::Not(why) => Standing::no(
                NOT_WRITTEN,
                format!(
                    "Not every record, or not what it rests on, is in {store}: {why}; {goes_on}"
                ),
            ),
            Kept::Differs(what) => Standing::no(
                DIFFERS,
                format!("{store} does not hold what the journal does: {what}. {REMEDY}"),
            ),
        }
    }
}

/// Nothing that is there is ever replaced by us.
const REMEDY: &str = "Run tenant-closure verify on the cluster and on the store and find out which of the two was changed, and by whom; \
    then move what is wrong out of the store, it is written anew from the cluster";
