//! What is kept of one service: the newest token, and the word of an endpoint that gives none for now.

use super::auth::{Token, TokenError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How old a token may be whose claims are believed: somebody may just have granted a permission.
pub(super) const YOUNG: Duration = Duration::from_secs(15);

/// What is kept of one service: the newest token, and until when the endpoint is not asked again, with its last word.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The newest token.
    pub(super) token: Option<Arc<Token>>,
    /// Until when the endpoint is not asked again.
    pub(super) held: Option<(TokenError, Instant)>,
}

/// Which token will do.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Any that counts.
    Any,
    /// Any but this one, which was just answered 401.
    NotThis(&'a Arc<Token>),
    /// One that is at most [`YOUNG`] old.
    Young,
}

impl Kept {
    /// The newest token, as long as it counts.
    pub(super) fn counting(&self, now: Instant) -> Option<&Arc<Token>> {
        self.token.as_ref().filter(|token| token.ends_at > now)
    }

    /// What serves without asking; `None`: the endpoint has to be asked.
    pub(super) fn serves(
        &self,
        wanted: Wanted<'_>,
        now: Instant,
    ) -> Option<Result<Arc<Token>, TokenError>> {
        let fresh = self.counting(now).filter(|token| match wanted {
            Wanted::Any | Wanted::NotThis(_) => token.renew_at > now,
            Wanted::Young => token.asked_at.elapsed() <= YOUNG,
        });
        if let Some(token) = fresh {
            return Some(Ok(Arc::clone(token)));
        }
        let (error, until) = self.held.as_ref().filter(|(_, until)| *until > now)?;
        let left = error.retry_after.map(|_| *until - now);
        let error = TokenError {
            retry_after: left,
            ..error.clone()
        };
        Some(self.instead_of(error, wanted, now))
    }

    /// The old token until its end, where the endpoint says nothing about it: it counts as long as it says itself.
    pub(super) fn instead_of(
        &self,
        error: TokenError,
        wanted: Wanted<'_>,
        now: Instant,
    ) -> Result<Arc<Token>, TokenError> {
        let old = self.counting(now);
        match old.filter(|_| error.says_nothing() && !matches!(wanted, Wanted::Young)) {
            Some(token) => Ok(Arc::clone(token)),
            None => Err(error),
        }
    }
}
