//! Applications of a tenant: registrations, enterprise applications of every kind, and the clients that sign in.

use uuid::Uuid;

use super::super::hosts::CORPORATE;
use super::super::random::Random;
use super::super::roles;
use super::super::scenario::{self, ApplicationRegistration};
use super::super::scenario_parts::{CLOSER_APP_ROLES, CLOSER_DIRECTORY_ROLES, READER_APP_ROLES};
use super::super::tenant::{Application, Client, Principal, Tenant};
use super::{AZURE_DEV_OPS, SYNC_APP};

/// What applications are called that personal accounts may use.
const PERSONAL: &str = "Consumer application";

/// 2099-12-31, in milliseconds.
const IN_2099: i64 = 4_102_358_400_000;

/// What enterprise applications without a registration are called.
const VENDOR: &str = "Vendor application";

/// What applications are called that the portal does not show.
const HIDDEN: &str = "Hidden application";

/// What enterprise applications are called that cannot be deleted.
const UNDELETABLE: &str = "Undeletable application";

/// What the service principal of the `LinkedIn` connection is called.
const LINKED_IN: &str = "O365 LinkedIn Connection";

/// What Microsoft registers in each directory for customers. It can be deleted like any other, and is to be right before the
/// directory is: <https://learn.microsoft.com/azure/active-directory-b2c/tutorial-delete-tenant>.
const EXTENSIONS: &str = "b2c-extensions-app. Do not modify. Used by AADB2C for storing user data.";

pub(super) fn add(plan: &scenario::Tenant, tenant: &mut Tenant, random: &mut Random) {
    let mut add = |tenant: &mut Tenant, name: String, app_id: Uuid, owner: Uuid, managed: bool| {
        let id = random.uuid();
        if owner == tenant.id && !managed {
            tenant.applications.push(Application {
                id: random.uuid(),
                app_id,
                personal: name.starts_with(PERSONAL),
                name: name.clone(),
                created_at: 0,
                deleted_at: 0,
            });
        }
        let vendor = name
            .strip_prefix(VENDOR)
            .and_then(|n| n.trim().parse().ok());
        tenant.principals.push(Principal {
            id,
            app_id,
            saml: vendor.is_some_and(|number: u32| number <= plan.losses.saml_applications),
            linked_in: name == LINKED_IN,
            hidden: name.starts_with(HIDDEN),
            undeletable: name.starts_with(UNDELETABLE),
            name,
            owner,
            managed_identity: managed,
            enabled: true,
            created_at: 0,
            deleted_at: 0,
        });
    };
    let own = tenant.id;
    let microsoft = tenant.cloud.first_party();
    let mut ids = Random::new(own.as_u64_pair().0);
    for number in 1..=plan.applications {
        let name = format!("Line of business {number}");
        add(tenant, name, ids.uuid(), own, false);
    }
    for number in 1..=plan.personal_account_applications {
        let name = format!("{PERSONAL} {number}");
        add(tenant, name, ids.uuid(), own, false);
    }
    for number in 1..=plan.service_principals {
        let vendor = ids.uuid();
        add(
            tenant,
            format!("{VENDOR} {number}"),
            ids.uuid(),
            vendor,
            false,
        );
    }
    for (name, owner) in stubborn(plan, microsoft, &mut ids) {
        add(tenant, name, ids.uuid(), owner, false);
    }
    for number in 1..=plan.managed_identities {
        add(
            tenant,
            format!("managed-identity-{number}"),
            ids.uuid(),
            own,
            true,
        );
    }
    for (name, app_id, owner) in brought(plan, own, microsoft, &mut ids) {
        add(tenant, name, app_id, owner, false);
    }
    for (registration, reader) in [(&plan.closer, false), (&plan.reader, true)] {
        let client = client(registration, reader, &mut ids);
        let standard = if reader {
            "TenantClosure reader"
        } else {
            "TenantClosure closer"
        };
        add(
            tenant,
            registration
                .display_name
                .clone()
                .unwrap_or_else(|| standard.to_owned()),
            client.app_id,
            if registration.registered_elsewhere {
                ids.uuid()
            } else {
                own
            },
            false,
        );
        tenant.clients.push(client);
    }
}

/// What a kind of directory, a connection or synchronization brings with it: name, application id and owner.
fn brought(
    plan: &scenario::Tenant,
    own: Uuid,
    microsoft: Uuid,
    ids: &mut Random,
) -> Vec<(String, Uuid, Uuid)> {
    let customers = matches!(plan.tenant_type.as_str(), "CIAM" | "AAD B2C");
    let extensions = customers.then(|| (EXTENSIONS.to_owned(), ids.uuid(), own));
    let connection = plan
        .azure_dev_ops
        .then(|| ("Azure DevOps".to_owned(), AZURE_DEV_OPS, microsoft));
    let name = "Microsoft Entra AD Synchronization Service";
    let sync = plan.sync.enabled;
    let sync = sync.then(|| (name.to_owned(), SYNC_APP, microsoft));
    [extensions, connection, sync]
        .into_iter()
        .flatten()
        .collect()
}

/// Microsoft's own and others that refuse to be deleted, with their owners.
fn stubborn(plan: &scenario::Tenant, microsoft: Uuid, ids: &mut Random) -> Vec<(String, Uuid)> {
    let services = (1..=plan.first_party_service_principals)
        .map(|number| (format!("Microsoft service {number}"), microsoft));
    let corporate = (1..=plan.corporate_service_principals)
        .map(|number| (format!("Microsoft internal {number}"), CORPORATE));
    let hidden = (1..=plan.hidden_service_principals)
        .map(|number| (format!("{HIDDEN} {number}"), ids.uuid()))
        .collect::<Vec<_>>();
    let undeletable = (1..=plan.undeletable_service_principals)
        .map(|number| (format!("{UNDELETABLE} {number}"), ids.uuid()))
        .collect::<Vec<_>>();
    let linked_in = plan
        .linked_in_connection
        .then(|| (LINKED_IN.to_owned(), microsoft));
    let all = services.chain(corporate).chain(hidden);
    all.chain(undeletable).chain(linked_in).collect()
}

fn client(plan: &ApplicationRegistration, reader: bool, ids: &mut Random) -> Client {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let app_id = ids.uuid();
    let secret = ids.uuid();
    let app_roles = plan.app_roles.clone().unwrap_or_else(|| {
        owned(if reader {
            READER_APP_ROLES
        } else {
            CLOSER_APP_ROLES
        })
    });
    let held = plan
        .directory_roles
        .clone()
        .unwrap_or_else(|| owned(if reader { &[] } else { CLOSER_DIRECTORY_ROLES }));
    Client {
        app_id: plan.client_id.unwrap_or(app_id),
        secret: plan
            .client_secret
            .clone()
            .unwrap_or_else(|| format!("sim~{}", secret.simple())),
        secret_expired: plan.secret_expired,
        ends_at: plan
            .credentials_end_at
            .map_or(IN_2099, jiff::Timestamp::as_millisecond),
        roles_end_at: plan
            .directory_roles_end_at
            .map(jiff::Timestamp::as_millisecond),
        app_roles,
        directory_roles: held.iter().filter_map(|text| roles::find(text)).collect(),
        late: Vec::new(),
        reader,
        azure_owner: plan.azure_owner.unwrap_or(true),
        azure_reads_alone: plan.azure_reads_alone.unwrap_or(reader),
        billing_role: plan.billing_role.unwrap_or(true),
        billing_reads_alone: plan.billing_reads_alone.unwrap_or(reader),
        partner_center: plan.partner_center.unwrap_or(true),
        certificates: plan.certificates.clone(),
        federated: plan.federated_credentials.clone(),
        refusal: plan.refusal,
    }
}
