//! Makes tenants from a scenario. The same scenario and seed give the same ids.

mod applications;

use std::collections::HashSet;

use uuid::Uuid;

use super::directory::Directory;
use super::random::Random;
use super::roles;
use super::scenario::{self, SubscriptionKind, SyncedDeletion};
use super::subscription::{HOUR, Subscription};
use super::tenant::{
    CUSTOMER, Domain, ENTERPRISE, ONLINE_SERVICES, Policy, Resource, SyncState, Tenant,
};
use super::users::{
    AUTHENTICATOR, DISABLED, GUEST, LICENSED, MFA_STATES, RESTRICTED, SYNCED, UNDELETABLE, User,
    Users,
};

/// The service principal that directory synchronization brings with it.
pub(crate) const SYNC_APP: Uuid = Uuid::from_u128(0x6bf8_5cfa_ac8a_4be5_b5de_425a_0d0d_c016);

/// Azure DevOps in every tenant in which an organization is connected: Microsoft's own, and it cannot be removed before
/// (<https://learn.microsoft.com/azure/devops/organizations/accounts/disconnect-organization-from-azure-ad>).
pub(crate) const AZURE_DEV_OPS: Uuid = Uuid::from_u128(0x499b_84ac_1321_427f_aa17_267c_a697_5798);

/// Makes one tenant; `index` counts tenants of the scenario.
pub(crate) fn tenant(plan: &scenario::Tenant, seed: u64, index: usize) -> Tenant {
    let seed = plan.seed.unwrap_or(seed).wrapping_add(index as u64 * 7919);
    let mut random = Random::new(seed);
    let id = plan.id.unwrap_or_else(|| random.uuid());
    let initial_domain = initial_domain(plan, index);
    let (users, retained, spare) = users(plan, &initial_domain, seed, &mut random);
    let mut tenant = Tenant {
        id,
        cloud: plan.cloud,
        display_name: plan.display_name.clone(),
        kind: plan.tenant_type.clone(),
        partner_type: plan.partner_tenant_type.clone(),
        retained,
        spare,
        sync: SyncState {
            on: plan.sync.enabled.then_some(true),
            off_at: None,
            patch: plan.sync.patch,
            duration: (plan.sync.hours * HOUR) as i64,
            resurrects: plan.sync.deletion == SyncedDeletion::Undone,
            conversion: (plan.sync.conversion_hours * HOUR) as i64,
            null_when_off: plan.sync.null_when_off,
            orphans: Vec::new(),
        },
        subscriptions: plan
            .subscriptions
            .iter()
            .map(|one| Subscription::new(one, || random.uuid()))
            .collect(),
        billing_account: plan
            .billing_account
            .name
            .clone()
            .unwrap_or_else(|| format!("{}:{}_2019-05-31", random.uuid(), random.uuid())),
        agreements: agreements(plan),
        payer: plan.billing_account.owner_tenant_id.unwrap_or(id),
        applications: Vec::new(),
        principals: Vec::new(),
        domains: domains(plan, &initial_domain),
        losses: plan.losses,
        security_defaults: plan.security_defaults,
        policies: policies(plan, id),
        clients: Vec::new(),
        public_clients: plan.public_clients.clone(),
        unreadable: plan
            .unreadable_checks
            .iter()
            .map(|(check, state)| (check.clone(), state == "passed"))
            .collect(),
        resource: None,
        external: plan.external,
        domain_services: plan.domain_services,
        bin: Vec::new(),
        hard_delete_protection: plan.hard_delete_protection,
        eligible: Vec::new(),
        group_administrators: Vec::new(),
        temporary: Vec::new(),
        behaviour: plan.behaviour.clone(),
        unit: (plan.restricted_users > 0).then(|| Uuid::new_v5(&id, b"restricted")),
        released: Vec::new(),
        directory: Directory::default(),
        resurrections: Vec::new(),
        deleting: None,
        deleted_at: None,
        users,
        initial_domain,
    };
    for name in &plan.eligible_global_administrators {
        if let Some(position) = tenant.users.find(name) {
            tenant.eligible.push((random.uuid(), position));
        }
    }
    let stays = |position: u32| Some(position) == tenant.spare || position == tenant.retained;
    let all = u32::try_from(tenant.users.all.len()).unwrap_or(u32::MAX);
    let ordinary = (0..all).filter(|position| {
        let user = tenant.users.get(*position);
        !stays(*position) && user.is_some_and(|user| user.role == 0)
    });
    let members: Vec<u32> = ordinary.take(plan.group_administrators as usize).collect();
    if !members.is_empty() {
        tenant.losses.groups = tenant.losses.groups.max(1);
    }
    tenant.group_administrators = members;
    let synced = tenant.users.positions();
    let synced = synced.filter(|(position, user)| !stays(*position) && user.is(SYNCED));
    let orphans = synced.map(|(position, _)| position);
    tenant.sync.orphans = orphans.take(plan.sync.orphans as usize).collect();
    let temporary = plan.temporary_administrators.iter();
    tenant.temporary = temporary
        .filter_map(|name| tenant.users.find(name))
        .collect();
    tenant.resource = resource(plan, &tenant, &mut random);
    applications::add(plan, &mut tenant, &mut random);
    tenant
}

/// What the tenant was called first.
pub(crate) fn initial_domain(plan: &scenario::Tenant, index: usize) -> String {
    plan.initial_domain.clone().unwrap_or_else(|| match index {
        0 => "contoso.onmicrosoft.com".to_owned(),
        other => format!("contoso{}.onmicrosoft.com", other + 1),
    })
}

/// The agreements of the billing accounts, in ARM's words.
fn agreements(plan: &scenario::Tenant) -> Vec<String> {
    if let Some(only) = &plan.billing_account.agreement_type {
        return vec![only.clone()];
    }
    let bought = |kind| plan.subscriptions.iter().any(|one| one.kind == kind);
    let mut all = Vec::new();
    let agreed = [
        SubscriptionKind::CustomerAgreement,
        SubscriptionKind::EntraIdFree,
    ];
    if agreed.into_iter().any(bought) || plan.subscriptions.is_empty() {
        all.push(CUSTOMER);
    }
    if bought(SubscriptionKind::Enterprise) {
        all.push(ENTERPRISE);
    }
    if bought(SubscriptionKind::Direct) || all.is_empty() {
        all.push(ONLINE_SERVICES);
    }
    all.into_iter().map(str::to_owned).collect()
}

fn policies(plan: &scenario::Tenant, tenant: Uuid) -> Vec<Policy> {
    (1..=plan.conditional_access_policies)
        .map(|number| Policy {
            id: Uuid::new_v5(&tenant, &number.to_be_bytes()),
            name: format!("Require multifactor authentication {number}"),
            state: "enabled",
        })
        .collect()
}

fn domains(plan: &scenario::Tenant, initial: &str) -> Vec<Domain> {
    let names = std::iter::once(initial).chain(plan.domains.iter().map(String::as_str));
    let default = plan.domains.first().map_or(initial, String::as_str);
    names
        .map(|name| {
            let mut used = plan.domain_references.iter();
            let used = used.find(|one| one.domain.eq_ignore_ascii_case(name));
            let used = used.cloned().unwrap_or_default();
            let mut dns = plan.dns.iter();
            let dns = dns.find(|one| one.domain.eq_ignore_ascii_case(name));
            Domain {
                dns: scenario::DomainDns {
                    domain: name.to_owned(),
                    ..dns.cloned().unwrap_or_default()
                },
                name: name.to_owned(),
                initial: name == initial,
                default: name == default,
                federated: plan
                    .federated_domains
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(name)),
                users_percent: used.users_percent,
                groups: used.groups,
                applications: used.applications,
                multi_tenant_application: used.multi_tenant_application,
                gone_at: None,
            }
        })
        .collect()
}

fn resource(plan: &scenario::Tenant, tenant: &Tenant, random: &mut Random) -> Option<Resource> {
    let collection = match plan.tenant_type.as_str() {
        "CIAM" => "ciamDirectories",
        "AAD B2C" => "b2cDirectories",
        _ => return None,
    };
    let given = plan.directory_resource.clone().unwrap_or_default();
    let subscription = given.subscription_id.unwrap_or_else(|| random.uuid());
    let group = given.resource_group.unwrap_or_else(|| "closing".to_owned());
    let name = tenant.initial_domain.clone();
    Some(Resource {
        id: format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.AzureActiveDirectory/{collection}/{name}"
        ),
        name,
        collection,
        owner: given.owner_tenant_id.unwrap_or(tenant.id),
    })
}

fn users(
    plan: &scenario::Tenant,
    domain: &str,
    seed: u64,
    random: &mut Random,
) -> (Users, u32, Option<u32>) {
    let least = 1 + u32::from(plan.spare_administrator.is_some());
    let total = plan.users.max(least);
    // Neither comes first in a listing: a client that believes so is wrong.
    let retained = total / 3;
    let spare = plan.spare_administrator.as_ref().map(|_| {
        if total * 2 / 3 == retained {
            retained + 1
        } else {
            total * 2 / 3
        }
    });
    let mut users = Users::new(domain, seed);
    users.display.clone_from(&plan.display_names);
    let mut special = special(plan, total, &[Some(retained), spare], random);
    for position in 0..total {
        let id = random.uuid();
        let dice = random.next();
        let mut user = User {
            id,
            created_at: 0,
            deleted_at: 0,
            flags: LICENSED,
            role: 0,
            mfa: 0,
        };
        if position == retained {
            let admin = &plan.retained_administrator;
            let flags = [
                (admin.guest, GUEST),
                (admin.disabled, DISABLED),
                (admin.synced, SYNCED),
                (admin.authenticator, AUTHENTICATOR),
            ];
            user.flags |= flags
                .iter()
                .filter(|(set, _)| *set)
                .fold(0, |all, (_, flag)| all | flag);
            user.role = if admin.global_administrator {
                roles::GLOBAL_ADMINISTRATOR
            } else {
                0
            };
            user.mfa = mfa(&admin.mfa);
        } else if Some(position) == spare {
            user.role = roles::GLOBAL_ADMINISTRATOR;
            user.flags |= AUTHENTICATOR;
            user.mfa = plan
                .spare_administrator
                .as_ref()
                .map_or(0, |one| mfa(&one.mfa));
        } else if let Some((role, flags, mfa)) = special.remove(&position) {
            user.role = role;
            user.flags |= flags;
            user.mfa = mfa;
        } else {
            if dice % 100 < u64::from(plan.guests_percent) {
                user.flags = GUEST;
            } else if plan.sync.enabled && (dice >> 8) % 100 < u64::from(plan.sync.percent) {
                user.flags |= SYNCED;
            }
            if (dice >> 16) % 100 < u64::from(plan.disabled_percent) {
                user.flags |= DISABLED;
            }
        }
        users.push(user);
    }
    let admin = &plan.retained_administrator;
    users.name(
        retained,
        format!(
            "{}@{}",
            admin.name,
            admin.domain.as_deref().unwrap_or(domain)
        ),
    );
    if let (Some(position), Some(admin)) = (spare, &plan.spare_administrator) {
        users.name(position, format!("{}@{domain}", admin.name));
    }
    (users, retained, spare)
}

fn mfa(state: &str) -> u8 {
    MFA_STATES
        .iter()
        .position(|known| *known == state)
        .and_then(|index| u8::try_from(index).ok())
        .unwrap_or(0)
}

type Special = std::collections::HashMap<u32, (u8, u8, u8)>;

/// Draws which ordinary users are administrators, restricted, undeletable or have MFA enforced.
fn special(
    plan: &scenario::Tenant,
    total: u32,
    taken: &[Option<u32>],
    random: &mut Random,
) -> Special {
    let mut used: HashSet<u32> = taken.iter().flatten().copied().collect();
    let mut out = Special::new();
    let in_turn = |cycle: &[u8], number: u32| cycle[number as usize % cycle.len()];
    let mut wanted: Vec<(u8, u8, u8)> = Vec::new();
    wanted.extend((0..plan.global_administrators).map(|_| (roles::GLOBAL_ADMINISTRATOR, 0, 0)));
    wanted.extend(
        (0..plan.privileged_admins).map(|number| (in_turn(roles::PRIVILEGED_CYCLE, number), 0, 0)),
    );
    wanted.extend(
        (0..plan.low_privileged_admins).map(|number| (in_turn(roles::LOW_CYCLE, number), 0, 0)),
    );
    wanted.extend((0..plan.restricted_users).map(|_| (0, RESTRICTED, 0)));
    wanted.extend((0..plan.undeletable_users).map(|_| (0, UNDELETABLE, 0)));
    wanted.extend((0..plan.mfa_users).map(|_| (0, AUTHENTICATOR, 2)));
    for one in wanted {
        if used.len() as u32 >= total {
            break;
        }
        let mut position = random.below(u64::from(total)) as u32;
        while !used.insert(position) {
            position = (position + 1) % total;
        }
        out.insert(position, one);
    }
    out
}
