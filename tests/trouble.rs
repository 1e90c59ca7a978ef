//! Bad input and bad luck: each row has a closure of its own on one real control plane, with one operator and one
//! simulator, and shows what a user is told and that nothing was deleted that should not be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // tests say what failed by panicking

#[path = "trouble/administrators.rs"]
mod administrators;
#[path = "support/afterwards.rs"]
mod afterwards;
#[path = "trouble/approvals.rs"]
mod approvals;
#[allow(dead_code)] // the rows of bad luck look closer
#[path = "support/audit.rs"]
mod audit;
#[path = "trouble/backup.rs"]
mod backup;
#[path = "trouble/billing.rs"]
mod billing;
#[path = "trouble/brakes.rs"]
mod brakes;
#[path = "support/case.rs"]
mod case;
#[allow(dead_code)] // the closing tests use the rest
#[path = "support/children.rs"]
mod children;
#[allow(dead_code, unreachable_pub)] // each test binary uses its part
#[path = "support/cluster.rs"]
mod cluster;
#[path = "trouble/credentials.rs"]
mod credentials;
#[path = "trouble/domains.rs"]
mod domains;
#[path = "trouble/each_right.rs"]
mod each_right;
#[path = "trouble/end_game.rs"]
mod end_game;
#[path = "trouble/excess.rs"]
mod excess;
#[path = "trouble/expiry.rs"]
mod expiry;
#[path = "support/federation.rs"]
mod federation;
#[path = "trouble/identity.rs"]
mod identity;
#[path = "trouble/kinds.rs"]
mod kinds;
#[path = "trouble/losses.rs"]
mod losses;
#[path = "trouble/machines.rs"]
mod machines;
#[path = "trouble/mail.rs"]
mod mail;
#[path = "trouble/mixed.rs"]
mod mixed;
#[path = "trouble/oidc.rs"]
mod oidc;
#[path = "trouble/ordinary.rs"]
mod ordinary;
#[path = "trouble/partner.rs"]
mod partner;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/person.rs"]
mod person;
#[path = "trouble/preconditions.rs"]
mod preconditions;
#[path = "trouble/roles.rs"]
mod roles;
#[path = "support/rows.rs"]
mod rows;
#[path = "trouble/signed.rs"]
mod signed;
#[path = "support/signer.rs"]
mod signer;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/simulator.rs"]
mod simulator;
#[allow(dead_code)] // the demo uses the rest
#[path = "support/stack.rs"]
mod stack;
#[path = "trouble/strangers.rs"]
mod strangers;
#[path = "trouble/supplements.rs"]
mod supplements;
#[path = "trouble/switches.rs"]
mod switches;
#[path = "trouble/tenants.rs"]
mod tenants;
#[allow(dead_code)] // the rows of bad luck use the rest
#[path = "trouble/trial.rs"]
mod trial;

use cluster::Result;
pub(crate) use rows::rows;

/// For the operator: its effects are short.
const ARGUMENTS: [&str; 4] = ["--effect-seconds", "2", "--request-seconds", "2"];

/// For the chart: whose signatures count.
fn values() -> Vec<String> {
    let keys = signed::SIGNER.approval_keys();
    vec![
        format!("configuration.approvalKeys={keys}"),
        "configuration.machineAuthors={arn:aws:sts::111122223333:assumed-role/argocd/*}".to_owned(),
        "configuration.allowFewerApprovals=true".to_owned(),
    ]
}

fn main() {
    let rows = [
        administrators::rows(),
        approvals::rows(),
        backup::rows(),
        billing::rows(),
        brakes::rows(),
        credentials::rows(),
        domains::rows(),
        each_right::rows(),
        excess::rows(),
        end_game::rows(),
        expiry::rows(),
        identity::rows(),
        kinds::rows(),
        losses::rows(),
        machines::rows(),
        mail::rows(),
        mixed::rows(),
        oidc::rows(),
        ordinary::rows(),
        partner::rows(),
        preconditions::rows(),
        roles::rows(),
        signed::rows(),
        strangers::rows(),
        supplements::rows(),
        switches::rows(),
        tenants::rows(),
    ];
    rows::run(rows, trial::all_together)
}
