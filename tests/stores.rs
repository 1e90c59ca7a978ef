//! The evidence stores of clouds, on real servers on the loopback: versitygw for S3, Azurite for Azure Blob Storage,
//! fake-gcs-server for Google Cloud Storage. All of them are spoken to over TLS; `stores/server.sh` obtains them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "stores/azure.rs"]
mod azure;
#[path = "support/case.rs"]
mod case;
#[path = "stores/certificates.rs"]
mod certificates;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/children.rs"]
mod children;
#[path = "stores/cloud.rs"]
mod cloud;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "stores/course.rs"]
mod course;
#[path = "stores/gcs.rs"]
mod gcs;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "support/reasons.rs"]
mod reasons;
#[path = "stores/s3.rs"]
mod s3;
#[path = "stores/secrets.rs"]
mod secrets;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;
#[path = "stores/writers.rs"]
mod writers;

use cluster::Result;
