//! Where a store is: an absolute folder, or a URL. It holds no credential: those come from the operator's environment.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// The schemes of clouds, and what each is.
const CLOUDS: [(&str, &str); 3] = [
    ("s3", "Amazon S3"),
    ("az", "Azure Blob Storage"),
    ("gs", "Google Cloud Storage"),
];

/// The address of a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Url);

/// What is wrong with an address, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A relative path: whose?
    #[error(
        "{0} is neither an absolute path nor a URL; write /folder, file:///folder, s3://bucket/prefix, az://container/prefix or gs://bucket/prefix"
    )]
    Relative(String),
    /// No URL of a store.
    #[error(
        "{0} names no store; write /folder, file:///folder, s3://bucket/prefix, az://container/prefix or gs://bucket/prefix"
    )]
    Unknown(String),
    /// Something that would be logged and shown.
    #[error(
        "the URL of the store holds a password or parameters; credentials of a store belong into the operator's environment"
    )]
    Credential,
    /// Not built in.
    #[error(
        "{scheme}:// is {cloud}, which this program was built without; build it with --features object-stores, or name a folder"
    )]
    NotBuiltIn {
        /// The scheme.
        scheme: &'static str,
        /// What it stands for.
        cloud: &'static str,
    },
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.starts_with('/') {
            let url = Url::from_file_path(text);
            return url
                .map(Self)
                .map_err(|()| AddressError::Unknown(text.to_owned()));
        }
        if !text.contains("://") {
            return Err(AddressError::Relative(text.to_owned()));
        }
        let unknown = || AddressError::Unknown(text.to_owned());
        // The text is not told where it does not even parse: what it holds is not known.
        let url = Url::parse(text).map_err(|_| AddressError::Unknown("this URL".to_owned()))?;
        if url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Credential);
        }
        if url.scheme() == "file" {
            let there = url.to_file_path().is_ok();
            return if there { Ok(Self(url)) } else { Err(unknown()) };
        }
        let cloud = CLOUDS
            .into_iter()
            .find(|(scheme, _)| *scheme == url.scheme());
        let (scheme, cloud) = cloud.ok_or_else(unknown)?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(unknown());
        }
        if cfg!(feature = "object-stores") {
            Ok(Self(url))
        } else {
            Err(AddressError::NotBuiltIn { scheme, cloud })
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    /// The folder; `None`: a cloud's.
    pub fn path(&self) -> Option<PathBuf> {
        (self.0.scheme() == "file").then(|| self.0.to_file_path().ok())?
    }

    /// The URL.
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        text.parse::<Address>().unwrap_err().to_string()
    }

    #[test]
    fn a_folder_is_named_by_its_path_or_url() {
        let by_path: Address = " /var/lib/evidence ".parse().unwrap();
        let by_url: Address = "file:///var/lib/evidence".parse().unwrap();
        assert_eq!(by_path, by_url);
        assert_eq!(by_path.path(), Some(PathBuf::from("/var/lib/evidence")));
        assert_eq!(by_path.to_string(), "file:///var/lib/evidence");
    }

    #[test]
    fn what_names_no_store_is_told_with_what_to_write() {
        for text in [
            "evidence",
            "./evidence",
            "ftp://host/x",
            "file://host/x",
            "s3://",
        ] {
            assert!(why(text).contains("s3://bucket/prefix"), "{}", why(text));
        }
    }

    #[test]
    fn no_credential_stands_in_an_address_and_none_is_repeated() {
        for text in ["s3://key:hunter2@bucket/x", "az://container/x?sig=hunter2"] {
            let why = why(text);
            assert!(
                why.contains("environment") && !why.contains("hunter2"),
                "{why}"
            );
        }
    }

    #[test]
    fn a_cloud_needs_its_feature() {
        for (scheme, cloud) in CLOUDS {
            let found = format!("{scheme}://bucket/prefix").parse::<Address>();
            if cfg!(feature = "object-stores") {
                assert_eq!(found.unwrap().path(), None);
            } else {
                assert_eq!(found, Err(AddressError::NotBuiltIn { scheme, cloud }));
            }
        }
    }
}
