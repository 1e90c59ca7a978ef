//! Evidence of a real closure on a real API server: verified where it lies and as a file, whole and tampered with.
#![cfg(feature = "operator")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[allow(dead_code)] // other tests use the rest
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[path = "support/chromium.rs"]
mod chromium;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;

#[path = "evidence/approvals.rs"]
mod approvals;
#[path = "evidence/closed.rs"]
mod closed;
#[path = "evidence/page.rs"]
mod page;
#[path = "evidence/personal.rs"]
mod personal;
#[path = "evidence/report.rs"]
mod report;
#[path = "evidence/seven.rs"]
mod seven;
#[path = "evidence/tampering.rs"]
mod tampering;

use cluster::Result;
