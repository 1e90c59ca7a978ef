//! A pipeline that comes to the cluster with an identity of its own and no service account: the API server takes it for a
//! person, and the operator's configuration says that it is none (`machineAuthors`).

use crate::approvals::{bob_and_carol, create, give_role, good, told};
use crate::cluster::ARGOCD;
use crate::trial::Trial;
use serde_json::json;
use tenant_closure::closure::report::Phase;

crate::rows![
    two_persons_where_a_pipeline_wrote_the_closure,
    a_pipeline_does_not_approve,
    what_a_pipeline_wrote_does_not_go_without_approval
];

/// Applied by the pipeline, with an author's Role; whoever committed it, nobody in the cluster knows.
async fn applied_by_the_pipeline(trial: &Trial) {
    give_role(trial, "argocd-writes", "closure-author", ARGOCD).await;
    let manifest = trial.case.manifest.to_string();
    let applied = trial.case.cluster.apply(ARGOCD, &manifest).await;
    applied.unwrap();
    trial.phase(Phase::AwaitingApproval).await;
}

async fn two_persons_where_a_pipeline_wrote_the_closure() {
    let trial = Trial::new("by-pipeline", json!({})).await;
    applied_by_the_pipeline(&trial).await;
    bob_and_carol(&trial).await;
}

async fn a_pipeline_does_not_approve() {
    let trial = Trial::new("pipeline-approves", json!({})).await;
    give_role(&trial, "argocd-approves", "closure-approver", ARGOCD).await;
    trial.apply().await;
    trial.phase(Phase::AwaitingApproval).await;
    let it = good(&trial, "it", ARGOCD).await;
    create(&trial, ARGOCD, &it).await;
    let message = "0 of 1 approvals for this plan; not counted: one is by a machine (machineAuthors in the operator's configuration)";
    told(&trial, "ApprovalsMissing", message).await;
    trial.assert_stands_still().await;
    trial.assert_untouched().await;
}

/// The configuration lets closures ask for no approval at all.
async fn what_a_pipeline_wrote_does_not_go_without_approval() {
    let mut trial = Trial::new("pipeline-asks-for-none", json!({})).await;
    trial.spec()["approval"] = json!({"required": 0});
    applied_by_the_pipeline(&trial).await;
    let message = "0 of 2 approvals for this plan; not counted: a service account or another machine wrote the closure, so two \
                   persons are asked";
    told(&trial, "ApprovalsMissing", message).await;
    trial.assert_stands_still().await;
    trial.assert_untouched().await;
}
