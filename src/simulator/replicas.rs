//! Replicas that lag: a deleted object is still shown by some of them for a while.

use uuid::Uuid;

use super::random::mix;
use super::scenario::Behaviour;
use super::world::World;

/// One replica that answers one read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replica {
    number: u64,
    lag_ms: u64,
    long_permille: u64,
    /// Everything is shown for so long.
    stale_ms: Option<u64>,
    now: i64,
}

impl Replica {
    /// The replica that answers the next read in a tenant.
    pub(crate) fn draw(world: &mut World, tenant: usize) -> Self {
        let behaviour = world.behaviour_of(tenant).clone();
        let number = world.random.below(u64::from(behaviour.replicas.max(1)));
        Self {
            stale_ms: world.stale_ms,
            ..Self::number(number, &behaviour, world.clock.real())
        }
    }

    fn number(number: u64, behaviour: &Behaviour, now: i64) -> Self {
        Self {
            number,
            lag_ms: u64::from(behaviour.replica_lag_ms),
            long_permille: u64::from(behaviour.long_lag_permille),
            stale_ms: None,
            now,
        }
    }

    /// Whether this replica shows an object that was deleted at `deleted_at` (0: it was not).
    pub(crate) fn shows(&self, id: Uuid, deleted_at: i64) -> bool {
        if deleted_at == 0 {
            return true;
        }
        if let Some(lag) = self.stale_ms {
            return deleted_at + i64::try_from(lag).unwrap_or(0) > self.now;
        }
        if self.lag_ms == 0 {
            return false;
        }
        let dice = mix(id.as_u64_pair().1 ^ self.number);
        let mut lag = dice % (self.lag_ms + 1);
        if (dice >> 32) % 1000 < self.long_permille {
            lag = self.lag_ms * 10;
        }
        deleted_at + i64::try_from(lag).unwrap_or(0) > self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_object_is_shown_for_a_while_by_some() {
        let behaviour = Behaviour {
            replica_lag_ms: 1000,
            ..Behaviour::default()
        };
        let shown = |number, now| {
            let replica = Replica::number(number, &behaviour, now);
            (0..100_u128)
                .filter(|id| replica.shows(Uuid::from_u128(*id), 1))
                .count()
        };
        assert_eq!((shown(0, 0), shown(0, 1002), shown(1, 1002)), (100, 0, 0));
        assert!((10..90).contains(&shown(0, 500)));
        assert!(!Replica::number(0, &Behaviour::default(), 1).shows(Uuid::nil(), 1));
        let stale = Replica {
            stale_ms: Some(500),
            ..Replica::number(0, &Behaviour::default(), 400)
        };
        assert!(stale.shows(Uuid::nil(), 1) && !stale.shows(Uuid::nil(), -200));
    }
}
