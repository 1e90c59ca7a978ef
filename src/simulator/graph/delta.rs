//! What has changed about users since last time: `users/delta`, with tokens that live for seven days of the tenant's own time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::errors::Refusal;
use super::super::exchange::Reply;
use super::super::replicas::Replica;
use super::super::subscription::DAY;
use super::super::users::PURGED;
use super::super::world::World;
use super::listing::select;
use super::{Answer, Call, person, query, users};

/// Rows of a page, where the request does not prefer another number.
const ROWS: usize = 200;
/// Microsoft keeps the state of directory objects for so long. Of real time, as any token: a client comes back by its own
/// clock, and would find each one over where days pass in a second.
const LIFE: i64 = (7.0 * DAY) as i64;

/// Where a client is. `since` counts the changes that it knows, `issued` is when it began, in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Reads everybody; next comes the user at `position`.
    First {
        since: usize,
        issued: i64,
        position: u32,
    },
    /// Reads changes.
    Changes { since: usize, issued: i64 },
}

impl State {
    fn issued(self) -> i64 {
        match self {
            Self::First { issued, .. } | Self::Changes { issued, .. } => issued,
        }
    }

    fn write(self) -> String {
        let text = match self {
            Self::First {
                since,
                issued,
                position,
            } => format!("first.{since}.{issued}.{position}"),
            Self::Changes { since, issued } => format!("changes.{since}.{issued}"),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    fn read(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let mut parts = text.split('.');
        let kind = parts.next()?;
        let since = parts.next()?.parse().ok()?;
        let issued = parts.next()?.parse().ok()?;
        match (kind, parts.next()) {
            ("first", Some(position)) => Some(Self::First {
                since,
                issued,
                position: position.parse().ok()?,
            }),
            ("changes", None) => Some(Self::Changes { since, issued }),
            _ => None,
        }
    }
}

pub(super) fn route(world: &mut World, call: &Call) -> Answer {
    call.require(users::READ)?;
    for option in ["$top", "$orderby", "$expand", "$search"] {
        if call.query.get(option).is_some() {
            let text = format!("'{option}' is not supported with change tracking.");
            return Err(Refusal::new(400, "Request_UnsupportedQuery", text));
        }
    }
    let now = world.clock.real();
    let known = world.tenants[call.caller.tenant].users.changes.len();
    let fresh = State::First {
        since: known,
        issued: now,
        position: 0,
    };
    let token = call
        .query
        .get("$deltatoken")
        .or(call.query.get("$skiptoken"));
    let state = match token {
        None | Some("") => fresh,
        Some("latest") => {
            return Ok(page(
                call,
                &[],
                Err(State::Changes {
                    since: known,
                    issued: now,
                }),
            ));
        }
        Some(token) => match State::read(token) {
            Some(state) if state.issued() + LIFE > now => state,
            _ => return Ok(gone(world, call)),
        },
    };
    match state {
        State::First {
            since,
            issued,
            position,
        } => everybody(world, call, since, issued, position),
        State::Changes { since, .. } => changes(world, call, since),
    }
}

fn everybody(world: &mut World, call: &Call, since: usize, issued: i64, position: u32) -> Answer {
    let index = call.caller.tenant;
    let replica = Replica::draw(world, index);
    let (now, real) = (world.clock.virtual_now(), world.clock.real());
    let tenant = &world.tenants[index];
    let (size, chosen, wanted) = (size(call), select(call), only(call)?);
    let mut rows = Vec::new();
    for at in position..tenant.users.len() {
        let Some(user) = tenant.users.get(at) else {
            break;
        };
        if !replica.shows_user(user) || !watched(wanted.as_deref(), user.id) {
            continue;
        }
        if rows.len() == size {
            return Ok(page(
                call,
                &rows,
                Ok(State::First {
                    since,
                    issued,
                    position: at,
                }),
            ));
        }
        rows.push(person::user(tenant, at, chosen.as_deref(), now)?);
    }
    // What changed while the pages were read is told the next time.
    Ok(page(
        call,
        &rows,
        Err(State::Changes {
            since,
            issued: real,
        }),
    ))
}

fn changes(world: &mut World, call: &Call, since: usize) -> Answer {
    let index = call.caller.tenant;
    let (now, real) = (world.clock.virtual_now(), world.clock.real());
    let behaviour = world.behaviour_of(index);
    let lag = i64::from(behaviour.replica_lag_ms.max(behaviour.creation_lag_ms));
    let replays = lag > 0 && world.random.below(4) == 0;
    let tenant = &world.tenants[index];
    let (size, chosen, wanted) = (size(call), select(call), only(call)?);
    let mut at = since;
    let mut rows: Vec<Value> = Vec::new();
    let mut told = std::collections::HashSet::new();
    for (moment, position) in tenant.users.changes.iter().skip(since) {
        // The newest changes may be missing for a while.
        if *moment + lag > real && lag > 0 {
            break;
        }
        if rows.len() == size {
            return Ok(page(
                call,
                &rows,
                Ok(State::Changes {
                    since: at,
                    issued: real,
                }),
            ));
        }
        at += 1;
        let Some(user) = tenant.users.get(*position) else {
            continue;
        };
        if !told.insert(*position) || !watched(wanted.as_deref(), user.id) {
            continue;
        }
        rows.push(if user.alive() {
            person::user(tenant, *position, chosen.as_deref(), now)?
        } else {
            let reason = if user.is(PURGED) {
                "deleted"
            } else {
                "changed"
            };
            json!({ "id": user.id, "@removed": { "reason": reason } })
        });
    }
    // A lagging service now and then tells something twice.
    let next = if replays {
        at.saturating_sub(1).max(since.min(at))
    } else {
        at
    };
    Ok(page(
        call,
        &rows,
        Err(State::Changes {
            since: next,
            issued: real,
        }),
    ))
}

/// A page with the way to the next one (`Ok`) or to what comes later (`Err`).
fn page(call: &Call, rows: &[Value], next: Result<State, State>) -> Reply {
    let mut body = json!({ "@odata.context": call.context("users"), "value": rows });
    let (name, option, state) = match next {
        Ok(state) => ("@odata.nextLink", "$skiptoken", state),
        Err(state) => ("@odata.deltaLink", "$deltatoken", state),
    };
    body[name] = json!(link(call, option, &state.write()));
    Reply::json(200, body)
}

fn link(call: &Call, option: &str, token: &str) -> String {
    let mut query = call.query.clone();
    for name in ["$skiptoken", "$deltatoken"] {
        query = super::super::exchange::Query::parse(&query.without(name));
    }
    let rest = query.without("");
    let joint = if rest.is_empty() { "" } else { "&" };
    format!("{}/users/delta?{rest}{joint}{option}={token}", call.base)
}

/// The state is too old: begin again at the address that is told.
fn gone(world: &World, call: &Call) -> Reply {
    let client_id = call
        .headers
        .get("client-request-id")
        .unwrap_or(&call.request_id);
    let text =
        "The sync state generation is not found; continuing requires a full synchronization.";
    Refusal::new(410, "syncStateNotFound", text)
        .graph(&call.request_id, client_id, world.clock.real())
        .with("Location", link(call, "$deltatoken", ""))
}

/// The rows that a request prefers.
fn size(call: &Call) -> usize {
    let preferred = call.headers.get("prefer").and_then(|text| {
        let (_, number) = text.split_once("odata.maxpagesize=")?;
        number.split([',', ';']).next()?.trim().parse().ok()
    });
    preferred.unwrap_or(ROWS).clamp(1, 999)
}

/// The users that are watched; filters by id alone are possible.
fn only(call: &Call) -> Result<Option<Vec<String>>, Refusal> {
    call.query.get("$filter").map(query::ids).transpose()
}

/// Whether a user is watched: all are, where none is named.
fn watched(wanted: Option<&[String]>, id: uuid::Uuid) -> bool {
    let id = id.to_string();
    wanted.is_none_or(|ids| ids.iter().any(|one| one.eq_ignore_ascii_case(&id)))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    const FIRST: &str = "/v1.0/users/delta?$select=id,userPrincipalName";

    /// Reads all pages; the rows, and the link for the next time.
    fn read(world: &mut World, token: &str, start: &str) -> (Vec<Value>, String) {
        let mut rows = Vec::new();
        let mut target = start.to_owned();
        loop {
            let reply = testing::get(world, token, &target);
            assert_eq!(reply.status, 200, "{reply:?}");
            rows.extend(reply.value()["value"].as_array().unwrap().clone());
            let local = |link: &Value| {
                link.as_str().map(|text| {
                    text.trim_start_matches("https://graph.microsoft.com")
                        .to_owned()
                })
            };
            match local(&reply.value()["@odata.nextLink"]) {
                Some(next) => target = next,
                None => return (rows, local(&reply.value()["@odata.deltaLink"]).unwrap()),
            }
        }
    }

    fn delete(world: &mut World, token: &str, position: u32) -> Value {
        let id = world.tenants[0].user_id(position).unwrap();
        let target = format!("/v1.0/users/{id}");
        assert_eq!(
            testing::send(world, token, "DELETE", &target, &Value::Null).status,
            204
        );
        json!(id)
    }

    #[test]
    fn everybody_first_and_then_what_changed() {
        let mut world = World::test("tenants: [{users: 450}]");
        let token = testing::token(&mut world, 0, false);
        let (rows, link) = read(&mut world, &token, FIRST);
        assert_eq!((rows.len(), rows[0].as_object().unwrap().len()), (450, 2));
        assert!(
            link.contains("%24select=id%2CuserPrincipalName&$deltatoken="),
            "{link}"
        );
        let (rows, link) = read(&mut world, &token, &link);
        assert!(rows.is_empty());
        let (first, second) = (delete(&mut world, &token, 0), delete(&mut world, &token, 1));
        let restore = format!(
            "/v1.0/directory/deletedItems/{}/restore",
            second.as_str().unwrap()
        );
        assert_eq!(
            testing::send(&mut world, &token, "POST", &restore, &Value::Null).status,
            200
        );
        let (rows, later) = read(&mut world, &token, &link);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (&rows[0]["id"], &rows[0]["@removed"]["reason"]),
            (&first, &json!("changed"))
        );
        assert_eq!((&rows[1]["id"], rows[1].get("@removed")), (&second, None));
        // After thirty days in the bin a user is gone for good, and told once more.
        world.clock.advance(5.0 * 86_400.0);
        let (_, later) = read(&mut world, &token, &later);
        let mut link = later;
        for _ in 0..5 {
            world.clock.advance(6.0 * 86_400.0);
            let (rows, next) = read(&mut world, &token, &link);
            link = next;
            if let Some(row) = rows.first() {
                assert_eq!(
                    (&row["id"], &row["@removed"]["reason"]),
                    (&first, &json!("deleted"))
                );
                return;
            }
        }
        panic!("the user never left the bin");
    }

    #[test]
    fn an_old_state_begins_again_and_latest_begins_now() {
        let mut world = World::test("tenants: [{users: 9}]");
        let token = testing::token(&mut world, 0, false);
        let (rows, latest) = read(&mut world, &token, &format!("{FIRST}&$deltatoken=latest"));
        assert!(rows.is_empty());
        delete(&mut world, &token, 2);
        assert_eq!(read(&mut world, &token, &latest).0.len(), 1);
        // What is long with Microsoft passes faster, and a token does not.
        world.clock.advance(60.0 * 86_400.0);
        assert!(read(&mut world, &token, &latest).0.len() <= 1);
        world.clock.pass(8 * 86_400_000);
        let token = testing::token(&mut world, 0, false);
        let reply = testing::get(&mut world, &token, &latest);
        assert_eq!(
            (reply.status, reply.value()["error"]["code"].as_str()),
            (410, Some("syncStateNotFound"))
        );
        let (_, place) = reply
            .headers
            .iter()
            .find(|(name, _)| name == "Location")
            .unwrap();
        let place = place.trim_start_matches("https://graph.microsoft.com");
        assert_eq!(read(&mut world, &token, place).0.len(), 8);
        for wrong in ["$top=5", "$filter=userType eq 'Guest'", "$deltatoken=x"] {
            let reply = testing::get(&mut world, &token, &format!("{FIRST}&{wrong}"));
            assert!(matches!(reply.status, 400 | 410), "{wrong}");
        }
    }

    #[test]
    fn a_link_holds_one_token_however_it_was_asked_for() {
        for dollar in ["$", ""] {
            let mut world = World::test("tenants: [{users: 9}]");
            let token = testing::token(&mut world, 0, false);
            let start = format!("/v1.0/users/delta?{dollar}deltatoken=latest");
            let (_, latest) = read(&mut world, &token, &start);
            let gone = delete(&mut world, &token, 2);
            let (rows, next) = read(&mut world, &token, &latest);
            assert_eq!((rows.len(), &rows[0]["id"]), (1, &gone), "{latest}");
            assert!(!next.contains("latest"), "{next}");
        }
    }

    #[test]
    fn the_newest_changes_may_be_missing_for_a_while() {
        let mut world = World::test("{tenants: [{users: 9}], behaviour: {replicaLagMs: 5000}}");
        let token = testing::token(&mut world, 0, false);
        let (_, latest) = read(&mut world, &token, &format!("{FIRST}&$deltatoken=latest"));
        delete(&mut world, &token, 2);
        let (rows, latest) = read(&mut world, &token, &latest);
        assert!(rows.is_empty());
        world.clock.pass(5000);
        assert_eq!(read(&mut world, &token, &latest).0.len(), 1);
    }

    #[test]
    fn several_can_be_watched_by_id() {
        let mut world = World::test("tenants: [{users: 9}]");
        let token = testing::token(&mut world, 0, false);
        let ids = [2, 5].map(|position| world.tenants[0].user_id(position).unwrap().to_string());
        let filter = format!("{FIRST}&$filter=id eq '{}' or id eq '{}'", ids[0], ids[1]);
        let (rows, latest) = read(&mut world, &token, &filter);
        let told: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(told, ids);
        for position in [3, 5] {
            delete(&mut world, &token, position);
        }
        let (rows, _) = read(&mut world, &token, &latest);
        assert_eq!(
            (rows.len(), rows[0]["id"].as_str()),
            (1, Some(ids[1].as_str()))
        );
    }
}
