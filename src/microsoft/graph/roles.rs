//! Directory roles: who holds Global Administrator, and what roles a principal holds.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Template id of Global Administrator, the same in every tenant.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

#[derive(Deserialize)]
struct Assignment {
    #[serde(rename = "principalId")]
    principal: ObjectId,
    #[serde(rename = "roleDefinitionId")]
    role: ObjectId,
    #[serde(default, rename = "directoryScopeId")]
    scope: Option<String>,
}

impl Assignment {
    fn tenant_wide(&self) -> bool {
        self.scope.as_deref() == Some("/")
    }
}

/// Holders of Global Administrator at tenant scope.
#[derive(Debug, Default)]
pub(in crate::microsoft) struct GlobalAdministrators {
    /// Assigned directly; groups among them are not resolved.
    pub(in crate::microsoft) assigned: BTreeSet<ObjectId>,
    /// Eligible; empty where that is not readable (no licence for it, no permission).
    pub(in crate::microsoft) eligible: BTreeSet<ObjectId>,
}

/// `GET /roleManagement/directory/roleAssignments` and `…/roleEligibilityScheduleInstances`
/// (graph/api/rbacapplication-list-roleassignments).
pub(in crate::microsoft) async fn global_administrators(
    line: &Line<'_>,
) -> Result<GlobalAdministrators, Failure> {
    let filter = format!("roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'");
    let holders = |found: Vec<Assignment>| {
        found
            .into_iter()
            .filter(Assignment::tenant_wide)
            .map(|a| a.principal)
            .collect()
    };
    let assigned = list(line, "roleAssignments", &filter).await?;
    let eligible = match list(line, "roleEligibilityScheduleInstances", &filter).await {
        Ok(found) => found,
        Err(failure) if failure.may_pass() => return Err(failure),
        Err(_) => Vec::new(),
    };
    Ok(GlobalAdministrators {
        assigned: holders(assigned),
        eligible: holders(eligible),
    })
}

/// Template ids of the roles that a principal holds at tenant scope.
pub(in crate::microsoft) async fn of_principal(
    line: &Line<'_>,
    principal: ObjectId,
) -> Result<BTreeSet<ObjectId>, Failure> {
    let filter = format!("principalId eq '{principal}'");
    let found = list(line, "roleAssignments", &filter).await?;
    Ok(found
        .into_iter()
        .filter(|a| a.principal == principal && a.tenant_wide())
        .map(|a| a.role)
        .collect())
}

async fn list(line: &Line<'_>, kind: &str, filter: &str) -> Result<Vec<Assignment>, Failure> {
    let path = [STABLE, "roleManagement", "directory", kind];
    let url = line.url(Service::Graph, &path, &[("$filter", filter)])?;
    paging::all(line, Service::Graph, url).await
}
