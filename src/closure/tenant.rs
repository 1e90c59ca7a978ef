//! The port: how the pure core's questions and intents reach Microsoft. No runtime is named here.

use crate::closure::id::ObjectId;
use crate::closure::intent::{Intent, Outcome, Refusal};
use crate::closure::inventory::{Kind, Shortage, Sink};
use crate::closure::observation::{Observation, Question};
use crate::closure::plan::Sealed;
use crate::closure::supplement::Supplements;
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;

/// A boxed future, as every method of the port returns one.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the tenant was told and what it said, item by item: not yet an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Attempt {
    /// Answered with success (a 404 on a delete counts: it is gone already).
    pub accepted: Vec<ObjectId>,
    /// Answered with an error that repeating will not mend.
    pub refused: Vec<Refusal>,
    /// HTTP requests spent; a `$batch` is one.
    pub requests: u32,
    /// Items answered 429.
    pub throttled: u32,
    /// `client-request-id` of the first requests that brought a refusal or no answer, at most [`Outcome::MOST_REQUEST_IDS`].
    pub request_ids: Vec<uuid::Uuid>,
}

impl Attempt {
    /// Notes a request for a support ticket, while there is room.
    pub fn note_request(&mut self, id: Option<uuid::Uuid>) {
        let room = self.request_ids.len() < Outcome::MOST_REQUEST_IDS;
        if let Some(id) = id.filter(|id| room && !self.request_ids.contains(id)) {
            self.request_ids.push(id);
        }
    }
}

/// Asked before each single request of an effect. `false`: the request is not sent.
pub trait Leash: Send + Sync {
    /// May another request start now?
    fn holds(&self) -> bool;

    /// The `client-request-id` of the next request, told once; `None`: whoever sends draws one.
    fn next_request_id(&self) -> Option<uuid::Uuid> {
        None
    }
}

/// What the questions are about.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scope {
    /// User principal name, or pinned object id, of the retained administrator.
    pub retained: String,
    /// Likewise the spare one.
    pub spare: Option<String>,
    /// What holds Global Administrator and is no user: who is in it is asked with [`Question::AdministratorGroups`].
    pub groups: Vec<ObjectId>,
    /// Domains whose references are to be read with [`Question::Domains`].
    pub domains: Vec<String>,
    /// [`Question::Newcomers`] is passed on no more often than this.
    pub newcomers_every: std::time::Duration,
    /// Ids to look for with [`Question::Refused`].
    pub refused: Vec<ObjectId>,
}

/// What is known of an intent when it is looked back at.
#[derive(Clone, Copy, Debug)]
pub struct LookBack<'a> {
    /// What was intended.
    pub intent: &'a Intent,
    /// What was answered; `None`: another life made the attempt, reading alone decides.
    pub attempt: Option<&'a Attempt>,
    /// The plan in force: a listing is compared with it.
    pub plan: Option<&'a Sealed>,
    /// And with its supplements.
    pub supplements: &'a Supplements,
    /// What the guards' questions are about.
    pub scope: &'a Scope,
}

/// A tenant over any wire.
pub trait Tenant: Send + Sync {
    /// Asks the questions and fills in what was answered; a question that got no answer becomes `Unreadable`.
    fn observe<'a>(
        &'a self,
        scope: &'a Scope,
        questions: &'a [Question],
        into: &'a mut Observation,
    ) -> Answer<'a, ()>;

    /// Carries one intent out, once. It ends by itself: no request starts after `limit` or once the leash is let go.
    fn perform<'a>(&'a self, intent: &'a Intent, leash: &'a dyn Leash) -> Answer<'a, Attempt>;

    /// Until when Microsoft wants to hear nothing that this intent needs, as it has told this process; `None`: it may begin.
    fn paused(&self, intent: &Intent) -> Option<Timestamp> {
        let _ = intent;
        None
    }

    /// Looks at what an intent was about and sorts its objects. What the guards ask for and was read on the way is filled
    /// in: it was seen after the effect, so the next cycle need not ask again.
    fn settle<'a>(&'a self, about: LookBack<'a>, into: &'a mut Observation) -> Answer<'a, Outcome>;

    /// Lists what there is of a kind, each with its names, into the sink, page by page. What is told back is lacking there;
    /// a listing that the sink ended is not complete either, and only the sink knows.
    fn list<'a>(&'a self, kind: Kind, into: &'a mut dyn Sink) -> Answer<'a, Vec<Shortage>>;
}
