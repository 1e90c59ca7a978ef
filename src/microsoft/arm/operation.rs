//! Long-running operations: a 202 is followed for as long as the effect may last.
//! Source: learn.microsoft.com `azure/azure-resource-manager/management/async-operations`.

use crate::closure::id::ObjectId;
use crate::closure::tenant::Attempt;
use crate::microsoft::clouds::Service;
use crate::microsoft::effect::{note, refuse, write};
use crate::microsoft::failure::{Failure, Kind, Told};
use crate::microsoft::gates::Lane;
use crate::microsoft::request::{Call, Reply};
use crate::microsoft::wire::Line;
use serde_json::Value;
use std::time::{Duration, Instant};

/// The pause between two looks where the reply names none.
const PAUSE: Duration = Duration::from_secs(1);

/// The shortest pause, whatever the reply says.
const SHORTEST: Duration = Duration::from_millis(200);

/// The longest time that an operation is followed; what lasts longer is seen by reading the object.
const FOLLOWED: Duration = Duration::from_secs(10);

/// So long before the effect's own time is over an operation is looked at that asked for a longer pause than that.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// Sends one request that stands for `objects` and follows the operation that it begins. An operation that fails is a
/// refusal with its code; one that is still running counts as accepted.
pub(in crate::microsoft) async fn carry_out(
    line: &Line<'_>,
    call: &Call,
    objects: &[ObjectId],
) -> Attempt {
    followed(line, call, objects, None).await
}

/// Likewise; a reply of this status with a code of its own is a refusal, whatever it is elsewhere.
pub(in crate::microsoft) async fn carry_out_told(
    line: &Line<'_>,
    call: &Call,
    objects: &[ObjectId],
    refusal: u16,
) -> Attempt {
    followed(line, call, objects, Some(refusal)).await
}

/// Azure Active Directory's word for a race, which passes.
const RACE: &str = "Directory_ConcurrencyViolation";

async fn followed(
    line: &Line<'_>,
    call: &Call,
    objects: &[ObjectId],
    refusal: Option<u16>,
) -> Attempt {
    let mut attempt = Attempt::default();
    let sent = write(line, Service::Arm, call).await;
    let refused = match &sent {
        Some(Ok(reply)) => reply.failure().filter(|failure| {
            let coded = failure.code != RACE && failure.code != format!("HTTP{}", failure.status);
            Some(failure.status) == refusal && coded
        }),
        _ => None,
    };
    if let Some(failure) = refused {
        refuse(&mut attempt, &failure, objects);
        attempt.requests = line.requests();
        return attempt;
    }
    let follow = match &sent {
        Some(Ok(reply)) if reply.status == 202 => next(line, reply),
        _ => None,
    };
    let failed = match follow {
        Some((url, pause)) => watch(line, url, pause).await,
        None => None,
    };
    match failed {
        Some(failure) => {
            attempt.note_request(sent.iter().flatten().map(|reply| reply.id).next());
            refuse(&mut attempt, &failure, objects);
        }
        None => note(&mut attempt, objects, call, sent.as_ref()),
    }
    attempt.requests = line.requests();
    attempt
}

/// Where to look next, if the reply says so: the first of its links that is a place of ARM itself.
fn next(line: &Line<'_>, reply: &Reply) -> Option<(url::Url, Duration)> {
    let told = ["azure-asyncoperation", "location"];
    let url = told.into_iter().find_map(|name| {
        let place = reply.header(name)?;
        line.wire.hosts.trusted(Service::Arm, place)
    })?;
    Some((url, pause(reply)))
}

fn pause(reply: &Reply) -> Duration {
    reply.retry_after().unwrap_or(PAUSE).max(SHORTEST)
}

/// Where the result is looked for at its `Location`, a refusal with a code of its own is how the operation ended. What concerns
/// the look itself (whether we may, whether it is there, a pause) and what is Microsoft's own trouble tell nothing.
fn ended_badly(reply: &Reply) -> Option<Failure> {
    let of_the_look = matches!(reply.status, 401 | 403 | 404 | 408 | 429);
    if of_the_look || !(400..500).contains(&reply.status) {
        return None;
    }
    let mut failure = reply.failure()?;
    let coded = failure.code != format!("HTTP{}", failure.status);
    failure.kind = Kind::Rejected;
    coded.then_some(failure)
}

/// Watches an operation; `Some` where it came to a bad end. Whatever pause it asks for, it is looked at once at least: nothing
/// else tells why it failed.
async fn watch(line: &Line<'_>, mut url: url::Url, pause: Duration) -> Option<Failure> {
    let end = line.until();
    let until = end.min(Instant::now() + FOLLOWED);
    let left = end.saturating_duration_since(Instant::now());
    let mut pause = pause.min(left.saturating_sub(LAST_LOOK));
    let mut looked = false;
    while !looked || Instant::now() + pause < until {
        tokio::time::sleep(pause).await;
        looked = true;
        if !line.opened(Service::Arm, Lane::Read, end).await {
            return None;
        }
        let reply = line
            .send(Service::Arm, Lane::Read, &Call::get(url.clone()))
            .await
            .ok()?;
        if reply.status == 202 {
            (url, pause) = next(line, &reply).unwrap_or((url, PAUSE));
            continue;
        }
        if let Some(failure) = ended_badly(&reply) {
            return Some(failure);
        }
        let told = self::pause(&reply);
        let body: Value = reply.json().ok()?;
        match body["status"].as_str() {
            Some("Failed" | "Canceled") => {
                let mut failure = Failure::from_value(409, &body, Told::default());
                failure.kind = Kind::Rejected;
                return Some(failure);
            }
            Some("InProgress" | "Running" | "Accepted") => pause = told,
            _ => return None,
        }
    }
    None
}
