//! Ports of the loopback for programs that are told where to listen.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below those that the kernel gives to connections that go out: one of these could take a port that was free a moment ago,
/// before the program listens on it.
const OURS: Range<u16> = 15_000..32_000;

/// What was given out in this process: a port is nobody's until its program has started.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that nobody listens on, and that is given out once.
pub(crate) fn free() -> io::Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    // At random, so that test binaries beside each other do not meet.
    for _ in 0..1_000 {
        let port = at_random();
        if !given.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn at_random() -> u16 {
    let among = u64::from(OURS.end - OURS.start);
    let place = RandomState::new().hash_one("port") % among;
    u16::try_from(place).map_or(OURS.start, |place| OURS.start + place)
}
