//! What the plugin writes: approvals, attestations, a pause.

use crate::api::{Authors, ClosureApproval, ClosureApprovalSpec, Machines, Purpose, TenantClosure};
use crate::plugin::arguments::{Approve, Attest, Signing};
use crate::plugin::{Ended, Trouble, read, signing};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use std::io::Write;

/// For how many days an attestation counts.
const ATTESTED: u32 = 90;
/// An approval of 90 days ends so much sooner: the clocks of a person and of the API server differ.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(10);
/// Fewer digits of a digest name no plan.
const SHORTEST_PREFIX: usize = 6;

pub(crate) async fn approve(
    asked: &Approve,
    client: Client,
    namespace: &str,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let closure = read(&client, namespace, &asked.name).await?;
    let digest = plan_named(&closure, &asked.plan)?;
    let subject = Subject::confirmed(&closure, &asked.confirm)?;
    let approver = approver(&asked.signing, &client).await?;
    let spec = approval(asked, subject, digest.clone(), approver);
    if asked.signing.text {
        return signing::print(&spec, out);
    }
    let (name, approver) = create(spec, client, namespace, &asked.name).await?;
    let what = kind_of(&closure, &digest);
    let short = digest.get(..12).unwrap_or(&digest);
    writeln!(
        out,
        "closureapproval.tenantclosure.dev/{name} created: {approver} approves {what} {short} for {} days",
        asked.days
    )?;
    Ok(Ended::Done)
}

pub(crate) async fn attest(
    asked: &Attest,
    client: Client,
    namespace: &str,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let closure = read(&client, namespace, &asked.name).await?;
    let subject = Subject::confirmed(&closure, &asked.confirm)?;
    let spec = attested(asked, subject, approver(&asked.signing, &client).await?);
    if asked.signing.text {
        return signing::print(&spec, out);
    }
    let (name, approver) = create(spec, client, namespace, &asked.name).await?;
    writeln!(
        out,
        "closureapproval.tenantclosure.dev/{name} created: {approver} attests {}: {}",
        asked.check, asked.result
    )?;
    Ok(Ended::Done)
}

/// An attestation that lacks its check and result.
pub(crate) async fn attestation(
    closure: &TenantClosure,
    client: &Client,
    confirm: &str,
) -> Result<ClosureApprovalSpec, Trouble> {
    let subject = Subject::confirmed(closure, confirm)?;
    let mut spec = blank(subject, myself(client).await?, ATTESTED);
    spec.purpose = Purpose::Attestation;
    Ok(spec)
}

/// As whom a brake is written. A `GitOps` tool takes what is owned in kubectl's name (and a manager without a name of its own is
/// called like this program, `kubectl-…`) for a slip that it corrects: Flux drops those fields with its next run.
const FIELD_MANAGER: &str = "tenant-closure-plugin";

pub(crate) async fn suspend(
    name: &str,
    suspended: bool,
    client: Client,
    namespace: &str,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let closure = read(&client, namespace, name).await?;
    let closures: Api<TenantClosure> = Api::namespaced(client, namespace);
    let patch = serde_json::json!({"spec": {"suspend": suspended}});
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    closures.patch(name, &params, &Patch::Merge(patch)).await?;
    let word = if suspended {
        "suspended: at most the call in flight finishes"
    } else {
        "resumed"
    };
    writeln!(out, "tenantclosure.tenantclosure.dev/{name} {word}")?;
    if let Some(warning) = from_git(&closure, suspended) {
        writeln!(out, "{warning}")?;
    }
    Ok(Ended::Done)
}

/// What has to be said elsewhere as well, where a machine writes the closure: a service account among its authors, or what Flux and
/// Argo CD leave on what they apply.
fn from_git(closure: &TenantClosure, suspended: bool) -> Option<&'static str> {
    const TOOLS: [&str; 3] = [
        "kustomize.toolkit.fluxcd.io/",
        "helm.toolkit.fluxcd.io/",
        "argocd.argoproj.io/",
    ];
    let mut left = closure.labels().keys().chain(closure.annotations().keys());
    let applied = left.any(|key| TOOLS.iter().any(|tool| key.starts_with(tool)));
    let machine = Authors::of(closure).has_one_of(&Machines::default());
    (applied || machine).then_some(if suspended {
        "A machine writes this closure: say `suspend: true` in Git as well. Where Git says `suspend: false` the API server refuses it, and \
         a machine that it does not know for one (an IAM role, a pipeline's token) resumes the closure."
    } else {
        "A machine writes this closure: where Git says `suspend: true`, take it out there as well, or it is suspended again."
    })
}

/// The digest of the plan in force, of the supplement that waits, or of what was accepted later, where `prefix` names it.
fn plan_named(closure: &TenantClosure, prefix: &str) -> Result<String, Trouble> {
    let prefix = prefix.trim_start_matches("sha256:").to_ascii_lowercase();
    if prefix.len() < SHORTEST_PREFIX {
        return Err(Trouble::Usage(format!(
            "--plan needs at least {SHORTEST_PREFIX} digits of the plan's digest"
        )));
    }
    let plan = closure.status.as_ref().and_then(|s| s.plan.as_ref());
    let Some(plan) = plan else {
        return Err(Trouble::Usage(
            "there is no plan yet; watch it with `kubectl tenant-closure status --watch`".into(),
        ));
    };
    let open = plan.supplement.as_ref().map(|one| one.digest.as_str());
    let later = plan.acceptance.as_ref().map(|one| one.digest.as_str());
    let mut all = std::iter::once(plan.digest.as_str())
        .chain(open)
        .chain(later);
    if let Some(named) = all.find(|digest| digest.starts_with(&prefix)) {
        return Ok(named.to_owned());
    }
    let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
    let open = open.map_or_else(String::new, |digest| {
        format!(", and its supplement {}", short(digest))
    });
    let open = later.map_or(open.clone(), |digest| {
        format!("{open}, and what was accepted later {}", short(digest))
    });
    Err(Trouble::Usage(format!(
        "the plan in force is {}{open}, not {prefix}; read it again before you approve it",
        short(&plan.digest)
    )))
}

/// What this is the digest of.
fn kind_of(closure: &TenantClosure, digest: &str) -> &'static str {
    let plan = closure.status.as_ref().and_then(|s| s.plan.as_ref());
    let open = plan.and_then(|plan| plan.supplement.as_ref());
    let later = plan.and_then(|plan| plan.acceptance.as_ref());
    if open.is_some_and(|open| open.digest == digest) {
        "supplement"
    } else if later.is_some_and(|later| later.digest == digest) {
        "acceptance"
    } else {
        "plan"
    }
}

/// The closure that is spoken of.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) tenant: String,
    pub(crate) domain: String,
}

impl Subject {
    /// This closure, after its domain was confirmed.
    fn confirmed(closure: &TenantClosure, confirm: &str) -> Result<Self, Trouble> {
        let tenant = &closure.spec.tenant;
        if !confirm.eq_ignore_ascii_case(&tenant.initial_domain) {
            return Err(Trouble::Usage(format!(
                "--confirm {confirm} is not this tenant's initial domain ({})",
                tenant.initial_domain
            )));
        }
        Ok(Self {
            name: closure.metadata.name.clone().unwrap_or_default(),
            uid: closure.metadata.uid.clone().unwrap_or_default(),
            tenant: tenant.id.clone(),
            domain: tenant.initial_domain.clone(),
        })
    }
}

/// The approval that was asked for.
pub(crate) fn approval(
    asked: &Approve,
    subject: Subject,
    digest: String,
    approver: String,
) -> ClosureApprovalSpec {
    ClosureApprovalSpec {
        plan_digest: Some(digest),
        comment: asked.comment.clone(),
        ..blank(subject, approver, asked.days)
    }
}

/// The attestation that was asked for.
pub(crate) fn attested(asked: &Attest, subject: Subject, approver: String) -> ClosureApprovalSpec {
    ClosureApprovalSpec {
        purpose: Purpose::Attestation,
        check: Some(asked.check.clone()),
        result: Some(asked.result.clone()),
        ..blank(subject, approver, ATTESTED)
    }
}

/// What approval and attestation have in common.
fn blank(subject: Subject, approver: String, days: u32) -> ClosureApprovalSpec {
    ClosureApprovalSpec {
        purpose: Purpose::Approval,
        closure_name: subject.name,
        closure_uid: subject.uid,
        tenant_id: subject.tenant,
        plan_digest: None,
        confirm_domain: subject.domain,
        approver,
        expires_at: after(days),
        comment: None,
        check: None,
        result: None,
        signature: None,
        revoked: None,
    }
}

/// The moment so many days from now, in whole seconds.
fn after(days: u32) -> Timestamp {
    let rest = SignedDuration::from_hours(24 * i64::from(days)) - CLOCKS_APART;
    let end = Timestamp::now().saturating_add(rest);
    let end = end.unwrap_or(Timestamp::MAX).as_second();
    Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
}

/// In whose name it is.
async fn approver(signing: &Signing, client: &Client) -> Result<String, Trouble> {
    match &signing.approver {
        Some(name) => Ok(name.clone()),
        None => myself(client).await,
    }
}

/// Who the API server says that we are.
async fn myself(client: &Client) -> Result<String, Trouble> {
    let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    review
        .status
        .and_then(|s| s.user_info)
        .and_then(|u| u.username)
        .ok_or_else(|| Trouble::Usage("the API server does not say who you are".into()))
}

/// Creates it: its name, and by whom it is.
pub(crate) async fn create(
    spec: ClosureApprovalSpec,
    client: Client,
    namespace: &str,
    closure: &str,
) -> Result<(String, String), Trouble> {
    let approver = spec.approver.clone();
    let mut approval = ClosureApproval::new("", spec);
    approval.metadata.name = None;
    approval.metadata.generate_name = Some(format!("{closure}-"));
    let approvals: Api<ClosureApproval> = Api::namespaced(client, namespace);
    let created = approvals.create(&PostParams::default(), &approval).await?;
    Ok((created.metadata.name.unwrap_or_default(), approver))
}
