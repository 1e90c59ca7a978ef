//! An authority of the tests' own, and the certificate of a server on the loopback.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::{Path, PathBuf};

/// PEM files.
pub(crate) struct Certificates {
    /// Whom to trust: the operator finds it by `SSL_CERT_FILE`.
    pub(crate) authority: PathBuf,
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    pub(crate) fn new(folder: &Path) -> Self {
        // The test's own clients need it as the operator's do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = Self {
            authority: folder.join("ca.pem"),
            chain: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(&made.authority, ca.self_signed(&ca_key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let chain = leaf.signed_by(&key, &issuer).unwrap();
        std::fs::write(&made.chain, chain.pem()).unwrap();
        std::fs::write(&made.key, key.serialize_pem()).unwrap();
        made
    }
}
