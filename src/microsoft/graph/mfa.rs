//! Per-user MFA, which only Graph's beta version knows.
//! Source: learn.microsoft.com `graph/api/authentication-get` and `authentication-update` (beta).

use super::BETA;
use crate::closure::id::ObjectId;
use crate::closure::observation::MfaState;
use crate::microsoft::batch::{self, Item};
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::wire::Line;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

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
    let items: Vec<Item> = ids
        .iter()
        .map(|id| Item {
            method: "GET",
            url: format!("/users/{id}/authentication/requirements"),
            body: None,
        })
        .collect();
    let bodies = batch_read::read(line, BETA, &items).await?;
    let states = ids.iter().zip(bodies).map(|(id, body)| state(*id, body));
    let states: Vec<Option<MfaState>> = states.collect::<Result<_, _>>()?;
    Ok(states.into_iter().flatten().collect())
}

fn state(id: ObjectId, body: Body) -> Result<Option<MfaState>, Failure> {
    match body {
        Ok(body) => match body["perUserMfaState"].as_str() {
            Some(word) => Ok(Some(MfaState {
                id,
                enabled: word != "disabled",
            })),
            None => Err(Failure::malformed("UnexpectedBody")),
        },
        Err(failure) if failure.kind == Kind::Absent => Ok(None),
        Err(failure) => Err(failure),
    }
}
