//! An axis of time on which a wait of weeks does not flatten the minutes in which something happened.

use jiff::Timestamp;

/// A wait longer than this part of the whole is drawn shorter.
const LONG: f64 = 0.5;
/// As short as this part of the whole.
const SHORT: f64 = 0.12;
/// So many waits at most.
const MOST: usize = 3;

/// Times and where they lie, from 0 to 1.
pub(super) struct Axis {
    /// Ascending.
    stops: Vec<(f64, f64)>,
    /// Waits that are drawn shorter: from, to.
    pub(super) breaks: Vec<(Timestamp, Timestamp)>,
}

impl Axis {
    /// An axis over these times; `None` where there are not two of them.
    pub(super) fn over(mut times: Vec<Timestamp>) -> Option<Self> {
        times.sort_unstable();
        times.dedup();
        let gaps: Vec<(Timestamp, Timestamp)> = times.windows(2).map(|w| (w[0], w[1])).collect();
        if gaps.is_empty() {
            return None;
        }
        let length = |gap: &(Timestamp, Timestamp)| seconds(gap.1) - seconds(gap.0);
        let mut rest: f64 = gaps.iter().map(length).sum();
        let mut breaks = Vec::new();
        // Few times make no picture that a wait could flatten.
        while breaks.len() < MOST && gaps.len() > 2 {
            let open = gaps.iter().filter(|gap| !breaks.contains(*gap));
            let Some(longest) = open.max_by(|a, b| length(a).total_cmp(&length(b))) else {
                break;
            };
            if length(longest) <= LONG * rest || length(longest) >= rest {
                break;
            }
            rest -= length(longest);
            breaks.push(*longest);
        }
        #[allow(clippy::cast_precision_loss)] // three at most
        let scale = SHORT.mul_add(-(breaks.len() as f64), 1.0) / rest.max(f64::MIN_POSITIVE);
        let mut at = 0.0;
        let mut stops = vec![(seconds(gaps[0].0), 0.0)];
        for gap in &gaps {
            at += if breaks.contains(gap) {
                SHORT
            } else {
                length(gap) * scale
            };
            stops.push((seconds(gap.1), at));
        }
        breaks.sort_unstable();
        Some(Self { stops, breaks })
    }

    /// Where a time lies: 0 at the first, 1 at the last.
    pub(super) fn place(&self, time: Timestamp) -> f64 {
        let time = seconds(time);
        let after = self.stops.partition_point(|(stop, _)| *stop <= time);
        let (Some(before), Some(next)) = (
            after.checked_sub(1).and_then(|i| self.stops.get(i)),
            self.stops.get(after),
        ) else {
            return if after == 0 { 0.0 } else { 1.0 };
        };
        let part = (time - before.0) / (next.0 - before.0);
        (next.1 - before.1).mul_add(part, before.1)
    }
}

/// Seconds of the epoch; a picture needs no more than milliseconds of them.
#[allow(clippy::cast_precision_loss)] // milliseconds of the epoch are far below 2^53
fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn times_without_a_long_wait_lie_in_proportion() {
        let axis = Axis::over([0, 10, 30, 40].map(at).to_vec()).unwrap();
        assert!(axis.breaks.is_empty());
        for (second, place) in [
            (0, 0.0),
            (10, 0.25),
            (20, 0.5),
            (40, 1.0),
            (-5, 0.0),
            (99, 1.0),
        ] {
            assert!((axis.place(at(second)) - place).abs() < 1e-9, "{second}");
        }
    }

    #[test]
    fn a_wait_of_days_takes_an_eighth() {
        let wait = 3 * 86_400;
        let axis = Axis::over(
            [0, 10, 20, 20 + wait, 30 + wait, 40 + wait]
                .map(at)
                .to_vec(),
        )
        .unwrap();
        assert_eq!(axis.breaks, [(at(20), at(20 + wait))]);
        let (before, after) = (axis.place(at(20)), axis.place(at(20 + wait)));
        assert!((after - before - SHORT).abs() < 1e-9);
        assert!((before - 0.44).abs() < 1e-9, "{before}");
        assert!((axis.place(at(40 + wait)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn one_time_is_no_axis() {
        assert!(Axis::over(vec![at(1), at(1)]).is_none());
    }
}
