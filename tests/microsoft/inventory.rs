//! What is in the tenant, listed for an inventory: to the end, page by page, and never silently shorter.

use super::*;
use tenant_closure::closure::inventory::{Entry, Kind, Shortage, Sink, User};
use tenant_closure::closure::tenant::Answer;

const USERS: &str = "/v1.0/users";

/// Keeps the lines, and wants so many at most.
struct Lines {
    kept: Vec<Entry>,
    most: usize,
}

impl Sink for Lines {
    fn take(&mut self, entry: Entry) -> Answer<'_, bool> {
        self.kept.push(entry);
        let more = self.kept.len() < self.most;
        Box::pin(std::future::ready(more))
    }
}

async fn list(tenant: &LiveTenant, kind: Kind, most: usize) -> (Vec<Entry>, Vec<Shortage>) {
    let kept = Vec::new();
    let mut lines = Lines { kept, most };
    let lacks = tenant.list(kind, &mut lines).await;
    (lines.kept, lacks)
}

fn users(lines: &[Entry]) -> Vec<&User> {
    let users = lines.iter().filter_map(|entry| match entry {
        Entry::User(user) => Some(user),
        _ => None,
    });
    users.collect()
}

/// Users 1 to 45 on a first page, 46 to 50 on a second.
fn page(before: usize) -> Told {
    let user = |n: usize| json!({"id": id(n), "userPrincipalName": format!("user{n}@contoso.nl"), "assignedLicenses": []});
    if before == 0 {
        let value: Vec<Value> = (1..=45).map(user).collect();
        let next = format!("https://{GRAPH}{USERS}?$skiptoken=x");
        return Told::Json(200, json!({"value": value, "@odata.nextLink": next}));
    }
    let value: Vec<Value> = (46..=50).map(user).collect();
    Told::Json(200, json!({ "value": value }))
}

fn is_membership(path: &str) -> bool {
    path.ends_with("/memberOf")
}

fn batches(fake: &Fake) -> usize {
    let seen = fake.seen();
    seen.iter().filter(|one| one.path == "/v1.0/$batch").count()
}

#[tokio::test]
async fn users_are_listed_to_the_end_with_their_groups_twenty_in_a_batch() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        USERS => page(before),
        path if is_membership(path) => {
            // The group is named after the user.
            let user = path.split('/').nth(3).unwrap().to_owned();
            Told::Json(
                200,
                json!({"value": [{"@odata.type": "#microsoft.graph.group", "id": user, "displayName": format!("of {user}")}]}),
            )
        }
        _ => usual(seen),
    })
    .await;
    let (lines, lacks) = list(&tenant, Kind::User, usize::MAX).await;
    assert_eq!(lacks, []);
    let users = users(&lines);
    assert_eq!(users.len(), 50);
    for (user, n) in users.iter().zip(1..) {
        assert_eq!(user.id, id(n), "in the order in which they were listed");
        let groups = user.groups.as_ref().unwrap();
        assert_eq!(groups[0].name, Some(format!("of {}", id(n))));
    }
    assert_eq!(batches(&fake), 4); // 20 + 20 + 5, and 5
}

#[tokio::test]
async fn groups_that_may_not_be_read_are_lacking_and_not_none() {
    let denied = json!({"error": {"code": "Authorization_RequestDenied"}});
    let (fake, tenant) = start(move |seen, before| match seen.path.as_str() {
        USERS => page(before),
        path if is_membership(path) => Told::Json(403, denied.clone()),
        _ => usual(seen),
    })
    .await;
    let (lines, lacks) = list(&tenant, Kind::User, usize::MAX).await;
    assert_eq!(lacks, [Shortage::Unread(Kind::Membership, Why::Forbidden)]);
    let users = users(&lines);
    assert_eq!(users.len(), 50);
    assert!(users.iter().all(|user| user.groups.is_none()));
    // Of the second page nobody's are asked.
    assert!(batches(&fake) <= 3, "{}", batches(&fake));
}

#[tokio::test]
async fn a_user_whose_groups_get_no_answer_is_listed_all_the_same() {
    let (_fake, tenant) = start(|seen, before| match seen.path.as_str() {
        USERS => page(before),
        path if is_membership(path) && path.contains(&id(7).to_string()) => {
            Told::Json(404, json!({"error": {"code": "Request_ResourceNotFound"}}))
        }
        path if is_membership(path) => Told::Json(200, json!({"value": []})),
        _ => usual(seen),
    })
    .await;
    let (lines, lacks) = list(&tenant, Kind::User, usize::MAX).await;
    assert_eq!(
        lacks,
        [Shortage::Unread(Kind::Membership, Why::Unsupported)]
    );
    let users = users(&lines);
    let without = users.iter().filter(|user| user.groups.is_none());
    let without: Vec<ObjectId> = without.map(|user| user.id).collect();
    assert_eq!((users.len(), without), (50, vec![id(7)]));
}

#[tokio::test]
async fn a_page_that_fails_makes_the_users_incomplete() {
    let (_fake, tenant) = start(|seen, before| match seen.path.as_str() {
        USERS if before == 0 => page(0),
        USERS => Told::Json(
            403,
            json!({"error": {"code": "Authorization_RequestDenied"}}),
        ),
        path if is_membership(path) => Told::Json(200, json!({"value": []})),
        _ => usual(seen),
    })
    .await;
    let (lines, lacks) = list(&tenant, Kind::User, usize::MAX).await;
    assert_eq!(lines.len(), 45);
    assert_eq!(lacks, [Shortage::Unread(Kind::User, Why::Forbidden)]);
}

#[tokio::test]
async fn whoever_wants_no_more_lines_ends_the_reading() {
    let (fake, tenant) = start(|seen, before| match seen.path.as_str() {
        USERS => page(before),
        path if is_membership(path) => Told::Json(200, json!({"value": []})),
        _ => usual(seen),
    })
    .await;
    let (lines, _) = list(&tenant, Kind::User, 10).await;
    assert_eq!(lines.len(), 10);
    let seen = fake.seen();
    assert!(seen.iter().filter(|one| one.path == USERS).count() == 1);
}
