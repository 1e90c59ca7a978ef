//! The pure core: what was seen → what comes next. No clock, no client, no logger.
//!
//! [`decide::decide`] walks the guards, then the steps in [`step::Step::ORDER`], and stops at the first
//! that is not done. Everything it needs is in its arguments; everything it says is a value.

pub mod acceptance;
pub mod access;
pub mod asked;
pub mod bought;
pub mod checks;
pub mod clock;
pub mod conditions;
pub mod continued;
pub mod deadline;
pub mod decide;
pub mod decision;
pub mod domain;
pub mod estimate;
pub mod evidence;
pub mod external;
pub mod guards;
pub mod hand_offs;
pub mod id;
pub mod intent;
pub mod inventory;
pub mod label;
pub mod links;
pub mod loss;
pub mod mail;
pub mod memory;
pub mod observation;
pub mod pause;
pub mod people;
pub mod phase;
pub mod plan;
pub mod question;
pub mod recycle_bin;
pub mod report;
pub mod request_ids;
pub mod residue;
pub mod restore;
pub mod retention;
pub mod schedule;
pub mod setback;
pub mod special;
pub mod step;
pub mod steps;
pub mod supplement;
pub mod tenant;
pub mod terms;
pub mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
