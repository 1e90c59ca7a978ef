//! What every cloud is to a test: a server under way, credentials for it, and the hand of somebody who may do everything.

use crate::certificates::Certificates;
use crate::children::{Program, log_end};
use crate::cluster::ports;
use object_store::path::Path as Place;
use object_store::{Certificate, ClientOptions, ObjectStore, ObjectStoreExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What holds the evidence in each cloud, and what all names in it begin with.
pub(crate) const BUCKET: &str = "evidence";
pub(crate) const PREFIX: &str = "of/tests";
/// For how long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Variables of an environment.
pub(crate) type Environment = Vec<(String, String)>;

/// A store in a cloud.
pub(crate) struct Cloud {
    /// As the operator's configuration names it.
    pub(crate) address: String,
    /// With a credential that may do what the documentation asks for and nothing else.
    pub(crate) environment: Environment,
    /// With one that may remove an inventory, where the server does not let the first one do it.
    pub(crate) removing: Option<Environment>,
    /// With one that is wrong.
    pub(crate) refused: Environment,
    /// What stands in these and must not be seen anywhere.
    pub(crate) secrets: Vec<String>,
    /// The owner's.
    pub(crate) hand: Arc<dyn ObjectStore>,
    /// The server; `None`: it was ended.
    pub(crate) server: Option<Program>,
}

impl Cloud {
    /// All objects in the store.
    pub(crate) async fn places(&self) -> Vec<Place> {
        use futures::TryStreamExt as _;
        let prefix = Place::from(PREFIX);
        let all = self.hand.list(Some(&prefix)).map_ok(|one| one.location);
        let mut all: Vec<_> = all.try_collect().await.unwrap();
        all.sort_unstable();
        all
    }

    pub(crate) async fn read(&self, place: &Place) -> Vec<u8> {
        let found = self.hand.get(place).await.unwrap();
        found.bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn write(&self, place: &Place, bytes: impl Into<Vec<u8>>) {
        let bytes: Vec<u8> = bytes.into();
        self.hand.put(place, bytes.into()).await.unwrap();
    }

    pub(crate) async fn remove(&self, place: &Place) {
        self.hand.delete(place).await.unwrap();
    }

    /// Fails where a secret stands in this text.
    pub(crate) fn must_not_tell(&self, what: &str, text: &str) {
        for secret in &self.secrets {
            assert!(!text.contains(secret), "{what} tells a secret");
        }
    }
}

/// A program of the cache; `server.sh` obtains it.
pub(crate) fn obtained(name: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/server.sh");
    let output = Command::new(script)
        .arg(name)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name} cannot be had: {}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Where a server is to listen, and the folder that is its own.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) certificates: Certificates,
    pub(crate) port: u16,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::new(folder.path());
        let port = ports::free().unwrap();
        Self {
            folder,
            certificates,
            port,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// A folder inside the server's.
    pub(crate) fn made(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    }

    /// Starts it and waits until it answers, whatever it says.
    pub(crate) async fn start(&self, command: &mut Command, url: &str) -> Program {
        let log = self.folder.path().join("server.log");
        let out = std::fs::File::create(self.folder.path().join("server.out")).unwrap();
        let program = Program::start(command, out.into(), &log).unwrap();
        let deadline = Instant::now() + PATIENCE;
        let http = self.http();
        while let Err(why) = http.get(url).send().await {
            let ended = program.ended();
            assert!(ended.is_none(), "the server ended: {}", log_end(&log));
            assert!(Instant::now() < deadline, "{why:?}: {}", log_end(&log));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        program
    }

    fn authority(&self) -> Vec<u8> {
        std::fs::read(&self.certificates.authority).unwrap()
    }

    pub(crate) fn http(&self) -> reqwest::Client {
        let authority = reqwest::Certificate::from_pem(&self.authority()).unwrap();
        let http = reqwest::Client::builder().no_proxy();
        http.tls_certs_only([authority]).build().unwrap()
    }

    /// For the hand of the owner.
    pub(crate) fn options(&self) -> ClientOptions {
        let authority = Certificate::from_pem(&self.authority()).unwrap();
        ClientOptions::new().with_root_certificate(authority)
    }

    /// What an operator needs for any server here, and these.
    pub(crate) fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let authority = self.certificates.authority.display().to_string();
        let always = [
            ("SSL_CERT_FILE", authority.as_str()),
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ];
        let all = always.iter().chain(more);
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }
}

/// Something that nobody guesses and no text holds by chance.
pub(crate) fn secret() -> String {
    let half = || uuid::Uuid::new_v4().simple().to_string();
    half() + &half()[..8]
}
