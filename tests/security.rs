//! What the operator may and does with what it is trusted with: its rights on the API server, its credentials, and names
//! that others wrote. One closure of a tenant that is as nasty as can be is carried out and looked at from all sides.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/federation.rs"]
mod federation;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "support/sign_in.rs"]
mod sign_in;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

#[path = "security/calls.rs"]
mod calls;
#[path = "security/canary.rs"]
mod canary;
#[path = "security/course.rs"]
mod course;
#[path = "security/names.rs"]
mod names;
#[path = "security/rights.rs"]
mod needed;
#[path = "security/others.rs"]
mod others;
#[path = "security/poison.rs"]
mod poison;

use cluster::Result;
