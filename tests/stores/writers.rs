//! Two processes write the same names at the same time, each its own content: of each name one of them has written it, and
//! the other is told that something else is there.

use crate::cloud::{Cloud, PREFIX};
use object_store::ObjectStoreExt as _;
use object_store::path::Path as Place;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tenant_closure::store::{Address, Put, StoreError, open};

/// Names that both write.
const NAMES: u64 = 30;
/// Between two of them, so that both are at the same one.
const PACE: Duration = Duration::from_millis(30);
const WRITTEN: &str = "written";
const FOUND: &str = "found";
const DIFFERS: &str = "differs";

const ADDRESS: &str = "TEST_WRITER_ADDRESS";
const CONTENT: &str = "TEST_WRITER_CONTENT";
const RESULT: &str = "TEST_WRITER_RESULT";

fn content(writer: &str, number: u64) -> String {
    format!("{number} of {writer}")
}

/// What became of each name.
type Came = BTreeMap<u64, String>;

#[tokio::test(flavor = "current_thread")]
#[ignore = "a process of its own, which `race` starts"]
async fn one_writer() {
    let of = |name: &str| std::env::var(name).expect("it is started by `race` alone");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address: Address = of(ADDRESS).parse().unwrap();
    let store = open(&address).unwrap();
    let folder = store.folder("tenant", "raced");
    // Both have a connection and a token, then both are told to begin.
    store.names().await.unwrap();
    std::fs::write(format!("{}.ready", of(RESULT)), "").unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let mut came = Came::new();
    let mut beat = tokio::time::interval(PACE);
    for number in 1..=NAMES {
        beat.tick().await;
        let mine = content(&of(CONTENT), number);
        let same = |found: &[u8]| found == mine.as_bytes();
        let place = folder.record(number);
        let what = match store.put_once(&place, mine.clone().into(), same).await {
            Ok(Put::Written) => WRITTEN,
            Ok(Put::Found) => FOUND,
            Err(StoreError::Differs(_)) => DIFFERS,
            Err(why) => panic!("{number}: {}", why.detail()),
        };
        came.insert(number, what.to_owned());
    }
    std::fs::write(of(RESULT), serde_json::to_vec(&came).unwrap()).unwrap();
}

struct Writer {
    child: Child,
    result: std::path::PathBuf,
}

impl Writer {
    fn start(cloud: &Cloud, folder: &std::path::Path, name: &str) -> Self {
        let result = folder.join(name);
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["writers::one_writer", "--exact", "--ignored", "--quiet"])
            .envs(cloud.environment.iter().map(|(key, value)| (key, value)))
            .env(ADDRESS, &cloud.address)
            .env(CONTENT, name)
            .env(RESULT, &result)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, result }
    }

    async fn until_ready(&self) {
        let ready = self.result.with_extension("ready");
        for _ in 0..600 {
            if ready.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("a writer does not begin");
    }

    fn begin(&mut self) {
        let mut input = self.child.stdin.take().unwrap();
        input.write_all(b"\n").unwrap();
    }

    /// Waits while the test's own thread serves what stands in front of a server.
    async fn end(mut self) -> Came {
        let status = tokio::task::spawn_blocking(move || self.child.wait().unwrap());
        assert!(status.await.unwrap().success(), "a writer failed");
        serde_json::from_slice(&std::fs::read(&self.result).unwrap()).unwrap()
    }
}

/// Where a name is.
pub(crate) fn place(number: u64) -> Place {
    let name = format!("{number:010}.json");
    let folder = Place::from(PREFIX).join("tenant").join("raced");
    folder.join("records").join(name)
}

/// Two at once; then one of them again, which finds what it had written.
pub(crate) async fn race(cloud: &Cloud) {
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=NAMES {
        let _ = cloud.hand.delete(&place(number)).await;
    }
    let mut writers = ["first", "second"].map(|name| Writer::start(cloud, folder.path(), name));
    for writer in &writers {
        writer.until_ready().await;
    }
    for writer in &mut writers {
        writer.begin();
    }
    let [first, second] = writers;
    let (first, second) = tokio::join!(first.end(), second.end());
    for number in 1..=NAMES {
        let came = [first[&number].as_str(), second[&number].as_str()];
        let winner = match came {
            [WRITTEN, DIFFERS] => "first",
            [DIFFERS, WRITTEN] => "second",
            other => panic!("{number}: {other:?}"),
        };
        let there = String::from_utf8(cloud.read(&place(number)).await).unwrap();
        assert_eq!(there, content(winner, number));
    }
    let mut again = Writer::start(cloud, folder.path(), "first");
    again.until_ready().await;
    again.begin();
    for (number, came) in again.end().await {
        let expected = if first[&number] == WRITTEN {
            FOUND
        } else {
            DIFFERS
        };
        assert_eq!(came, expected, "{number}");
    }
}
