//! What is in the tenant, with its names, page by page into a sink: no more than a page of it is in memory at any time.
//!
//! Who is in which group is asked user by user, 20 in a `$batch`: with `$select` that costs one resource unit each
//! (graph/throttling-limits, identity and access), 2,500 units and 500 requests for 10,000 users at most. The members of
//! each group would cost two units a page, so less where groups are fewer than half of the users; but then the line of a
//! user could only name groups once all of them had been read, and all memberships of the tenant would be in memory.

use super::{PAGE, STABLE};
use crate::closure::id::ObjectId;
use crate::closure::inventory::{
    Application, Domain, Entry, Group, HIDDEN_MEMBERS, InGroup, Kind, License, Shortage, Sink, User,
};
use crate::closure::observation::Why;
use crate::microsoft::batch::{self, Item};
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::paging::{self, Pages};
use crate::microsoft::wire::Line;
use futures::stream::{self, StreamExt};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// Part numbers of products by `skuId`.
pub(in crate::microsoft) type Products = BTreeMap<String, String>;

/// Hands each element of a listing over; `false`: the sink wants no more.
async fn stream<T: serde::de::DeserializeOwned + Send>(
    line: &Line<'_>,
    first: Url,
    into: &mut dyn Sink,
    mut entry: impl FnMut(T) -> Entry + Send,
) -> Result<bool, Failure> {
    let mut pages = Pages::new(line, Service::Graph, first);
    while let Some(page) = pages.next().await? {
        for one in page {
            if !into.take(entry(one)).await {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSku {
    sku_id: String,
    sku_part_number: String,
    #[serde(default)]
    consumed_units: Option<u64>,
    #[serde(default)]
    prepaid_units: Option<Units>,
}

#[derive(Deserialize)]
struct Units {
    #[serde(default)]
    enabled: Option<u64>,
}

/// `GET /subscribedSkus` (graph/api/subscribedsku-list); what is told back names the products of licenses.
pub(in crate::microsoft) async fn licenses(
    line: &Line<'_>,
    into: &mut dyn Sink,
) -> Result<Products, Failure> {
    let url = line.url(Service::Graph, &[STABLE, "subscribedSkus"], &[])?;
    let mut products = Products::new();
    stream(line, url, into, |raw: RawSku| {
        products.insert(raw.sku_id.to_ascii_lowercase(), raw.sku_part_number.clone());
        Entry::License(License {
            id: raw.sku_id,
            name: raw.sku_part_number,
            seats: raw.prepaid_units.and_then(|units| units.enabled),
            assigned: raw.consumed_units,
        })
    })
    .await?;
    Ok(products)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDomain {
    id: String,
    is_initial: bool,
    is_default: bool,
    is_verified: bool,
    #[serde(default)]
    authentication_type: Option<String>,
}

/// `GET /domains` (graph/api/domain-list).
pub(in crate::microsoft) async fn domains(
    line: &Line<'_>,
    into: &mut dyn Sink,
) -> Result<(), Failure> {
    let url = line.url(Service::Graph, &[STABLE, "domains"], &[])?;
    stream(line, url, into, |raw: RawDomain| {
        Entry::Domain(Domain {
            id: raw.id,
            initial: raw.is_initial,
            default: raw.is_default,
            verified: raw.is_verified,
            authentication: raw.authentication_type,
        })
    })
    .await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawGroup {
    id: ObjectId,
    display_name: Option<String>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    group_types: Vec<String>,
    #[serde(default)]
    security_enabled: Option<bool>,
    #[serde(default)]
    visibility: Option<String>,
}

/// `GET /groups` (graph/api/group-list). Where one hides its members and the token lacks what shows them, Graph leaves them
/// out of every answer without a word: that is told.
pub(in crate::microsoft) async fn groups(
    line: &Line<'_>,
    into: &mut dyn Sink,
) -> Result<Option<Shortage>, Failure> {
    let select = "id,displayName,mail,groupTypes,securityEnabled,visibility";
    let query = [("$select", select), ("$top", PAGE)];
    let url = line.url(Service::Graph, &[STABLE, "groups"], &query)?;
    let mut hides = false;
    stream(line, url, into, |raw: RawGroup| {
        hides |= raw.visibility.as_deref() == Some("HiddenMembership");
        Entry::Group(Group {
            id: raw.id,
            name: raw.display_name,
            mail: raw.mail,
            types: raw.group_types,
            security: raw.security_enabled,
            visibility: raw.visibility,
        })
    })
    .await?;
    let shown = line.holds(HIDDEN_MEMBERS).await?;
    Ok((hides && !shown).then_some(Shortage::HiddenMembership))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawApplication {
    id: ObjectId,
    #[serde(default)]
    app_id: Option<ObjectId>,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    service_principal_type: Option<String>,
    #[serde(default)]
    app_owner_organization_id: Option<String>,
}

/// `GET /applications` and `GET /servicePrincipals` (graph/api/application-list, serviceprincipal-list).
pub(in crate::microsoft) async fn applications(
    line: &Line<'_>,
    into: &mut dyn Sink,
) -> Result<(), Failure> {
    for (collection, select, service_principal) in [
        ("applications", "id,appId,displayName", false),
        (
            "servicePrincipals",
            "id,appId,displayName,servicePrincipalType,appOwnerOrganizationId",
            true,
        ),
    ] {
        let query = [("$select", select), ("$top", PAGE)];
        let url = line.url(Service::Graph, &[STABLE, collection], &query)?;
        let more = stream(line, url, into, |raw: RawApplication| {
            let owner = raw.app_owner_organization_id.as_deref();
            Entry::Application(Application {
                id: raw.id,
                app_id: raw.app_id,
                built_in: service_principal
                    && super::applications::built_in(raw.service_principal_type.as_deref(), owner),
                name: raw.display_name,
                service_principal,
            })
        })
        .await?;
        if !more {
            break;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUser {
    id: ObjectId,
    user_principal_name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    user_type: Option<String>,
    #[serde(default)]
    account_enabled: Option<bool>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
    assigned_licenses: Vec<Assigned>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assigned {
    sku_id: String,
}

impl RawUser {
    fn told(self, products: &Products, groups: Option<Vec<InGroup>>) -> Entry {
        let licenses = self.assigned_licenses.into_iter().map(|one| {
            let product = products.get(&one.sku_id.to_ascii_lowercase());
            product.cloned().unwrap_or(one.sku_id)
        });
        Entry::User(User {
            id: self.id,
            user_principal_name: self.user_principal_name,
            name: self.display_name,
            mail: self.mail,
            kind: self.user_type,
            enabled: self.account_enabled,
            synced: self.on_premises_sync_enabled == Some(true),
            licenses: licenses.collect(),
            groups,
        })
    }
}

/// `GET /users` (graph/api/user-list), and for each `GET /users/{id}/memberOf` (graph/api/user-list-memberof).
pub(in crate::microsoft) async fn users(
    line: &Line<'_>,
    products: &Products,
    into: &mut dyn Sink,
) -> Vec<Shortage> {
    let mut lacks = Lacks::default();
    if let Err(failure) = list_users(line, products, into, &mut lacks).await {
        lacks.note(Shortage::Unread(Kind::User, failure.why()));
    }
    lacks.0
}

/// What is lacking, each once.
#[derive(Default)]
struct Lacks(Vec<Shortage>);

impl Lacks {
    fn note(&mut self, shortage: Shortage) {
        if !self.0.contains(&shortage) {
            self.0.push(shortage);
        }
    }

    /// Who may not read one user's groups may not read another's.
    fn forbids_groups(&self) -> bool {
        let forbidden = Shortage::Unread(Kind::Membership, Why::Forbidden);
        self.0.contains(&forbidden)
    }
}

async fn list_users(
    line: &Line<'_>,
    products: &Products,
    into: &mut dyn Sink,
    lacks: &mut Lacks,
) -> Result<(), Failure> {
    let select = "id,userPrincipalName,displayName,mail,userType,accountEnabled,onPremisesSyncEnabled,assignedLicenses";
    let query = [("$select", select), ("$top", PAGE)];
    let url = line.url(Service::Graph, &[STABLE, "users"], &query)?;
    let mut pages = Pages::new(line, Service::Graph, url);
    let flights = line.wire.limits.batches.max(1);
    while let Some(mut page) = pages.next::<RawUser>().await? {
        let unnamed = lacks.forbids_groups();
        let mut some = Vec::new();
        while !page.is_empty() {
            let rest = page.split_off(page.len().min(batch::SIZE));
            some.push(std::mem::replace(&mut page, rest));
        }
        let mut asked = stream::iter(some)
            .map(|users| async move {
                let groups = if unnamed {
                    users.iter().map(|_| Groups::unread(None)).collect()
                } else {
                    groups_of(line, &users).await
                };
                (users, groups)
            })
            .buffered(flights);
        while let Some((users, groups)) = asked.next().await {
            for (user, groups) in users.into_iter().zip(groups) {
                if let Some(why) = groups.lacks {
                    lacks.note(Shortage::Unread(Kind::Membership, why));
                }
                if !into.take(user.told(products, groups.found)).await {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// The groups of one user.
struct Groups {
    found: Option<Vec<InGroup>>,
    lacks: Option<Why>,
}

impl Groups {
    const fn unread(why: Option<Why>) -> Self {
        Self {
            found: None,
            lacks: why,
        }
    }
}

/// The type of a group among the objects of a directory.
const GROUP: &str = "#microsoft.graph.group";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMembership {
    /// Directory roles and administrative units stand among the groups. To ask for groups alone is an advanced query, which takes a
    /// header and a count (graph/aad-advanced-queries) and reads an index that lags.
    #[serde(rename = "@odata.type")]
    kind: String,
    id: ObjectId,
    #[serde(default)]
    display_name: Option<String>,
}

/// The groups of up to 20 users: direct memberships, in the order of the users.
async fn groups_of(line: &Line<'_>, users: &[RawUser]) -> Vec<Groups> {
    let asked = async {
        let items = users.iter().map(|user| groups_item(line, user.id));
        let items = items.collect::<Result<Vec<Item>, Failure>>()?;
        batch_read::read(line, STABLE, &items).await
    };
    let bodies = match asked.await {
        Ok(bodies) => bodies,
        Err(failure) => {
            let why = Some(failure.why());
            return users.iter().map(|_| Groups::unread(why)).collect();
        }
    };
    let mut all = Vec::with_capacity(users.len());
    for body in bodies {
        all.push(match memberships(line, body).await {
            // Who may not read a group is told its id alone (graph/permissions-overview, limited information).
            Ok(found) => Groups {
                lacks: found
                    .iter()
                    .any(|group| group.name.is_none())
                    .then_some(Why::Forbidden),
                found: Some(found),
            },
            Err(failure) => Groups::unread(Some(failure.why())),
        });
    }
    all
}

fn groups_item(line: &Line<'_>, user: ObjectId) -> Result<Item, Failure> {
    let query = [("$select", "id,displayName"), ("$top", PAGE)];
    let user = user.to_string();
    let path = [STABLE, "users", &user, "memberOf"];
    Ok(Item::get(&line.url(Service::Graph, &path, &query)?))
}

/// The first page came in a `$batch`; the others, of a user in very many groups, are read one by one.
async fn memberships(line: &Line<'_>, body: Body) -> Result<Vec<InGroup>, Failure> {
    let found: Vec<RawMembership> = paging::begun(line, Service::Graph, body).await?;
    let groups = found.into_iter().filter(|raw| raw.kind == GROUP);
    let named = groups.map(|raw| InGroup {
        id: raw.id,
        name: raw.display_name,
    });
    Ok(named.collect())
}
