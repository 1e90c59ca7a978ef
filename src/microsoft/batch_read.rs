//! Many small readings in one `$batch`, with patience: what may pass is asked again, each item for itself.

use super::batch::{self, Answer, Item};
use super::clouds::Service;
use super::failure::{Failure, Kind};
use super::gates::Lane;
use super::request::Call;
use super::wire::Line;
use serde_json::Value;
use std::time::Duration;

/// Times that an item is asked, the first included.
const ROUNDS: u32 = 3;

/// The pause before another round where no answer names one.
const PAUSE: Duration = Duration::from_millis(500);

/// What one item was answered.
pub(super) type Body = Result<Value, Failure>;

/// `POST /$batch` of the API version given: the answers in the order of the items. An error where a `$batch` as a whole got
/// no answer that counts; an item's own failure is its own.
pub(super) async fn read(
    line: &Line<'_>,
    version: &str,
    items: &[Item],
) -> Result<Vec<Body>, Failure> {
    let unasked = || Err(Failure::transport("Unanswered"));
    let mut bodies: Vec<Body> = items.iter().map(|_| unasked()).collect();
    let mut open: Vec<usize> = (0..items.len()).collect();
    for round in 1..=ROUNDS {
        for some in open.chunks(batch::SIZE) {
            for (place, answer) in some.iter().zip(ask(line, version, items, some).await?) {
                bodies[*place] = body(line, answer);
            }
        }
        let may_pass = |place: &usize| bodies[*place].as_ref().is_err_and(Failure::may_pass);
        open.retain(may_pass);
        if open.is_empty() || round == ROUNDS {
            break;
        }
        let told = |place: &usize| bodies[*place].as_ref().err()?.retry_after;
        let pause = open.iter().filter_map(told).max().unwrap_or(PAUSE);
        if pause > line.wire.limits.request {
            // Nobody sits that out here: who asked tells until when it lasts.
            break;
        }
        tokio::time::sleep(pause).await;
    }
    Ok(bodies)
}

async fn ask(
    line: &Line<'_>,
    version: &str,
    items: &[Item],
    places: &[usize],
) -> Result<Vec<Option<Answer>>, Failure> {
    let asked: Vec<Item> = places.iter().map(|place| items[*place].clone()).collect();
    let url = line.url(Service::Graph, &[version, "$batch"], &[])?;
    let call = Call::post(url, &batch::envelope(version, &asked)?);
    let reply: Value = line.read(Service::Graph, &call).await?.json()?;
    batch::merge(asked.len(), &reply).ok_or_else(|| Failure::malformed("UnexpectedBody"))
}

fn body(line: &Line<'_>, answer: Option<Answer>) -> Body {
    let answer = answer.ok_or_else(|| Failure::transport("Unanswered"))?;
    line.wire.gate.heard(Lane::Read, answer.heard);
    let Some(failure) = answer.failure() else {
        return Ok(answer.body);
    };
    if failure.kind == Kind::Throttled {
        line.wire.http.counters().throttled(1);
        let gate = &line.wire.gate;
        gate.close(Lane::Read, failure.retry_after, answer.heard);
    }
    Err(failure)
}

/// A body as the type that the documentation promises.
pub(super) fn understood<T: serde::de::DeserializeOwned>(body: Body) -> Result<T, Failure> {
    serde_json::from_value(body?).map_err(|_| Failure::malformed("UnexpectedBody"))
}
