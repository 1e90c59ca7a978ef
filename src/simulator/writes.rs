//! The requests that write, in the order in which they came: what they would do, not what came of it. A harness lays its points between them.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::judge::Act;

/// One request that writes; the items of a batch are counted by what they do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written {
    pub(crate) seq: u64,
    pub(crate) time: String,
    pub(crate) tenant: Uuid,
    pub(crate) app: Option<Uuid>,
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The status of the whole request; each item of a batch has one of its own.
    pub(crate) status: u16,
    pub(crate) acts: BTreeMap<&'static str, u32>,
}

/// All of a run.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) all: Vec<Written>,
    /// What the request that is being served has been seen to do.
    at_hand: Vec<(Uuid, Option<Uuid>, &'static str)>,
}

impl Writes {
    /// The request at hand would do this.
    pub(crate) fn note(&mut self, tenant: Uuid, app: Option<Uuid>, act: &Act) {
        self.at_hand.push((tenant, app, word(act)));
    }

    /// The request at hand was served.
    pub(crate) fn served(
        &mut self,
        time: String,
        request_id: &str,
        (method, path): (&str, &str),
        status: u16,
    ) {
        let Some((tenant, app, _)) = self.at_hand.first().copied() else {
            return;
        };
        let mut acts = BTreeMap::new();
        for (_, _, act) in self.at_hand.drain(..) {
            *acts.entry(act).or_default() += 1;
        }
        self.all.push(Written {
            seq: self.all.len() as u64 + 1,
            time,
            tenant,
            app,
            request_id: request_id.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            acts,
        });
    }
}

const fn word(act: &Act) -> &'static str {
    match act {
        Act::DeleteUser(_) => "deleteUser",
        Act::ChangeMfa(_) => "changeMfa",
        Act::ChangePolicy(_) => "changePolicy",
        Act::DeleteApplication(_) => "deleteApplication",
        Act::DisablePrincipal(_) => "disablePrincipal",
        Act::SwitchSyncOff(_) => "switchSyncOff",
        Act::CancelSubscription(_) => "cancelSubscription",
        Act::MakeDefault(_) => "makeDefault",
        Act::ReleaseDomain(..) => "releaseDomain",
        Act::DeleteDirectory => "deleteDirectory",
        Act::Write(_) => "other",
    }
}
