//! Access: the rows of the table that tells, per step, who needs what and whether it is held; and what of it is too much,
//! or ends too early.

pub mod ends;
pub mod table;
pub mod warnings;
mod when;

use crate::closure::step::Step;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who needs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Who {
    /// The application whose credential the closure names.
    Identity,
    /// The administrator who stays and finishes.
    RetainedAdministrator,
}

impl Who {
    /// As it is told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::RetainedAdministrator => "retained administrator",
        }
    }
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// For which step.
    pub step: Step,
    /// Who needs it.
    pub who: Who,
    /// What is needed.
    pub what: &'static str,
    /// Whether it is held; `None`: nobody can tell yet.
    pub held: Option<bool>,
    /// False where a person does it otherwise: to lack it bars nothing.
    pub vital: bool,
}

impl Need {
    /// It bars the way: needed, and not held.
    pub fn lacks(&self) -> bool {
        self.vital && self.held == Some(false)
    }
}
