//! An assertion, checked as the sign-in service checks it.

use crate::server::{APP, TENANT};
use crate::stage::CERTIFICATE;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{KeyPair, RSA_PSS_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A form whose last field is an assertion that the certificate's key signed, for this application and this endpoint: it
/// differs each time, so a name stands in its place. What is anything else stays as it is.
pub fn named(form: &str) -> String {
    let (before, token) = form.split_once("&client_assertion=").unwrap();
    check(token);
    format!("{before}&client_assertion={{signed by the certificate}}")
}

fn check(token: &str) {
    let parts: Vec<&str> = token.split('.').collect();
    let part = |n: usize| URL_SAFE_NO_PAD.decode(parts[n]).unwrap();
    let (header, claims): (Value, Value) = (
        serde_json::from_slice(&part(0)).unwrap(),
        serde_json::from_slice(&part(1)).unwrap(),
    );
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let print = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&"PS256".into(), &"JWT".into())
    );
    assert_eq!(header["x5t#S256"], print);
    let endpoint = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    assert_eq!(claims["aud"], endpoint);
    for name in ["iss", "sub"] {
        assert_eq!(claims[name], APP.to_string(), "{name}");
    }
    let at = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!((at("exp") - at("nbf"), at("iat")), (300, at("nbf")));
    assert!(uuid::Uuid::parse_str(claims["jti"].as_str().unwrap()).is_ok());
    let key = PrivatePkcs8KeyDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public_key().as_ref());
    let text = format!("{}.{}", parts[0], parts[1]);
    public.verify(text.as_bytes(), &part(2)).unwrap();
}
