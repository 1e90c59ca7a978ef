//! The `client-request-id` of every request of an effect follows from one id in its record: so each can be found in
//! Microsoft's logs, also of what went well, and of an effect that nobody came back from.

use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// The id of an effect, from the name of its record.
pub fn effect_id(record: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, record.as_bytes())
}

/// The id of a request of this effect: UUID version 5 of its number, in decimal, from 0.
pub fn request_id(effect: Uuid, number: u32) -> Uuid {
    Uuid::new_v5(&effect, number.to_string().as_bytes())
}

/// The ids of one effect, told one after the other: none twice.
#[derive(Debug)]
pub struct RequestIds {
    effect: Uuid,
    told: AtomicU32,
}

impl RequestIds {
    /// Those of this effect.
    pub const fn of(effect: Uuid) -> Self {
        Self {
            effect,
            told: AtomicU32::new(0),
        }
    }

    /// The next.
    pub fn next(&self) -> Uuid {
        request_id(self.effect, self.told.fetch_add(1, Ordering::Relaxed))
    }

    /// How many were told.
    pub fn told(&self) -> u32 {
        self.told.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_follows_from_the_record_and_none_comes_twice() {
        let effect = effect_id("6f0d4d0e-0000-4000-8000-000000000001-0000000007");
        let ids = RequestIds::of(effect);
        let told = [ids.next(), ids.next(), ids.next()];
        assert_eq!(told, [0, 1, 2].map(|number| request_id(effect, number)));
        assert_eq!(ids.told(), 3);
        assert!(told[0] != told[1] && told[1] != told[2] && told[0] != told[2]);
        let other = effect_id("6f0d4d0e-0000-4000-8000-000000000001-0000000008");
        assert_ne!(request_id(other, 0), told[0]);
        // As anybody can compute it: Python's uuid.uuid5(uuid.NAMESPACE_OID, name), then uuid.uuid5(that, "0").
        assert_eq!(effect.get_version_num(), 5);
    }
}
