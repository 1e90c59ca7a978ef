//! Per-user MFA, which only Graph's beta version knows.
//! Source: learn.microsoft.com `graph/api/authentication-get` and `authentication-update` (beta).

use super::BETA;
use crate::closure::id::ObjectId;
use crate::closure::observation::MfaState;
use crate::microsoft::batch::{self, Answer, Item};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::request::Call;
use crate::microsoft::wire::Line;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};

/// `PATCH /users/{id}/authentication/requirements` with `perUserMfaState: disabled`.
pub(in crate::microsoft) fn disable(id: ObjectId) -> Item {
    Item {
        method: "PATCH",
        url: format!("/users/{id}/authentication/requirements"),
        body: Some(json!({"perUserMfaState": "disabled"})),
    }
}

/// `GET /users/{id}/authentication/requirements` for each id, 20 in a `$batch`; accounts that are no more are left out.
/// One item without an answer, and nothing counts.
pub(in crate::microsoft) async fn read(
    line: &Line<'_>,
    ids: &[ObjectId],
) -> Result<Vec<MfaState>, Failure> {
    let flights = line.wire.limits.batches.max(1);
    let chunks: Vec<Vec<ObjectId>> = ids.chunks(batch::SIZE).map(<[_]>::to_vec).collect();
    let pages: Vec<Vec<MfaState>> = stream::iter(chunks)
        .map(|some| async move { read_some(line, &some).await })
        .buffered(flights)
        .try_collect()
        .await?;
    Ok(pages.into_iter().flatten().collect())
}

async fn read_some(line: &Line<'_>, ids: &[ObjectId]) -> Result<Vec<MfaState>, Failure> {
    let mut waiting: Vec<ObjectId> = ids.to_vec();
    let mut states = Vec::with_capacity(ids.len());
    for _ in 0..3 {
        let items: Vec<Item> = waiting
            .iter()
            .map(|id| Item {
                method: "GET",
                url: format!("/users/{id}/authentication/requirements"),
                body: None,
            })
            .collect();
        let url = line.url(Service::Graph, &[BETA, "$batch"], &[])?;
        let call = Call::post(url, &batch::envelope(&items));
        let body: Value = line.read(Service::Graph, &call).await?.json()?;
        let answers = batch::merge(waiting.len(), &body)
            .ok_or_else(|| Failure::malformed("UnexpectedBody"))?;
        let mut again = Vec::new();
        let mut pause = None;
        for (id, answer) in waiting.iter().zip(answers) {
            match state(*id, answer.as_ref()) {
                Ok(state) => states.extend(state),
                Err(failure) if failure.may_pass() => {
                    pause = pause.max(failure.retry_after);
                    again.push(*id);
                }
                Err(failure) => return Err(failure),
            }
        }
        if again.is_empty() {
            return Ok(states);
        }
        waiting = again;
        let pause = pause.unwrap_or(std::time::Duration::from_millis(500));
        tokio::time::sleep(pause.min(line.wire.limits.request)).await;
    }
    Err(Failure::transport("Unanswered"))
}

fn state(id: ObjectId, answer: Option<&Answer>) -> Result<Option<MfaState>, Failure> {
    let Some(answer) = answer else {
        return Err(Failure::transport("Unanswered"));
    };
    match answer.status {
        200 => match answer.body["perUserMfaState"].as_str() {
            Some(word) => Ok(Some(MfaState {
                id,
                enabled: word != "disabled",
            })),
            None => Err(Failure::malformed("UnexpectedBody")),
        },
        404 => Ok(None),
        status => Err(Failure::from_value(
            status,
            &answer.body,
            answer.retry_after,
        )),
    }
}
