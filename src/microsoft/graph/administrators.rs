//! The administrators who stay.

use super::STABLE;
use super::roles::GlobalAdministrators;
use crate::closure::id::ObjectId;
use crate::closure::observation::{Administrator, Fact, Holding};
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::wire::Line;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: ObjectId,
    user_principal_name: String,
    #[serde(default)]
    user_type: Option<String>,
    #[serde(default)]
    account_enabled: Option<bool>,
    /// `null` where it is not; a reply that leaves it out does not say so.
    #[serde(deserialize_with = "Option::deserialize")]
    on_premises_sync_enabled: Option<bool>,
}

/// `GET /users/{name or id}` (graph/api/user-get).
pub(in crate::microsoft) fn item(line: &Line<'_>, name: &str) -> Result<Item, Failure> {
    let query = [(
        "$select",
        "id,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled",
    )];
    let url = line.url(Service::Graph, &[STABLE, "users", name], &query)?;
    Ok(Item::get(&url))
}

/// What it was answered; `None`: no such user. A second factor is another reading's.
pub(in crate::microsoft) fn told(
    body: Body,
    holders: &GlobalAdministrators,
) -> Result<Option<Administrator>, Failure> {
    let user: Raw = match batch_read::understood(body) {
        Ok(user) => user,
        Err(failure) if failure.kind == Kind::Absent => return Ok(None),
        Err(failure) => return Err(failure),
    };
    Ok(Some(Administrator {
        id: user.id,
        enabled: user.account_enabled == Some(true),
        member: user.user_type.as_deref() == Some("Member"),
        synced: user.on_premises_sync_enabled == Some(true),
        global_administrator: holding(user.id, holders),
        second_factor: Fact::NotRead,
        user_principal_name: user.user_principal_name,
    }))
}

/// Who is eligible and assigned holds the role for a while only, he has activated it; unless it is assigned for good, too.
fn holding(id: ObjectId, holders: &GlobalAdministrators) -> Holding {
    let assigned = holders.assigned.contains(&id);
    if assigned && holders.lasting.contains(&id) {
        Holding::Permanent
    } else if holders.eligible.contains(&id) {
        Holding::EligibleOnly
    } else if !assigned {
        Holding::None
    } else if holders.ending.contains(&id) {
        Holding::Temporary
    } else {
        // Where there is no licence for ends, roles have none; where they may not be read, nothing is carried out
        // (`RetainedAdminRoleUnknown`).
        Holding::Permanent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activated_role_is_not_permanent() {
        let id = |n| ObjectId(uuid::Uuid::from_u128(n));
        let holders = GlobalAdministrators {
            assigned: [id(1), id(2)].into(),
            eligible: [id(2), id(3)].into(),
            ..GlobalAdministrators::default()
        };
        assert_eq!(holding(id(1), &holders), Holding::Permanent);
        assert_eq!(holding(id(2), &holders), Holding::EligibleOnly);
        assert_eq!(holding(id(3), &holders), Holding::EligibleOnly);
        assert_eq!(holding(id(4), &holders), Holding::None);
        let holders = GlobalAdministrators {
            assigned: [id(1), id(2), id(5)].into(),
            lasting: [id(2)].into(),
            ending: [id(2), id(5)].into(),
            ..holders
        };
        assert_eq!(holding(id(1), &holders), Holding::Permanent);
        assert_eq!(holding(id(2), &holders), Holding::Permanent);
        assert_eq!(holding(id(3), &holders), Holding::EligibleOnly);
        assert_eq!(holding(id(5), &holders), Holding::Temporary);
    }
}
