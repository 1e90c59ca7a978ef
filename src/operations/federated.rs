//! The cluster's tokens for the operator itself: one for the audience of each cloud, in files beside one another.

use crate::closure::terms::Cloud;
use std::path::{Path, PathBuf};

/// What the name of the file ends with that has the token for a cloud.
pub const fn ending(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Global => "",
        Cloud::USGov | Cloud::USGovDoD => "-usgov",
        Cloud::China => "-china",
    }
}

/// The file with the token for a cloud: the one that is `named`, or the one beside it with the cloud's ending. Where there is none
/// beside it, somebody has chosen one audience for all: the named one serves.
pub fn file(named: &Path, cloud: Cloud) -> PathBuf {
    let mut beside = named.as_os_str().to_owned();
    beside.push(ending(cloud));
    let beside = PathBuf::from(beside);
    if beside.exists() {
        beside
    } else {
        named.to_owned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;

    #[test]
    fn each_cloud_has_the_token_for_its_own_audience() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("token");
        let of = |cloud| file(&named, cloud);
        for cloud in Cloud::ALL {
            assert_eq!(of(cloud), named, "one for all, {cloud:?}");
        }
        for name in ["token", "token-usgov", "token-china"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let read = Cloud::ALL.map(|cloud| std::fs::read_to_string(of(cloud)).unwrap());
        assert_eq!(read, ["token", "token-usgov", "token-usgov", "token-china"]);
        // Two clouds have a token in common exactly where they have the audience in common.
        for one in Cloud::ALL {
            for other in Cloud::ALL {
                let same = one.federated_audience() == other.federated_audience();
                assert_eq!(of(one) == of(other), same, "{one:?} {other:?}");
            }
        }
    }
}
