//! Room simulator: Microsoft's side of a closing, in one process, with Microsoft's quotas, delays and refusals.
//!
//! It stands alone, so that it can disagree with the operator. `/_sim` tells what is true and what was done wrongly.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]

mod arm;
mod clock;
mod control;
mod exchange;
mod faults;
mod graph;
mod graph_read;
mod graph_write;
mod login;
mod random;
mod scenario;
mod server;
mod throttle;
mod world;

pub use server::{Running, start};

/// How to start a simulator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen on; port 0 takes any free one.
    pub listen: String,
    /// The text of a scenario, YAML.
    pub scenario: String,
    /// What decides chance.
    pub seed: u64,
    /// Users of each tenant, in place of what the scenario says.
    pub users: Option<usize>,
    /// Virtual seconds in a real second, for Microsoft's long durations.
    pub speed: f64,
}

impl Settings {
    /// A simulator on any free port of this machine, at the speed of the world.
    pub fn of(scenario: &str) -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            scenario: scenario.to_owned(),
            seed: 1,
            users: None,
            speed: 1.0,
        }
    }
}
