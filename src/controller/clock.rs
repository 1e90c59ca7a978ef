//! The API server's clock, as each of its answers tells it (`Date`, RFC 9110, 6.6.1), and each record that it creates.

use crate::closure::clock::{Skew, behind, skew};
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response, header};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, Service};

/// What was heard longer ago says nothing of how the clocks are now.
const FRESH: Duration = Duration::from_secs(300);

/// What was heard last.
#[derive(Debug, Default)]
pub struct ApiClock(Mutex<Option<Heard>>);

#[derive(Clone, Copy, Debug)]
struct Heard {
    sent: Timestamp,
    there: Timestamp,
    received: Timestamp,
    at: Instant,
}

impl ApiClock {
    /// The API server said `there` between these two moments of the operator's own clock.
    pub fn heard(&self, sent: Timestamp, there: Timestamp, received: Timestamp) {
        let heard = Heard {
            sent,
            there,
            received,
            at: Instant::now(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
    }

    fn last(&self) -> Option<Heard> {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.filter(|heard| heard.at.elapsed() < FRESH)
    }

    /// Whether the clocks are too far apart.
    pub fn skew(&self) -> Option<Skew> {
        let heard = self.last()?;
        skew(heard.sent, heard.there, heard.received)
    }

    /// The operator's own time, where the clocks are together; else the API server's, by which records are created: what is
    /// looked at while they are apart is dated as well.
    pub fn reliable(&self, here: Timestamp) -> Timestamp {
        match self.skew() {
            Some(_) => self.there(here),
            None => here,
        }
    }

    /// By how much the clock there is behind ours at least: what the whole seconds of its times, and the way there and back,
    /// cannot explain.
    pub fn behind(&self) -> SignedDuration {
        let behind = self.last().map(|heard| behind(heard.sent, heard.there));
        behind.unwrap_or_default().max(SignedDuration::ZERO)
    }

    /// What time it is there at least; `here` where nothing was heard lately.
    pub fn there(&self, here: Timestamp) -> Timestamp {
        self.last().map_or(here, |heard| {
            let since = SignedDuration::try_from(heard.at.elapsed()).unwrap_or_default();
            heard.there.checked_add(since).unwrap_or(here)
        })
    }
}

/// Listens to every answer of the API server.
#[derive(Clone, Debug)]
pub struct Listen(pub Arc<ApiClock>);

impl<S> Layer<S> for Listen {
    type Service = Listening<S>;

    fn layer(&self, inner: S) -> Listening<S> {
        Listening {
            inner,
            clock: Arc::clone(&self.0),
        }
    }
}

/// See there.
#[derive(Debug)]
pub struct Listening<S> {
    inner: S,
    clock: Arc<ApiClock>,
}

impl<S, A, B> Service<Request<A>> for Listening<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let clock = Arc::clone(&self.clock);
        let sent = Timestamp::now();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            if let Some(there) = date(answer.headers()) {
                clock.heard(sent, there, Timestamp::now());
            }
            Ok(answer)
        })
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// The API server, whose clock is so many seconds ahead of ours.
    async fn answered(clock: &Arc<ApiClock>, ahead: i64) {
        let there = Timestamp::now() + SignedDuration::from_secs(ahead);
        let date = there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let server = tower::service_fn(move |_: Request<()>| {
            let answer = Response::builder().header(header::DATE, &date).body(());
            std::future::ready(Ok::<_, Infallible>(answer.unwrap()))
        });
        let mut client = Listen(Arc::clone(clock)).layer(server);
        client.call(Request::new(())).await.unwrap();
    }

    #[tokio::test]
    async fn each_answer_tells_how_far_the_clocks_are_apart_and_the_last_one_counts() {
        let clock = Arc::new(ApiClock::default());
        let here = Timestamp::now();
        assert_eq!((clock.skew(), clock.there(here)), (None, here));
        for (ahead, apart) in [
            (0, false),
            (25, false),
            (3_600, true),
            (-3_600, true),
            (0, false),
        ] {
            answered(&clock, ahead).await;
            assert_eq!(clock.skew().is_some(), apart, "{ahead}");
            let told = clock
                .there(Timestamp::now())
                .duration_since(Timestamp::now());
            assert!((told.as_secs() - ahead).abs() <= 2, "{told} {ahead}");
            let here = Timestamp::now();
            let moved = clock.reliable(here).duration_since(here).as_secs();
            assert!(apart == (moved != 0), "{moved} {ahead}");
        }
    }

    #[test]
    fn it_is_behind_by_what_nothing_else_explains() {
        let clock = ApiClock::default();
        let now = Timestamp::now();
        assert_eq!(clock.behind(), SignedDuration::ZERO, "nothing was heard");
        let seconds = SignedDuration::from_secs;
        // Sent then, said that it is so much earlier there than it was here when it was sent, and received at once.
        for (ahead, behind) in [(20, 0), (0, 0), (-1, 0), (-20, 19)] {
            let sent = now - seconds(2);
            clock.heard(sent, sent + seconds(ahead), now);
            assert_eq!(clock.behind(), seconds(behind), "{ahead}");
        }
    }

    #[tokio::test]
    async fn the_time_at_which_a_record_was_created_is_heard_as_well() {
        let clock = ApiClock::default();
        let now = Timestamp::now();
        clock.heard(now, now - SignedDuration::from_secs(40), now);
        let skew = clock.skew().unwrap();
        assert_eq!(skew.here, now);
    }
}
