//! Two clocks. Quota, tokens, Retry-After and replica lag run in real time. Microsoft's long durations run on a virtual clock that is `speed`
//! times faster and can be advanced. A date in a reply tells when it will come true in real time, so that a client that waits for it waits rightly.

/// Virtual time stops here, however fast it runs and however often it is put forward: some ten million years on, which take a
/// century where a day takes a second, so that a duration can still be added.
const FARTHEST: i64 = 10_000_000 * 365 * 86_400_000;

/// Real and virtual time, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    started: i64,
    speed: f64,
    advanced: i64,
    /// A test sets the real time itself.
    fixed: Option<i64>,
}

impl Clock {
    pub(crate) fn new(speed: f64) -> Self {
        let speed = if speed > 0.0 { speed } else { 1.0 };
        Self {
            started: jiff::Timestamp::now().as_millisecond(),
            speed,
            advanced: 0,
            fixed: None,
        }
    }

    /// Real time since the epoch.
    pub(crate) fn real(&self) -> i64 {
        self.fixed
            .unwrap_or_else(|| jiff::Timestamp::now().as_millisecond())
    }

    /// Virtual time since the start.
    pub(crate) fn virtual_now(&self) -> i64 {
        let elapsed = (self.real() - self.started) as f64 * self.speed;
        (elapsed as i64).saturating_add(self.advanced).min(FARTHEST)
    }

    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    pub(crate) fn advance(&mut self, seconds: f64) {
        let more = (seconds * 1000.0) as i64;
        self.advanced = self.advanced.saturating_add(more).min(FARTHEST);
    }

    /// The real date of a virtual moment. What lies before the start is not scaled: a tenant made a year ago stays a year old.
    pub(crate) fn date(&self, moment: i64) -> String {
        let since = moment.saturating_sub(self.advanced);
        let offset = if since < 0 {
            since
        } else {
            (since as f64 / self.speed) as i64
        };
        stamp(self.started.saturating_add(offset))
    }

    #[cfg(test)]
    pub(crate) fn fixed(speed: f64) -> Self {
        Self {
            started: 1_800_000_000_000,
            speed,
            advanced: 0,
            fixed: Some(1_800_000_000_000),
        }
    }

    #[cfg(test)]
    pub(crate) fn pass(&mut self, milliseconds: i64) {
        if let Some(now) = self.fixed.as_mut() {
            *now += milliseconds;
        }
    }
}

/// A moment as Microsoft writes it, to the second; what lies beyond the calendar is its last one.
pub(crate) fn stamp(milliseconds: i64) -> String {
    let last = jiff::Timestamp::MAX.as_millisecond();
    let within = milliseconds.min(last);
    jiff::Timestamp::from_millisecond(within - within.rem_euclid(1000))
        .unwrap_or_default()
        .to_string()
}

/// A moment to the millisecond.
pub(crate) fn precise(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_real_moment_at_which_it_comes_true() {
        let mut clock = Clock::fixed(3600.0);
        assert_eq!(clock.date(72 * 3_600_000), stamp(clock.real() + 72_000));
        clock.advance(36.0 * 3600.0);
        assert_eq!(clock.date(72 * 3_600_000), stamp(clock.real() + 36_000));
        clock.pass(36_000);
        assert_eq!(clock.virtual_now(), 72 * 3_600_000);
    }

    #[test]
    fn however_far_it_is_put_forward_time_can_be_reckoned_with() {
        for speed in [1.0, 1e300] {
            let mut clock = Clock::fixed(speed);
            clock.pass(86_400_000);
            for _ in 0..3 {
                clock.advance(1e300);
            }
            assert_eq!(clock.virtual_now(), FARTHEST);
            assert!(clock.date(clock.virtual_now() + FARTHEST) >= clock.date(0));
            assert!(stamp(i64::MAX).starts_with("9999-12-30"));
        }
    }
}
