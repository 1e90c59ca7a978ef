//! S3, as versitygw speaks it: signatures, policies of a bucket, versions and retention are its own.

use crate::children::Program;
use crate::cloud::{BUCKET, Cloud, PREFIX, Site, obtained, secret};
use crate::{course, writers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::ObjectStoreExt as _;
use object_store::aws::{AmazonS3Builder, AwsAuthorizer, AwsCredential};
use object_store::client::{HttpRequest, HttpRequestBody};
use ring::digest::{SHA256, digest};
use std::process::Command;
use std::sync::Arc;

const REGION: &str = "eu-central-1";
/// The one who owns all, and the operator.
const OWNER: &str = "owner";
const OPERATOR: &str = "operator";

/// What the documentation asks for, by its names: docs/evidence.md.
const POLICY: &str = include_str!("s3-policy.json");

/// The server, spoken to as its owner.
struct Gateway {
    site: Site,
    secret: String,
}

impl Gateway {
    async fn serve(&self, program: &str) -> Program {
        let site = &self.site;
        let [data, versions, metadata, people] =
            ["data", "versions", "metadata", "people"].map(|name| site.made(name));
        let mut command = Command::new(program);
        command
            .args(["--port", &format!("127.0.0.1:{}", site.port)])
            .args(["--region", REGION, "--quiet"])
            .arg("--cert")
            .arg(&site.certificates.chain)
            .arg("--key")
            .arg(&site.certificates.key)
            .arg("--iam-dir")
            .arg(&people)
            .arg("posix")
            .arg("--versioning-dir")
            .arg(&versions)
            // Where the file system of the tests has no extended attributes.
            .arg("--sidecar")
            .arg(&metadata)
            .arg(&data)
            .env("ROOT_ACCESS_KEY_ID", OWNER)
            .env("ROOT_SECRET_ACCESS_KEY", &self.secret);
        site.start(&mut command, &site.url()).await
    }

    /// Makes the operator's user, who may do nothing yet.
    fn admit(&self, program: &str, operator: &str) {
        let made = Command::new(program)
            .args(["admin", "--allow-insecure", "--region", REGION])
            .args(["--endpoint-url", &self.site.url()])
            .args(["create-user", "--role", "user"])
            .args(["--access", OPERATOR, "--secret", operator])
            .env("ADMIN_ACCESS_KEY_ID", OWNER)
            .env("ADMIN_SECRET_ACCESS_KEY", &self.secret)
            .output()
            .unwrap();
        let why = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{why}");
    }

    /// Asks as the owner.
    async fn asked(
        &self,
        method: &str,
        place: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> reqwest::Response {
        let url = format!("{}/{place}", self.site.url());
        let mut request = http::Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            let digest = STANDARD.encode(digest(&SHA256, body.as_bytes()));
            request = request.header("x-amz-checksum-sha256", digest);
        }
        let mut request: HttpRequest = request
            .body(HttpRequestBody::from(body.to_owned()))
            .unwrap();
        let credential = AwsCredential {
            key_id: OWNER.into(),
            secret_key: self.secret.clone(),
            token: None,
        };
        let signer = AwsAuthorizer::new(&credential, "s3", REGION);
        signer.try_authorize(&mut request, None).unwrap();
        let (parts, _) = request.into_parts();
        let http = self.site.http();
        let asked = http.request(parts.method, &url).headers(parts.headers);
        asked.body(body.to_owned()).send().await.unwrap()
    }

    /// Status and body.
    async fn ask(
        &self,
        method: &str,
        place: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let answer = self.asked(method, place, headers, body).await;
        let status = answer.status().as_u16();
        (status, answer.text().await.unwrap())
    }

    async fn done(&self, method: &str, place: &str, headers: &[(&str, &str)], body: &str) {
        let (status, said) = self.ask(method, place, headers, body).await;
        assert!(
            (200..300).contains(&status),
            "{method} {place}: {status} {said}"
        );
    }
}

/// A bucket with the policy of the documentation; where `locked`, each version in it is kept for a day by Object Lock.
async fn start(locked: bool) -> (Gateway, Cloud) {
    let program = obtained("s3");
    let gateway = Gateway {
        site: Site::new(),
        secret: secret(),
    };
    let site = &gateway.site;
    let server = gateway.serve(&program).await;
    let operator = secret();
    gateway.admit(&program, &operator);
    let lock: &[_] = if locked {
        &[("x-amz-bucket-object-lock-enabled", "true")]
    } else {
        &[]
    };
    gateway.done("PUT", BUCKET, lock, "").await;
    if locked {
        let days = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
            <Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
        gateway
            .done("PUT", &format!("{BUCKET}?object-lock="), &[], days)
            .await;
    }
    let policy = POLICY
        .replace("arn:aws:iam::123456789012:user/tenant-closure", OPERATOR)
        .replace("my-bucket", BUCKET);
    gateway
        .done("PUT", &format!("{BUCKET}?policy="), &[], &policy)
        .await;

    let url = site.url();
    let of = |id: &str, key: &str| {
        site.environment(&[
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", key),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &url),
        ])
    };
    let wrong = secret();
    let hand = AmazonS3Builder::new()
        .with_client_options(site.options())
        .with_endpoint(&url)
        .with_region(REGION)
        .with_bucket_name(BUCKET)
        .with_access_key_id(OWNER)
        .with_secret_access_key(&gateway.secret)
        .build()
        .unwrap();
    let cloud = Cloud {
        address: format!("s3://{BUCKET}/{PREFIX}"),
        environment: of(OPERATOR, &operator),
        removing: None,
        refused: of(OPERATOR, &wrong),
        secrets: vec![operator, wrong],
        hand: Arc::new(hand),
        server: Some(server),
    };
    (gateway, cloud)
}

#[tokio::test(flavor = "current_thread")]
async fn a_closure_is_kept_in_s3() {
    let (_gateway, mut cloud) = start(false).await;
    course::run(&mut cloud).await;
}

#[tokio::test(flavor = "current_thread")]
async fn of_two_writers_one_writes_in_s3() {
    let (_gateway, cloud) = start(false).await;
    writers::race(&cloud).await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_object_lock_keeps_in_s3_outlives_whoever_removes_it() {
    let (gateway, cloud) = start(true).await;
    writers::race(&cloud).await;
    let place = writers::place(1);
    let written = cloud.read(&place).await;
    // S3 wants a checksum with whatever is to be kept by Object Lock.
    let path = format!("{BUCKET}/{place}");
    let told = gateway.asked("HEAD", &path, &[("x-amz-checksum-mode", "ENABLED")], "");
    let headers = told.await.headers().clone();
    assert!(headers.contains_key("x-amz-checksum-sha256"), "{headers:?}");
    let version = headers["x-amz-version-id"].to_str().unwrap().to_owned();

    cloud.remove(&place).await;
    let gone = cloud.hand.head(&place).await.unwrap_err();
    assert!(
        matches!(gone, object_store::Error::NotFound { .. }),
        "{gone}"
    );
    let kept = format!("{path}?versionId={version}");
    let (status, said) = gateway.ask("DELETE", &kept, &[], "").await;
    assert_eq!(status, 403, "the owner of the bucket removed it: {said}");
    let (status, said) = gateway.ask("GET", &kept, &[], "").await;
    assert_eq!((status, said.as_bytes()), (200, written.as_slice()));
}
