//! The persons: bob approves, and presses what only a person can press.

use crate::Result;
use crate::case::{Case, NAME};
use crate::children::binary;
use crate::stack::OPERATOR;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tenant_closure::api::status::HandOffStatus;
use tenant_closure::api::{CLOSURE_UID, ClosureRecord, TenantClosure};
use tenant_closure::closure::id::ObjectId;
use tenant_closure::closure::label::label;

/// Checks that no program can read.
const UNREADABLE: [&str; 5] = ["C5", "C9", "C10", "C11", "C15"];
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(300);

/// The persons of one closure.
pub(crate) struct Person<'a> {
    case: &'a Case,
    closures: Api<TenantClosure>,
    kubeconfig: PathBuf,
    /// Who approves besides bob.
    second: Option<&'static str>,
    /// Where is told what they do: on a terminal the picture would be torn.
    diary: Option<PathBuf>,
    presses: bool,
    done: BTreeSet<String>,
}

impl<'a> Person<'a> {
    /// Persons who press hand-offs only where `presses`.
    pub(crate) fn new(case: &'a Case, presses: bool, diary: Option<PathBuf>) -> Self {
        Self {
            case,
            closures: case.closures(),
            kubeconfig: case.cluster.kubeconfig("bob"),
            second: None,
            diary,
            presses,
            done: BTreeSet::new(),
        }
    }

    /// Another person approves as well.
    pub(crate) fn with_second(mut self, name: &'static str) -> Self {
        self.second = Some(name);
        self
    }

    /// Approves plans and presses what is open, for as long as it is polled.
    pub(crate) async fn live(&mut self) -> Result<()> {
        loop {
            let closure = self.closures.get(NAME).await?;
            if let Err(trouble) = self.look_at(&closure).await {
                self.tell(&format!("cannot go on: {trouble}"))?;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look_at(&mut self, closure: &TenantClosure) -> Result<()> {
        let Some(status) = &closure.status else {
            return Ok(());
        };
        let phase = serde_json::to_value(status.phase)?;
        if let Some(plan) = status.plan.as_ref().filter(|_| phase == "AwaitingApproval") {
            self.approve(closure, &plan.digest).await?;
            if let Some(later) = &plan.supplement {
                self.approve(closure, &later.digest).await?;
            }
            if let Some(accepted) = &plan.acceptance {
                self.approve(closure, &accepted.digest).await?;
            }
        }
        if self.presses {
            if status
                .hand_offs
                .iter()
                .any(|one| one.key == "DeleteDirectory")
            {
                let named = status.blockers.iter().map(|one| one.check.as_str());
                let named: Vec<&str> = named.collect();
                self.part_from(&named).await?;
            }
            for hand_off in &status.hand_offs {
                self.settle(hand_off).await?;
            }
        }
        Ok(())
    }

    /// Bob approves the plan; the judge hears of it first, from the sealed plan itself.
    async fn approve(&mut self, closure: &TenantClosure, digest: &str) -> Result<()> {
        if !self.first(&format!("approve {digest}")) {
            return Ok(());
        }
        if let Err(trouble) = self.brief_judge(closure, digest).await {
            self.tell(&format!("the judge was not told of the plan: {trouble}"))?;
        }
        let domain = &closure.spec.tenant.initial_domain;
        let short = digest.get(..12).unwrap_or(digest);
        let words = [
            "approve",
            NAME,
            "--plan",
            short,
            "--confirm",
            domain,
            "--comment",
            "seen and counted",
        ];
        let mut approved = self.plugin(&words).await;
        if let (Ok(()), Some(second)) = (&approved, self.second) {
            let kubeconfig = self.case.cluster.kubeconfig(second);
            approved = self.plugin_as(second, &kubeconfig, &words).await;
        }
        if approved.is_err() {
            // The policies may not have heard of the closure yet.
            self.done.remove(&format!("approve {digest}"));
        }
        approved
    }

    /// Tells the judge what the plan names.
    pub(crate) async fn brief_judge(&self, closure: &TenantClosure, digest: &str) -> Result<()> {
        let records: Api<ClosureRecord> =
            Api::namespaced(self.case.cluster.client("admin"), OPERATOR);
        let uid = closure.uid().ok_or("a closure without a UID")?;
        let ours = ListParams::default().labels(&format!("{CLOSURE_UID}={uid}"));
        let mut approved = BTreeSet::new();
        let mut releases = BTreeSet::new();
        for record in records.list(&ours).await? {
            let spec = record.spec;
            if spec.plan_digest.as_deref() != Some(digest) {
                continue;
            }
            approved.extend(spec.users.iter().map(ToString::to_string));
            if let Some(head) = spec.plan {
                approved.extend(head.spare.iter().map(ToString::to_string));
                approved.extend(head.subscriptions.iter().map(|s| s.id.to_string()));
                approved.extend(head.applications.iter().map(ToString::to_string));
                approved.extend(head.policies.iter().map(ToString::to_string));
                if head.security_defaults {
                    approved.insert(head.tenant_id.to_string());
                }
                let domains = head.domains.iter().map(|name| ObjectId::of_domain(name));
                approved.extend(domains.map(|id| id.to_string()));
                releases.extend(head.domains);
            }
        }
        let tenant = &self.case.portal.tenant.id;
        let told = json!({"tenant": tenant, "approved": approved, "releases": releases, "mode": "Execute"});
        self.case.portal.post("judge", &told).await.map(drop)
    }

    /// Does what a person would for this hand-off.
    async fn settle(&mut self, hand_off: &HandOffStatus) -> Result<()> {
        match hand_off.key.as_str() {
            "SwitchSyncOff" => self.press("switchSyncOff", None).await,
            // Settled with the button itself, in DeleteDirectory.
            "AttestChecks" => Ok(()),
            "StopRenewal" => self.each_subscription("stopRenewal", &hand_off.what).await,
            "CancelByPartner" | "CancelByDistributor" => {
                self.each_subscription("partnerCancels", &hand_off.what)
                    .await
            }
            "CancelByAccountManager" => {
                self.each_subscription("accountManagerEnds", &hand_off.what)
                    .await
            }
            key if key.starts_with("Cancel") => {
                self.each_subscription("cancelSubscription", &hand_off.what)
                    .await
            }
            key if key.starts_with("Delete") && key.ends_with("Subscription") => {
                self.each_subscription("deleteSubscription", &hand_off.what)
                    .await
            }
            "RemoveUserFlows" => self.press("deleteUserFlows", None).await,
            "RemoveDomainServices" => self.press("deleteDomainServices", None).await,
            "RemoveOwnApplication" => {
                let own = self.case.portal.tenant.app_id.clone();
                self.press("deleteApplication", Some(&own)).await
            }
            "ReleaseDomain" => self.press("releaseDomain", domain_of(&hand_off.what)).await,
            "ContactSupport" => {
                self.each_subscription("supportDeletes", &hand_off.what)
                    .await
            }
            "DeleteDirectory" => self.delete_tenant().await,
            other => {
                if self.first(&format!("unknown {other}")) {
                    self.tell(&format!(
                        "does not know what to do for {other}: {}",
                        hand_off.what
                    ))?;
                }
                Ok(())
            }
        }
    }

    /// Cancels what is active, or deletes what is not, of the products that the hand-off names: what the operator ends
    /// itself is left to it.
    async fn each_subscription(&mut self, button: &str, what: &str) -> Result<()> {
        let seen = self.case.portal.look().await?;
        for subscription in seen["subscriptions"].as_array().into_iter().flatten() {
            let text = |key: &str| subscription[key].as_str().unwrap_or_default();
            let active = text("state") == "Enabled";
            let direct = text("kind") == "Direct";
            let agreement = text("kind") == "CustomerAgreement";
            let sold = text("kind") == "Partner";
            let enterprise = text("kind") == "Enterprise";
            // The page offers no Cancel for it: then he writes to the account manager, as the hand-off says.
            let button = if enterprise && button == "cancelSubscription" {
                "accountManagerEnds"
            } else {
                button
            };
            let open = match button {
                "partnerCancels" => active && sold,
                "accountManagerEnds" => active && enterprise,
                "cancelSubscription" => active,
                "stopRenewal" => active && (agreement || direct),
                // Microsoft itself removes what was bought under an agreement or sold by a partner.
                _ => !active && !agreement && !enterprise && !sold && text("state") != "Deleted",
            };
            if open && what.contains(&label(text("sku"))) {
                self.press(button, Some(text("id"))).await?;
            }
        }
        Ok(())
    }

    /// Ends what keeps an enterprise application there, where the status names it: the connection of Azure DevOps; and disables what
    /// belongs to an Azure resource.
    async fn part_from(&mut self, named: &[&str]) -> Result<()> {
        if named.contains(&"Application Azure DevOps") {
            self.press("disconnectAzureDevOps", None).await?;
        }
        if named.contains(&"Application managed identities of Azure resources") {
            let seen = self.case.portal.look().await?;
            let open = seen["servicePrincipalsInTheWay"]
                .as_array()
                .into_iter()
                .flatten();
            for one in open.filter(|one| one["managedIdentity"] == true) {
                self.press("disableApplication", one["id"].as_str()).await?;
            }
        }
        Ok(())
    }

    /// Settles what no program can read, lets the operator's own application go, and presses Delete.
    async fn delete_tenant(&mut self) -> Result<()> {
        for check in UNREADABLE {
            self.press("settleCheck", Some(check)).await?;
            self.attest(check, "passed").await?;
        }
        let seen = self.case.portal.look().await?;
        let checks = seen["checks"].as_array().into_iter().flatten();
        let open: Vec<&str> = checks
            .filter(|c| c["status"] != "passed")
            .filter_map(|c| c["id"].as_str())
            .collect();
        if open.is_empty() {
            return self.press("deleteTenant", None).await;
        }
        let own = seen["applicationsLeft"].as_u64() <= Some(1)
            && open.iter().all(|check| ["C3", "C4"].contains(check));
        if own {
            return self.attest("OnlyOurs", "passed").await;
        }
        if self.first(&format!("open {open:?}")) {
            self.tell(&format!("cannot press Delete yet: {open:?}"))?;
        }
        Ok(())
    }

    async fn press(&mut self, button: &str, id: Option<&str>) -> Result<()> {
        let what = format!("presses {button} {}", id.unwrap_or_default());
        if !self.first(&what) {
            return Ok(());
        }
        let pressed = self.case.portal.press(button, id).await;
        match &pressed {
            Ok(()) => self.tell(&what)?,
            Err(_) => drop(self.done.remove(&what)),
        }
        pressed
    }

    /// Says what was seen of a check, once.
    pub(crate) async fn attest(&mut self, check: &str, result: &str) -> Result<()> {
        if !self.first(&format!("attest {check}")) {
            return Ok(());
        }
        let domain = self.case.portal.tenant.initial_domain.clone();
        self.plugin(&[
            "attest",
            NAME,
            "--check",
            check,
            "--result",
            result,
            "--confirm",
            &domain,
        ])
        .await
    }

    /// The plugin, as bob.
    async fn plugin(&self, args: &[&str]) -> Result<()> {
        self.plugin_as("bob", &self.kubeconfig, args).await
    }

    async fn plugin_as(&self, who: &str, kubeconfig: &Path, args: &[&str]) -> Result<()> {
        let output = tokio::process::Command::new(binary("kubectl-tenant_closure")?)
            .args(["--namespace", &self.case.namespace])
            .args(args)
            .env("KUBECONFIG", kubeconfig)
            .kill_on_drop(true)
            .output()
            .await?;
        if output.status.success() {
            self.tell_of(who, &String::from_utf8_lossy(&output.stdout))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }

    fn first(&mut self, what: &str) -> bool {
        self.done.insert(what.to_owned())
    }

    fn tell(&self, what: &str) -> Result<()> {
        self.tell_of("bob", what)
    }

    fn tell_of(&self, who: &str, what: &str) -> Result<()> {
        match &self.diary {
            None => println!("  {who}: {}", what.trim()),
            Some(path) => {
                let mut diary = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(path)?;
                writeln!(diary, "{who}: {}", what.trim())?;
            }
        }
        Ok(())
    }
}

/// The domain that a hand-off is about.
fn domain_of(what: &str) -> Option<&str> {
    what.split_whitespace()
        .nth(3)
        .map(|name| name.trim_end_matches('.'))
}

/// What to do where the hands are the user's own; `bob` is the kubeconfig of the one who attests.
pub(crate) fn instructions(case: &Case, bob: &Path) -> Result<String> {
    let attest = format!(
        "KUBECONFIG={} {} -n {} attest {NAME} --confirm {}",
        bob.display(),
        binary("kubectl-tenant_closure")?.display(),
        case.namespace,
        case.portal.tenant.initial_domain
    );
    Ok(format!(
        "
The hands are yours. What only a person can press, you press in the simulated admin center:

    {}

  synchronization    on the page Overview
  subscriptions      on the page Subscriptions: cancel each with a reason, then delete it
  checks             on the page Delete the tenant: settle each there, and tell the operator of it:

    {attest} --check C5 --result passed

                     the same for C9, C10, C11 and C15; when nothing but the operator's own application is left:

    {attest} --check OnlyOurs --result passed

                     and then delete the tenant on the same page.
What is to be done next stands below, step by step.
",
        case.portal.pages()
    ))
}
