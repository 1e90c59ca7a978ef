//! What an application is granted while the simulator runs. As with Microsoft, it may take effect a while after it was given.

use super::tenant::{Client, Tenant};

/// A right of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// By its number; it is listed at once.
    DirectoryRole(u8),
    /// With admin consent; it stands in the tokens that are issued later.
    Permission(String),
    /// Owner of the Azure subscriptions and of the directory's resource.
    AzureOwner,
    /// A role on the billing account that may end subscriptions.
    BillingRole,
}

impl Client {
    /// Grants it; it takes effect at `due` (real milliseconds).
    pub(crate) fn grant(&mut self, grant: Grant, due: i64) {
        if let Grant::DirectoryRole(role) = grant {
            self.directory_roles.push(role);
        }
        self.late.push((due, grant));
    }

    /// Lets what is due take effect.
    pub(crate) fn settle(&mut self, now: i64) {
        let (due, late) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(due, _)| *due <= now);
        self.late = late;
        let due: Vec<(i64, Grant)> = due;
        for (_, grant) in due {
            match grant {
                Grant::DirectoryRole(_) => {}
                Grant::Permission(permission) => self.app_roles.push(permission),
                Grant::AzureOwner => (self.azure_owner, self.azure_reads_alone) = (true, false),
                Grant::BillingRole => {
                    (self.billing_role, self.billing_reads_alone) = (true, false);
                }
            }
        }
    }

    /// The directory roles that allow something by now.
    pub(crate) fn effective_roles(&self) -> Vec<u8> {
        let late = |role: &u8| {
            let mut late = self.late.iter();
            late.any(|(_, grant)| *grant == Grant::DirectoryRole(*role))
        };
        let held = self.directory_roles.iter();
        held.filter(|role| !late(role)).copied().collect()
    }
}

impl Tenant {
    /// Lets the grants take effect that are due; or all of them.
    pub(crate) fn settle_grants(&mut self, now: Option<i64>) {
        for client in &mut self.clients {
            client.settle(now.unwrap_or(i64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing;
    use super::super::world::World;

    const LATE: &str = "{behaviour: {lateGrantsMs: 5000}, tenants: [{users: 9, globalAdministrators: 2, \
        closer: {directoryRoles: [], appRoles: [User.Read.All, User.ReadWrite.All, RoleManagement.Read.Directory], azureOwner: false, billingRole: false}, \
        subscriptions: [{kind: Azure}, {kind: CustomerAgreement}]}]}";

    fn grant(world: &mut World, what: &Value) {
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let mut body =
            json!({ "action": "changeApplication", "id": world.tenants[0].clients[0].app_id });
        for (field, value) in what.as_object().unwrap() {
            body[field] = value.clone();
        }
        let reply = testing::control(world, "POST", &path, &body);
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    fn administrator(world: &World) -> String {
        let tenant = &world.tenants[0];
        let mut all = tenant.users.positions();
        let found = all.find(|(position, user)| user.role == 1 && *position != tenant.retained);
        format!("/v1.0/users/{}", found.unwrap().1.id)
    }

    fn delete(world: &mut World, token: &str, target: &str) -> u16 {
        testing::send(world, token, "DELETE", target, &Value::Null).status
    }

    #[test]
    fn a_directory_role_is_listed_before_it_allows_anything() {
        let mut world = World::test(LATE);
        let token = testing::token(&mut world, 0, false);
        let target = administrator(&world);
        assert_eq!(delete(&mut world, &token, &target), 403);
        let role = json!({ "role": "Privileged Authentication Administrator" });
        grant(&mut world, &role);
        let listing = "/v1.0/roleManagement/directory/roleAssignments?$filter=roleDefinitionId+eq+'7be44c8a-adaf-4e2a-84d6-ab2649e08a13'";
        let listed = testing::get(&mut world, &token, listing);
        assert_eq!(listed.value()["value"].as_array().unwrap().len(), 1);
        world.clock.pass(4999);
        assert_eq!(delete(&mut world, &token, &target), 403);
        world.clock.pass(1);
        assert_eq!(delete(&mut world, &token, &target), 204);
    }

    #[test]
    fn other_grants_are_told_when_they_take_effect() {
        let mut world = World::test(LATE);
        let permissions = |world: &mut World| {
            let token = testing::token(world, 0, false);
            let claims = super::super::token::payload(&token).unwrap();
            claims["roles"].as_array().unwrap().len()
        };
        let azure = |world: &mut World| {
            let scope = "https://management.azure.com/.default";
            let token = testing::token_for(world, 0, false, scope);
            let list = |world: &mut World, target: &str| {
                let reply = testing::arm(world, &token, "GET", target, &Value::Null);
                reply.value()["value"].as_array().map_or(0, Vec::len)
            };
            let accounts =
                "/providers/Microsoft.Billing/billingAccounts?api-version=2024-04-01".to_owned();
            let subscriptions = "/subscriptions?api-version=2022-12-01".to_owned();
            [accounts, subscriptions].map(|target| list(world, &target))
        };
        grant(&mut world, &json!({ "permission": "Domain.Read.All" }));
        grant(
            &mut world,
            &json!({ "azureOwner": true, "billingRole": true }),
        );
        assert_eq!((permissions(&mut world), azure(&mut world)), (3, [0, 0]));
        world.clock.pass(5000);
        assert_eq!((permissions(&mut world), azure(&mut world)), (4, [1, 1]));
    }

    #[test]
    fn a_press_ends_the_wait() {
        let mut world = World::test(LATE);
        let token = testing::token(&mut world, 0, false);
        let target = administrator(&world);
        grant(&mut world, &json!({ "role": "Global Administrator" }));
        assert_eq!(delete(&mut world, &token, &target), 403);
        let path = format!("/_sim/tenants/{}/press", world.tenants[0].id);
        let press = json!({ "action": "grantsTakeEffect" });
        let reply = testing::control(&mut world, "POST", &path, &press);
        assert_eq!(reply.status, 200);
        assert_eq!(delete(&mut world, &token, &target), 204);
    }
}
