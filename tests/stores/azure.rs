//! Azure Blob Storage, as Microsoft's Azurite speaks it: signatures and the rights of a shared access signature are its own.

use crate::cloud::{BUCKET, Cloud, Environment, PREFIX, Site, obtained};
use crate::{course, writers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::azure::MicrosoftAzureBuilder;
use ring::hmac;
use std::process::Command;
use std::sync::Arc;

const ACCOUNT: &str = "evidence";
/// What the documentation asks for: read, create, write and list, and delete for an inventory.
const RIGHTS: &str = "rcwld";

/// A key of an account, base64.
fn key() -> String {
    let random: Vec<u8> = (0..4)
        .flat_map(|_| *uuid::Uuid::new_v4().as_bytes())
        .collect();
    STANDARD.encode(random)
}

/// Signs a shared access signature for the blobs of an account:
/// <https://learn.microsoft.com/rest/api/storageservices/create-account-sas>.
fn shared_access(key: &str, rights: &str) -> String {
    const VERSION: &str = "2021-12-02";
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let until = until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    // Blobs; containers and what is in them; over TLS alone.
    let signed = format!("{ACCOUNT}\n{rights}\nb\nsco\n\n{until}\n\nhttps\n{VERSION}\n\n");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(key).unwrap());
    let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
    let pairs = [
        ("sv", VERSION),
        ("ss", "b"),
        ("srt", "sco"),
        ("sp", rights),
        ("se", &until),
        ("spr", "https"),
        ("sig", &signature),
    ];
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The signature in it, as it stands in a URL and as it is.
fn signatures(shared: &str) -> [String; 2] {
    let raw = shared.split("sig=").nth(1).unwrap().to_owned();
    let plain = url::form_urlencoded::parse(shared.as_bytes());
    let plain = plain
        .into_iter()
        .find(|(name, _)| name == "sig")
        .unwrap()
        .1
        .into_owned();
    [raw, plain]
}

struct Account {
    site: Site,
    key: String,
}

impl Account {
    fn environment(&self, kind: &str, secret: &str) -> Environment {
        let endpoint = format!("{}/{ACCOUNT}", self.site.url());
        self.site.environment(&[
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT),
            ("AZURE_STORAGE_ENDPOINT", &endpoint),
            (kind, secret),
        ])
    }
}

async fn start() -> (Account, Cloud) {
    let account = Account {
        site: Site::new(),
        key: key(),
    };
    let site = &account.site;
    let data = site.made("data");
    let mut command = Command::new("node");
    command
        .arg(obtained("azure"))
        .args([
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            &site.port.to_string(),
        ])
        .args(["--disableTelemetry", "--silent", "--location"])
        .arg(&data)
        .arg("--cert")
        .arg(&site.certificates.chain)
        .arg("--key")
        .arg(&site.certificates.key)
        .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{}", account.key));
    let server = site.start(&mut command, &site.url()).await;

    let owners = shared_access(&account.key, "rwdlac");
    let made = site
        .http()
        .put(format!(
            "{}/{ACCOUNT}/{BUCKET}?restype=container&{owners}",
            site.url()
        ))
        .header("content-length", "0")
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());

    let given = shared_access(&account.key, RIGHTS);
    let wrong = shared_access(&key(), RIGHTS);
    let hand = MicrosoftAzureBuilder::new()
        .with_client_options(site.options())
        .with_endpoint(format!("{}/{ACCOUNT}", site.url()))
        .with_account(ACCOUNT)
        .with_access_key(&account.key)
        .with_container_name(BUCKET)
        .build()
        .unwrap();
    let mut secrets = vec![account.key.clone()];
    secrets.extend(signatures(&given));
    secrets.extend(signatures(&wrong));
    let cloud = Cloud {
        address: format!("az://{BUCKET}/{PREFIX}"),
        environment: account.environment("AZURE_STORAGE_SAS_TOKEN", &given),
        // `object_store` deletes by a batch, at which Azurite 3.35.0 fails (500) where a shared access signature asks for it.
        removing: Some(account.environment("AZURE_STORAGE_ACCOUNT_KEY", &account.key)),
        refused: account.environment("AZURE_STORAGE_SAS_TOKEN", &wrong),
        secrets,
        hand: Arc::new(hand),
        server: Some(server),
    };
    (account, cloud)
}

#[tokio::test(flavor = "current_thread")]
async fn a_closure_is_kept_in_azure() {
    let (_account, mut cloud) = start().await;
    course::run(&mut cloud).await;
}

#[tokio::test(flavor = "current_thread")]
async fn of_two_writers_one_writes_in_azure() {
    let (account, mut cloud) = start().await;
    writers::race(&cloud).await;
    // With the key of the account too.
    cloud.environment = account.environment("AZURE_STORAGE_ACCOUNT_KEY", &account.key);
    writers::race(&cloud).await;
}
