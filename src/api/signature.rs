//! SSH signatures as `ssh-keygen -Y sign` writes them (OpenSSH's PROTOCOL.sshsig): which key has signed a text.
//!
//! The crate `ssh-key` takes them apart; what it would verify with comes a second time beside `ring`, so `ring` verifies.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};
use ssh_key::public::{EcdsaPublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, Signature, SshSig};

/// The namespace that is signed in (`-n`): a signature that was made for anything else is none of an approval.
pub const NAMESPACE: &str = "tenantclosure.dev";

/// Bytes of a coordinate of the curve P-256.
const P256: usize = 32;
/// Bits of the flags of a security key: somebody touched it.
const TOUCHED: u8 = 1;

/// The key that made this armored signature over the text, whosever it is, or what is the matter with the signature.
pub fn signer(armored: &str, text: &str) -> Result<KeyData, &'static str> {
    let signed = SshSig::from_pem(armored.trim())
        .map_err(|_| "one has a signature that is not as ssh-keygen -Y sign writes it")?;
    if signed.namespace() != NAMESPACE {
        return Err("one is signed for another purpose (ssh-keygen -n tenantclosure.dev)");
    }
    if !takes(signed.public_key()) {
        return Err("one is signed with a kind of key that is not taken");
    }
    if verifies(&signed, text) {
        Ok(signed.public_key().clone())
    } else {
        Err("one has a signature over something else than what it says")
    }
}

/// Kinds of keys that are taken: Ed25519, ECDSA on P-256, both also in a security key, RSA of 2,048 bits and more.
pub fn takes(key: &KeyData) -> bool {
    match key {
        KeyData::Ed25519(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => true,
        KeyData::Ecdsa(key) => key.curve() == EcdsaCurve::NistP256,
        KeyData::Rsa(key) => {
            let modulus = key.n.as_positive_bytes().map_or(0, <[u8]>::len);
            (256..=1024).contains(&modulus)
        }
        _ => false,
    }
}

fn verifies(signed: &SshSig, text: &str) -> bool {
    let message = SshSig::signed_data(signed.namespace(), signed.hash_alg(), text.as_bytes());
    message.is_ok_and(|message| made_by(signed.public_key(), &message, signed.signature()))
}

/// Whether this key made the signature over these bytes.
fn made_by(key: &KeyData, message: &[u8], signature: &Signature) -> bool {
    let bytes = signature.as_bytes();
    match (key, signature.algorithm()) {
        (KeyData::Ed25519(key), Algorithm::Ed25519) => holds(&ED25519, &key.0, message, bytes),
        (KeyData::Ecdsa(key @ EcdsaPublicKey::NistP256(_)), Algorithm::Ecdsa { .. }) => {
            on_p256(key.as_sec1_bytes(), message, bytes)
        }
        (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => {
            with_rsa(key, hash, message, bytes)
        }
        (KeyData::SkEd25519(key), Algorithm::SkEd25519) => {
            touched(key.application(), message, bytes).is_some_and(|(message, bytes)| {
                holds(&ED25519, &key.public_key().0, &message, bytes)
            })
        }
        (KeyData::SkEcdsaSha2NistP256(key), Algorithm::SkEcdsaSha2NistP256) => {
            touched(key.application(), message, bytes)
                .is_some_and(|(message, bytes)| on_p256(key.ec_point().as_ref(), &message, bytes))
        }
        _ => false,
    }
}

fn holds(
    how: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    bytes: &[u8],
) -> bool {
    UnparsedPublicKey::new(how, key)
        .verify(message, bytes)
        .is_ok()
}

/// SHA-1, as in `ssh-rsa`, is not taken.
fn with_rsa(key: &RsaPublicKey, hash: HashAlg, message: &[u8], bytes: &[u8]) -> bool {
    let (Some(n), Some(e)) = (key.n.as_positive_bytes(), key.e.as_positive_bytes()) else {
        return false;
    };
    let how = match hash {
        HashAlg::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        HashAlg::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        _ => return false,
    };
    let key = RsaPublicKeyComponents { n, e };
    key.verify(how, message, bytes).is_ok()
}

/// The two numbers of an SSH signature, each with its length before it, are put side by side for `ring`.
fn on_p256(point: &[u8], message: &[u8], bytes: &[u8]) -> bool {
    let both = number(bytes).and_then(|(r, rest)| {
        let (s, rest) = number(rest)?;
        rest.is_empty().then(|| [r, s].concat())
    });
    both.is_some_and(|both| holds(&ECDSA_P256_SHA256_FIXED, point, message, &both))
}

fn number(bytes: &[u8]) -> Option<([u8; P256], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (digits, rest) = rest.split_at_checked(length)?;
    let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
    let mut padded = [0; P256];
    let start = P256.checked_sub(digits.len())?;
    padded[start..].copy_from_slice(digits);
    Some((padded, rest))
}

/// What a security key really signs (OpenSSH's PROTOCOL.u2f), and its signature without flags and counter; `None` where
/// nobody touched it.
fn touched<'a>(application: &str, message: &[u8], bytes: &'a [u8]) -> Option<(Vec<u8>, &'a [u8])> {
    let (bytes, trailer) = bytes.split_last_chunk::<5>()?;
    let [flags, ..] = trailer;
    let (application, message) = (Sha256::digest(application), Sha256::digest(message));
    let message = [application.as_slice(), trailer, message.as_slice()].concat();
    (flags & TOUCHED != 0).then_some((message, bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use crate::api::ClosureApprovalSpec;
    use ssh_key::PublicKey;

    /// Made with ssh-keygen of OpenSSH 9.2.
    const TEXT: &str = include_str!("../../tests/support/signatures/contoso-bob.txt");
    const ED25519: [&str; 2] = [
        include_str!("../../tests/support/signatures/ed25519.pub"),
        include_str!("../../tests/support/signatures/ed25519.sig"),
    ];
    const ECDSA: [&str; 2] = [
        include_str!("../../tests/support/signatures/ecdsa.pub"),
        include_str!("../../tests/support/signatures/ecdsa.sig"),
    ];
    const RSA: [&str; 2] = [
        include_str!("../../tests/support/signatures/rsa.pub"),
        include_str!("../../tests/support/signatures/rsa.sig"),
    ];
    const FOR_GIT: &str = include_str!("../../tests/support/signatures/ed25519-for-git.sig");
    const P384: &str = include_str!("../../tests/support/signatures/p384.sig");

    /// Made with a security key: a vector of the crate `ssh-key`, namespace `example`, over `testing`.
    const TOUCHED: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg1KgSUW
V4f6c3zcWguqp6kmM37LsazmWufupeMGpBnK4AAAAEc3NoOgAAAAdleGFtcGxlAAAAAAAA
AAZzaGE1MTIAAABnAAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAQC9WcLb5NG
XRdCOHinQIS/MxdnAx7SQMYnyOt5q4+huTWh/Zk/UvWhP+wXl/ikNPlDpgliRq6o3VyKqS
LLo9lQYBAAAACQ==
-----END SSH SIGNATURE-----
";

    fn key(line: &str) -> KeyData {
        PublicKey::from_openssh(line).unwrap().key_data().clone()
    }

    #[test]
    fn what_ssh_keygen_signs_is_by_its_key() {
        assert!(ClosureApprovalSpec::of_text(TEXT).is_some());
        for [public, armored] in [ED25519, ECDSA, RSA] {
            assert_eq!(signer(armored, TEXT), Ok(key(public)));
            assert!(takes(&key(public)));
        }
    }

    #[test]
    fn a_text_that_was_changed_is_signed_by_nobody() {
        for (from, to) in [
            ("bob", "carol"),
            ("2027-01", "2027-02"),
            ("\n", ""),
            ("v1", "v2"),
        ] {
            for [_, armored] in [ED25519, ECDSA, RSA] {
                let changed = TEXT.replacen(from, to, 1);
                let why = signer(armored, &changed).unwrap_err();
                assert!(why.contains("over something else"), "{to}: {why}");
            }
        }
    }

    #[test]
    fn a_signature_for_another_purpose_is_none() {
        let why = signer(FOR_GIT, TEXT).unwrap_err();
        assert!(why.contains("for another purpose"), "{why}");
    }

    #[test]
    fn a_kind_of_key_that_is_not_taken_is_told() {
        let why = signer(P384, TEXT).unwrap_err();
        assert!(why.contains("kind of key"), "{why}");
    }

    #[test]
    fn what_is_no_signature_is_told() {
        let cut = &ED25519[1][..200];
        let spoilt = ED25519[1].replacen("U1NIU0lH", "U1NIU0lI", 1);
        for armored in ["", "signed: bob", cut, &spoilt, ED25519[0]] {
            let why = signer(armored, TEXT).unwrap_err();
            assert!(why.contains("not as ssh-keygen"), "{armored}: {why}");
        }
    }

    #[test]
    fn a_security_key_signs_only_where_somebody_touches_it() {
        let signed = SshSig::from_pem(TOUCHED).unwrap();
        assert!(takes(signed.public_key()));
        assert!(verifies(&signed, "testing") && !verifies(&signed, "testing it"));
        let mut bytes = signed.signature_bytes().to_vec();
        bytes[64] = 0;
        let untouched = Signature::new(Algorithm::SkEd25519, bytes).unwrap();
        let message = SshSig::signed_data("example", HashAlg::Sha512, b"testing").unwrap();
        assert!(made_by(signed.public_key(), &message, signed.signature()));
        assert!(!made_by(signed.public_key(), &message, &untouched));
    }
}
