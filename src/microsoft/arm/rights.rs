//! What the caller may do in Azure, told beforehand: its permissions on a subscription and on the resource that a directory is.
//! Source: learn.microsoft.com `rest/api/authorization/permissions` (2022-04-01).

use super::{azure, resource_url};
use crate::closure::id::ObjectId;
use crate::closure::observation::Lifecycle;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging;
use crate::microsoft::wire::Line;
use serde::Deserialize;

const VERSION: &str = "2022-04-01";

/// What cancels an Azure subscription.
const CANCEL: &str = "Microsoft.Subscription/cancel/action";

/// What one assigned role allows, but for what it does not.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    actions: Vec<String>,
    #[serde(default)]
    not_actions: Vec<String>,
}

/// May every active Azure subscription of the tenant be canceled? `None`: none is shown.
pub(in crate::microsoft) async fn may_cancel(
    line: &Line<'_>,
    tenant: ObjectId,
) -> Result<Option<bool>, Failure> {
    let all = azure::list(line, tenant).await?;
    let active = all.iter().filter(|one| one.lifecycle == Lifecycle::Active);
    let mut may = None;
    for one in active {
        let scope = format!("/subscriptions/{}", one.id);
        may = Some(may.unwrap_or(true) && allowed(line, &scope, CANCEL).await?);
    }
    Ok(may)
}

/// May the resource that the directory is be deleted?
pub(in crate::microsoft) async fn may_delete(
    line: &Line<'_>,
    resource: &str,
) -> Result<bool, Failure> {
    let collection = resource.rsplit('/').nth(1).unwrap_or_default();
    let action = format!("Microsoft.AzureActiveDirectory/{collection}/delete");
    allowed(line, resource, &action).await
}

/// `GET {scope}/providers/Microsoft.Authorization/permissions`. Who holds no role there is refused.
async fn allowed(line: &Line<'_>, scope: &str, action: &str) -> Result<bool, Failure> {
    let scope = scope.trim_end_matches('/');
    let path = format!("{scope}/providers/Microsoft.Authorization/permissions");
    let url = resource_url(line, &path, VERSION)?;
    match paging::all::<Permission>(line, Service::Arm, url).await {
        Ok(all) => Ok(allows(&all, action)),
        Err(failure) if failure.lacks_right() => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn allows(all: &[Permission], action: &str) -> bool {
    let names = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, action));
    all.iter()
        .any(|one| names(&one.actions) && !names(&one.not_actions))
}

/// Names of actions are compared whatever their case; `*` stands for anything, slashes too.
fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(actions: &[&str], not_actions: &[&str]) -> Permission {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
        Permission {
            actions: owned(actions),
            not_actions: owned(not_actions),
        }
    }

    #[test]
    fn a_role_allows_what_its_patterns_name_and_do_not_take_back() {
        for (actions, not_actions, may) in [
            (&["*"][..], &[][..], true),
            (&["*/read"], &[], false),
            (&["microsoft.subscription/*"], &[], true),
            (&["Microsoft.Subscription/cancel/action"], &[], true),
            (&["Microsoft.Subscription/*/action"], &[], true),
            (&["*"], &["Microsoft.Subscription/cancel/action"], false),
            (&["*"], &["Microsoft.Subscription/*/read"], true),
            (&["Microsoft.Subscription/cancel"], &[], false),
            (&[], &[], false),
        ] {
            let all = [role(actions, not_actions)];
            assert_eq!(allows(&all, CANCEL), may, "{all:?}");
        }
        let all = [role(&["*"], &["*"]), role(&["*/action"], &[])];
        assert!(allows(&all, CANCEL), "one of two roles does");
    }
}
