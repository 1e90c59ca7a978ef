//! A cluster whose tokens an application trusts, and the certificate that its key belongs to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

/// A certificate with its key.
pub(crate) const PEM: &str = include_str!("certificate.pem");
/// The operator's service account.
pub(crate) const SUBJECT: &str = "system:serviceaccount:tenant-closure:tenant-closure";
const ISSUER: &str = "https://cluster.example";

fn key() -> RsaKeyPair {
    let key = PrivatePkcs8KeyDer::from_pem_slice(PEM.as_bytes()).unwrap();
    RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap()
}

/// A token of a cluster whose key the application trusts.
pub(crate) fn token(subject: &str) -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({"iss": ISSUER, "sub": subject, "aud": ["api://AzureADTokenExchange"], "nbf": now, "exp": now + 3600});
    let parts = [json!({"alg": "RS256", "kid": "k"}), claims];
    let text = parts
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What makes an application trust such tokens.
pub(crate) fn trusted() -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(key().public_key());
    let [n, e] = [public.n, public.e].map(|part| URL_SAFE_NO_PAD.encode(part));
    json!({"issuer": ISSUER, "subject": SUBJECT, "jwks": {"keys": [{"kty": "RSA", "kid": "k", "n": n, "e": e}]}})
}
