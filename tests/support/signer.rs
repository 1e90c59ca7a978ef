//! Keys of people, made by the real ssh-keygen, and what is signed with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Name of the key, its kind as ssh-keygen takes it, and its line in the configuration but for the key.
const KEYS: [(&str, &str, &str); 6] = [
    ("bob", "ed25519", "bob"),
    ("bob-2", "rsa", "bob namespaces=tenantclosure.dev"),
    ("carol", "ecdsa", "carol"),
    ("alice", "ed25519", "alice"),
    ("erin", "ed25519", "erin valid-before=20260101Z"),
    ("stranger", "ed25519", ""),
];

/// A folder with the keys of this test binary.
#[derive(Debug)]
pub(crate) struct Signer(PathBuf);

impl Signer {
    /// Makes the keys.
    pub(crate) fn new() -> Self {
        let name = concat!("keys-", env!("CARGO_CRATE_NAME"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let signer = Self(folder);
        for (name, kind, _) in KEYS {
            let path = signer.key(name);
            keygen(&["-t", kind, "-N", "", "-C", name, "-f", &path]);
        }
        signer
    }

    /// Where a private key is.
    pub(crate) fn key(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// What the operator's configuration has in `approvalKeys`.
    pub(crate) fn approval_keys(&self) -> String {
        let mut lines = String::new();
        for (name, _, line) in KEYS.iter().filter(|(_, _, line)| !line.is_empty()) {
            let public = fs::read_to_string(self.key(name) + ".pub").unwrap();
            lines.extend([line, " ", &public]);
        }
        lines
    }

    /// A new file with this text.
    pub(crate) fn file(&self, text: &str) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("text-{}", NEXT.fetch_add(1, Ordering::SeqCst));
        let path = self.0.join(name).display().to_string();
        fs::write(&path, text).unwrap();
        path
    }

    /// A text's signature with this key.
    pub(crate) fn sign(&self, key: &str, namespace: &str, text: &str) -> String {
        let file = self.file(text);
        sign(&self.key(key), namespace, &file);
        fs::read_to_string(file + ".sig").unwrap()
    }
}

/// Signs a file; the signature lies beside it.
pub(crate) fn sign(key: &str, namespace: &str, file: &str) {
    keygen(&["-Y", "sign", "-n", namespace, "-f", key, file]);
}

fn keygen(args: &[&str]) {
    let run = Command::new("ssh-keygen").arg("-q").args(args).output();
    let run = run.expect("ssh-keygen is missing: `make tools` installs it (openssh-client)");
    let why = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "ssh-keygen {args:?}: {why}");
}
