//! Anchors: what a place outside the journal says of one of its records. Only they show that a tail was cut.

use std::fmt;
use std::str::FromStr;

/// "Record `sequence` hashes to `hash`", and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Which record.
    pub sequence: u64,
    /// Its hash: 64 hexadecimal digits.
    pub hash: String,
    /// Who says so, for people.
    pub source: String,
}

/// What an anchor given by hand must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an anchor is SEQUENCE:HASH, with the 64 hexadecimal digits of the hash, as the operator's log, a report or status.journal says them"
)]
pub struct NoAnchor;

impl FromStr for Anchor {
    type Err = NoAnchor;

    fn from_str(text: &str) -> Result<Self, NoAnchor> {
        let (sequence, hash) = text.trim().split_once(':').ok_or(NoAnchor)?;
        let hash = hash.trim_start_matches("sha256:").to_ascii_lowercase();
        let sequence = sequence.parse().map_err(|_| NoAnchor)?;
        if sequence == 0 || hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoAnchor);
        }
        Ok(Self {
            sequence,
            hash,
            source: "the head that was given".to_owned(),
        })
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}
