//! Replicas that lag: a deleted object is still shown by some of them for a while, and a new one is not known to all of them.

use uuid::Uuid;

use super::random::mix;
use super::scenario::Behaviour;
use super::users::User;
use super::world::World;

/// One replica that answers one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replica {
    number: u64,
    lag_ms: u64,
    long_permille: u64,
    creation_lag_ms: u64,
    /// Nothing of what happened in so long is known.
    stale_ms: Option<u64>,
    now: i64,
}

impl Replica {
    /// The replica that answers the next request in a tenant.
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
            creation_lag_ms: u64::from(behaviour.creation_lag_ms),
            stale_ms: None,
            now,
        }
    }

    /// Whether this replica shows a user.
    pub(crate) fn shows_user(&self, user: &User) -> bool {
        self.shows_object(user.id, user.created_at, user.deleted_at)
    }

    /// Whether it shows an object: one that was deleted a moment ago too, where it lags.
    pub(crate) fn shows_object(&self, id: Uuid, created_at: i64, deleted_at: i64) -> bool {
        self.knows(id, created_at) && self.shows(id, deleted_at)
    }

    /// Whether it has heard of an object that nobody has deleted.
    pub(crate) fn has(&self, id: Uuid, created_at: i64, deleted_at: i64) -> bool {
        deleted_at == 0 && self.knows(id, created_at)
    }

    /// Whether it has heard of the deletion of an object.
    pub(crate) fn has_lost(&self, id: Uuid, deleted_at: i64) -> bool {
        deleted_at != 0 && !self.shows(id, deleted_at)
    }

    /// Whether it has heard of an object that was created at `created_at` (0: it was there from the start).
    pub(crate) fn knows(&self, id: Uuid, created_at: i64) -> bool {
        if created_at == 0 {
            return true;
        }
        if let Some(lag) = self.stale_ms {
            return self.is_over(created_at, lag);
        }
        let dice = mix(!id.as_u64_pair().1 ^ self.number);
        self.is_over(created_at, dice % (self.creation_lag_ms + 1))
    }

    /// Whether it shows an object that was deleted at `deleted_at` (0: it was not).
    fn shows(&self, id: Uuid, deleted_at: i64) -> bool {
        if deleted_at == 0 {
            return true;
        }
        if let Some(lag) = self.stale_ms {
            return !self.is_over(deleted_at, lag);
        }
        if self.lag_ms == 0 {
            return false;
        }
        let dice = mix(id.as_u64_pair().1 ^ self.number);
        let mut lag = dice % (self.lag_ms + 1);
        if (dice >> 32) % 1000 < self.long_permille {
            lag = self.lag_ms * 10;
        }
        !self.is_over(deleted_at, lag)
    }

    fn is_over(&self, since: i64, lag: u64) -> bool {
        since + i64::try_from(lag).unwrap_or(0) <= self.now
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

    #[test]
    fn a_new_object_is_unknown_to_some_for_a_while() {
        let behaviour = Behaviour {
            creation_lag_ms: 1000,
            ..Behaviour::default()
        };
        let known = |number, now| {
            let replica = Replica::number(number, &behaviour, now);
            (0..100_u128)
                .filter(|id| replica.knows(Uuid::from_u128(*id), 1))
                .count()
        };
        assert_eq!((known(0, 0), known(0, 1002), known(1, 1002)), (0, 100, 100));
        let halfway = [0, 1, 2].map(|number| known(number, 501));
        assert!(
            halfway.iter().all(|count| (10..90).contains(count)),
            "{halfway:?}"
        );
        assert!(Replica::number(0, &behaviour, 0).knows(Uuid::nil(), 0));
        assert!(Replica::number(0, &Behaviour::default(), 1).knows(Uuid::nil(), 1));
    }
}
