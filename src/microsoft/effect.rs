//! One bounded effect: many small requests in `$batch`es, none without the leash, none too late, no item lost.

use super::batch::{self, Answer, Item};
use super::clouds::Service;
use super::failure::{Failure, Kind};
use super::gates::{Lane, lock};
use super::heard::Heard;
use super::pauses::{SlowLane, too_busy};
use super::request::{Call, Reply};
use super::wire::{Line, NOT_SENT};
use crate::closure::id::ObjectId;
use crate::closure::intent::Refusal;
use crate::closure::tenant::Attempt;
use crate::closure::words::len;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

/// Most refusals with a code of their own in one attempt; the others share [`OTHER`].
const MOST_CODES: usize = 49;

/// The code under which refusals beyond [`MOST_CODES`] are kept.
const OTHER: &str = "Other";

/// Sends one writing request once the gate opens. `None`: it does not open in time.
pub(super) async fn write(
    line: &Line<'_>,
    service: Service,
    call: &Call,
) -> Option<Result<Reply, Failure>> {
    if service != Service::Graph {
        if !line.opened(service, Lane::Write, line.until()).await {
            return None;
        }
        return Some(line.send(service, Lane::Write, call).await);
    }
    if !line.turn(call, line.until()).await {
        return None;
    }
    let reservation = line.wire.gate.reserve(1, line.until()).await?;
    let sent = line.send(service, Lane::Write, call).await;
    if was_sent(&sent) {
        reservation.spend();
    }
    Some(sent)
}

/// False where a request stayed here: there was no token for it, or the bounds of the effect said no.
fn was_sent(sent: &Result<Reply, Failure>) -> bool {
    match sent {
        Ok(_) => true,
        Err(failure) => {
            // A policy that asks for a person is a failure of sending only where it stands before the token.
            let no_token = [Kind::Credential, Kind::TenantGone, Kind::Challenged];
            !no_token.contains(&failure.kind) && failure.code != NOT_SENT
        }
    }
}

/// What an answer means for an object that was to be deleted or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Done, or gone already.
    Accepted,
    /// A repeat gives the same.
    Refused,
    /// Answered 429.
    Throttled,
    /// No answer that counts.
    Unanswered,
}

/// Sorts an answer to a writing request. What is not there needs no deleting; but what was to be changed and is said to be
/// not there is looked at again (404: a reader may lag), or told to a person (410).
pub(super) fn verdict(answer: Result<(), &Failure>, method: &str) -> Verdict {
    let Err(failure) = answer else {
        return Verdict::Accepted;
    };
    match failure.kind {
        Kind::Absent if method == "DELETE" => Verdict::Accepted,
        Kind::Absent if failure.status == 404 => Verdict::Unanswered,
        Kind::Forbidden if failure.status == 401 => Verdict::Unanswered,
        Kind::Throttled => Verdict::Throttled,
        Kind::Absent | Kind::Forbidden | Kind::Challenged | Kind::Conflict | Kind::Rejected => {
            Verdict::Refused
        }
        Kind::Transport
        | Kind::Server
        | Kind::Stale
        | Kind::Malformed
        | Kind::Credential
        | Kind::TenantGone => Verdict::Unanswered,
    }
}

/// Notes one object's refusal, in the bounds of the journal.
pub(super) fn refuse(attempt: &mut Attempt, failure: &Failure, objects: &[ObjectId]) {
    attempt.note_request(failure.request_id);
    let known = attempt
        .refused
        .iter()
        .position(|r| r.code == failure.code && r.status == failure.status);
    let place = known.or_else(|| {
        let full = attempt.refused.len() >= MOST_CODES;
        full.then(|| attempt.refused.iter().position(|r| r.code == OTHER))?
    });
    if let Some(refusal) = place.and_then(|place| attempt.refused.get_mut(place)) {
        refusal.objects.extend(objects);
        return;
    }
    let full = attempt.refused.len() >= MOST_CODES;
    attempt.refused.push(Refusal {
        code: if full { OTHER } else { &failure.code }.to_owned(),
        status: failure.status,
        objects: objects.to_vec(),
    });
}

/// Notes what one request that stands for all `objects` brought.
pub(super) fn note(
    attempt: &mut Attempt,
    objects: &[ObjectId],
    call: &Call,
    sent: Option<&Result<Reply, Failure>>,
) {
    let failure = match sent {
        None => return,
        Some(Ok(reply)) => reply.failure(),
        Some(Err(failure)) => Some(failure.clone()),
    };
    let Some(failure) = failure else {
        attempt.accepted.extend(objects);
        return;
    };
    match verdict(Err(&failure), call.method.as_str()) {
        Verdict::Accepted => attempt.accepted.extend(objects),
        Verdict::Throttled => attempt.throttled += 1,
        Verdict::Refused => refuse(attempt, &failure, objects),
        Verdict::Unanswered => attempt.note_request(failure.request_id),
    }
}

/// The work of one sweep, shared by the batches in flight.
struct Sweep {
    queue: VecDeque<ObjectId>,
    /// Batches in flight.
    out: usize,
    attempt: Attempt,
}

/// Requests in a `$batch` of a slow lane: few, so that one is never waited for long.
const FEW: usize = 5;

/// Sends one small writing request for each object, 20 in a `$batch`, several in flight. What is answered 429 goes back
/// into the queue and is sent again when the gate opens; what is left at the end was not answered.
/// `POST /$batch` of the API version given.
pub(super) async fn sweep(
    line: &Line<'_>,
    version: &str,
    objects: &[ObjectId],
    item: impl Fn(ObjectId) -> Item + Sync,
) -> Result<Attempt, Failure> {
    sweep_in(line, None, version, objects, item).await
}

/// Likewise in a lane that is slower than the rest of Graph: a 429 there closes that lane alone.
pub(super) async fn sweep_in(
    line: &Line<'_>,
    slow: Option<&SlowLane>,
    version: &str,
    objects: &[ObjectId],
    item: impl Fn(ObjectId) -> Item + Sync,
) -> Result<Attempt, Failure> {
    let url = line.url(Service::Graph, &[version, "$batch"], &[])?;
    let work = Mutex::new(Sweep {
        queue: objects.iter().copied().collect(),
        out: 0,
        attempt: Attempt::default(),
    });
    let workers = line.wire.limits.batches.max(1);
    let runs = (0..workers).map(|_| async {
        while let Some(ids) = next(slow, &work) {
            let goes_on = one_batch(line, slow, version, &url, &work, &item, ids).await;
            lock(&work).out -= 1;
            if !goes_on {
                break;
            }
        }
    });
    futures::future::join_all(runs).await;
    let mut attempt = work
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .attempt;
    attempt.requests = line.requests();
    Ok(attempt)
}

/// Adds what another sweep of the same effect brought; requests are counted by the line.
pub(super) fn join(attempt: &mut Attempt, other: &Attempt) {
    attempt.accepted.extend(&other.accepted);
    attempt.requests = attempt.requests.max(other.requests);
    attempt.throttled += other.throttled;
    for refusal in &other.refused {
        let failure = Failure::of(Kind::Rejected, refusal.status, &refusal.code);
        refuse(attempt, &failure, &refusal.objects);
    }
    for id in &other.request_ids {
        attempt.note_request(Some(*id));
    }
}

/// What the next batch is about; `None`: there is nothing to do for this worker. Once something was answered 429, what is
/// less than a batch waits for the batches in flight: whoever comes back last takes it, with what all of them bring back.
fn next(slow: Option<&SlowLane>, work: &Mutex<Sweep>) -> Option<Vec<ObjectId>> {
    let mut work = lock(work);
    let most = if slow.is_some() { FEW } else { batch::SIZE };
    let leftovers = work.queue.len() < most && work.attempt.throttled > 0;
    if work.queue.is_empty() || (leftovers && work.out > 0) {
        return None;
    }
    let count = work.queue.len().min(most);
    work.out += 1;
    Some(work.queue.drain(..count).collect())
}

/// Sends one batch; false where nothing more may be sent by this worker.
async fn one_batch(
    line: &Line<'_>,
    slow: Option<&SlowLane>,
    version: &str,
    url: &url::Url,
    work: &Mutex<Sweep>,
    item: &(impl Fn(ObjectId) -> Item + Sync),
    ids: Vec<ObjectId>,
) -> bool {
    let count = len(&ids);
    if let Some(slow) = slow
        && !slow.turn(count, line.until()).await
    {
        return false;
    }
    let gate = &line.wire.gate;
    let Some(reservation) = gate.reserve(count, line.until()).await else {
        return false;
    };
    let items: Vec<Item> = ids.iter().map(|id| item(*id)).collect();
    let envelope = match batch::envelope(version, &items) {
        Ok(envelope) => envelope,
        Err(failure) => {
            refuse(&mut lock(work).attempt, &failure, &ids);
            return line.may_start();
        }
    };
    let call = Call::post(url.clone(), &envelope);
    let sent = line.send(Service::Graph, Lane::Write, &call).await;
    if was_sent(&sent) {
        reservation.spend();
    }
    let reply = match sent {
        Ok(reply) => reply,
        Err(failure) => {
            lock(work).attempt.note_request(failure.request_id);
            return line.may_start();
        }
    };
    let mut work = lock(work);
    let Some(failure) = reply.failure() else {
        let id = reply.id;
        let answers = reply.json::<Value>().ok();
        let answers = answers.and_then(|body| batch::merge(ids.len(), &body));
        if !sort(line, slow, &mut work, &items, &ids, answers) {
            work.attempt.note_request(Some(id));
        }
        return line.may_start();
    };
    match verdict(Err(&failure), call.method.as_str()) {
        Verdict::Throttled => {
            // The line has closed the gate and counted one.
            line.wire.http.counters().throttled(count - 1);
            work.attempt.throttled += count;
            work.queue.extend(&ids);
        }
        Verdict::Refused => refuse(&mut work.attempt, &failure, &ids),
        Verdict::Accepted | Verdict::Unanswered => {
            work.attempt.note_request(failure.request_id);
        }
    }
    line.may_start()
}

/// Sorts the answers of one batch; false where one of them is a refusal or missing.
fn sort(
    line: &Line<'_>,
    slow: Option<&SlowLane>,
    work: &mut Sweep,
    items: &[Item],
    ids: &[ObjectId],
    answers: Option<Vec<Option<Answer>>>,
) -> bool {
    let Some(answers) = answers else {
        return false;
    };
    let mut good = true;
    let mut throttled = 0;
    let mut pause = None;
    let mut rest = None;
    let mut heard = None;
    let asked = items.iter().zip(ids);
    for ((item, id), answer) in asked.zip(answers) {
        let Some(answer) = answer else {
            good = false;
            continue;
        };
        line.wire.gate.heard(Lane::Write, answer.heard);
        rest = rest.max(too_busy(
            Lane::Write,
            answer.status,
            answer.told.retry_after,
        ));
        let failure = answer.failure();
        let told = failure.as_ref().map_or(Ok(()), Err);
        match (verdict(told, item.method), &failure) {
            (Verdict::Accepted, _) => work.attempt.accepted.push(*id),
            (Verdict::Throttled, _) => {
                throttled += 1;
                pause = pause.max(answer.told.retry_after);
                let wider = |known: &Heard| known.whole_application;
                heard = heard.filter(wider).or(Some(answer.heard));
                work.queue.push_back(*id);
            }
            (Verdict::Refused, Some(failure)) => {
                good = false;
                refuse(&mut work.attempt, failure, &[*id]);
            }
            (Verdict::Refused | Verdict::Unanswered, _) => good = false,
        }
    }
    if let Some(rest) = rest {
        match slow {
            Some(slow) => slow.close(Some(rest)),
            None => line.wire.gate.rest(rest),
        }
    }
    if let Some(heard) = heard {
        work.attempt.throttled += throttled;
        line.wire.http.counters().throttled(throttled);
        match slow {
            Some(slow) => slow.close(pause),
            None => line.wire.gate.close(Lane::Write, pause, heard),
        }
    } else if rest.is_none() {
        line.wire.gate.succeeded();
        if let Some(slow) = slow {
            slow.succeeded();
        }
    }
    good
}
