//! What is handed to persons: in short, and who must act. The words are those of plans and reports.

/// Who stays and carries out the rest, as the procedure says.
const RETAINED: &str = "retained administrator";

/// A kind of hand-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its stable key, as a decision and the status name it.
    pub key: &'static str,
    /// Who must act.
    pub who: &'static str,
    /// What he is asked to do, in short.
    pub what: &'static str,
}

const fn kind(key: &'static str, who: &'static str, what: &'static str) -> Kind {
    Kind { key, who, what }
}

/// Every kind that there is.
pub const KINDS: [Kind; 25] = [
    kind("SwitchSyncOff", RETAINED, "Switch directory sync off"),
    kind(
        "DeleteInActiveDirectory",
        "administrator of Active Directory",
        "Delete the accounts in Active Directory",
    ),
    kind("DeleteUsersByHand", RETAINED, "Delete users by hand"),
    kind(
        "LiftPolicy",
        RETAINED,
        "Lift a policy that asks for a person",
    ),
    kind(
        "ClearTheWay",
        RETAINED,
        "Remove what stands in the way in the directory",
    ),
    kind("StopRenewal", RETAINED, "Switch recurring billing off"),
    kind(
        "StopRenewalByPartner",
        "partner",
        "Have the partner switch recurring billing off",
    ),
    kind(
        "ReleaseDomain",
        RETAINED,
        "Release a domain for another tenant",
    ),
    kind(
        "CancelSubscription",
        RETAINED,
        "Cancel subscriptions on the products page",
    ),
    kind(
        "CancelByPartner",
        "partner",
        "Have the partner cancel subscriptions",
    ),
    kind(
        "CancelByDistributor",
        "distributor",
        "Have the distributor cancel subscriptions",
    ),
    kind(
        "CancelByAccountManager",
        "account manager",
        "Have the account manager end subscriptions",
    ),
    kind(
        "CancelAzureSubscription",
        "owner of the Azure subscription",
        "Cancel Azure subscriptions",
    ),
    kind(
        "DeleteSubscription",
        RETAINED,
        "Delete disabled subscriptions on the products page",
    ),
    kind(
        "DeleteAzureSubscription",
        "owner of the Azure subscription",
        "Delete Azure subscriptions",
    ),
    kind(
        "ContactSupport",
        "Microsoft's support",
        "Have support delete locked subscriptions",
    ),
    kind(
        "DisableMFA",
        RETAINED,
        "Disable the spare administrator's MFA",
    ),
    kind(
        "DisableSecurityDefaults",
        RETAINED,
        "Disable security defaults",
    ),
    kind(
        "DisablePolicies",
        RETAINED,
        "Disable Conditional Access policies",
    ),
    kind(
        "AttestChecks",
        "whoever may approve",
        "Attest the checks that no program can read",
    ),
    kind(
        "RemoveApplications",
        RETAINED,
        "Delete applications that are left",
    ),
    kind(
        "RemoveUserFlows",
        RETAINED,
        "Delete user flows and policies",
    ),
    kind(
        "RemoveDomainServices",
        "owner of the Azure subscription",
        "Delete managed domains",
    ),
    kind(
        "RemoveOwnApplication",
        RETAINED,
        "Delete the operator's own application",
    ),
    kind(
        "DeleteDirectory",
        RETAINED,
        "Press Delete on the tenant's page",
    ),
];

/// The kind with this key; of a key that is not known here, somebody.
#[must_use]
pub fn of(key: &str) -> Kind {
    let unknown = kind("", "a person", "What only a person can do");
    KINDS
        .into_iter()
        .find(|one| one.key == key)
        .unwrap_or(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// That every kind which the steps name is here, a test of the whole source sees to.
    #[test]
    fn each_kind_is_there_once_and_what_is_not_known_is_somebodys() {
        let keys: BTreeSet<&str> = KINDS.iter().map(|one| one.key).collect();
        assert_eq!(keys.len(), KINDS.len());
        assert_eq!(of("CancelByPartner").who, "partner");
        assert_eq!(of("SomethingNew").who, "a person");
    }
}
