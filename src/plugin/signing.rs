//! Approvals and attestations that are signed with SSH and put into Git: the text to sign, and the object of text and signature.

use crate::api::signature::{self, NAMESPACE};
use crate::api::{ClosureApproval, ClosureApprovalSpec};
use crate::closure::plan::hex;
use crate::plugin::arguments::{Arguments, Manifest, Signing};
use crate::plugin::write::{Subject, approval, attested};
use crate::plugin::{Command, Ended, Trouble};
use sha2::{Digest as _, Sha256};
use std::io::Write;
use std::path::Path;

/// Does what needs no cluster; `None` where one must be asked.
pub(crate) fn without_cluster(
    arguments: &Arguments,
    out: &mut (dyn Write + Send),
) -> Option<Result<Ended, Trouble>> {
    let spec = match &arguments.command {
        Command::Manifest(asked) => {
            let namespace = arguments.place.namespace.as_deref();
            return Some(manifest(asked, namespace, out));
        }
        Command::Approve(asked) => {
            let (subject, approver) = told(&asked.signing, &asked.name, &asked.confirm)?;
            let digest = asked.plan.trim_start_matches("sha256:");
            if digest.len() != 64 {
                let why = "--plan must be the whole digest where the cluster is not read";
                return Some(Err(Trouble::Usage(why.into())));
            }
            approval(asked, subject, digest.to_ascii_lowercase(), approver)
        }
        Command::Attest(asked) => {
            let (subject, approver) = told(&asked.signing, &asked.name, &asked.confirm)?;
            attested(asked, subject, approver)
        }
        _ => return None,
    };
    Some(print(&spec, out))
}

/// The closure and the approver, where the call says all of it.
fn told(signing: &Signing, name: &str, confirm: &str) -> Option<(Subject, String)> {
    let subject = Subject {
        name: name.to_owned(),
        uid: signing.uid.clone()?,
        tenant: signing.tenant.clone()?,
        domain: confirm.to_owned(),
    };
    Some((subject, signing.approver.clone()?))
}

/// Prints the text to sign.
pub(crate) fn print(
    spec: &ClosureApprovalSpec,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let why = "a line break or another control character cannot be signed; leave it out";
    let text = spec.text().ok_or_else(|| Trouble::Usage(why.into()))?;
    out.write_all(text.as_bytes())?;
    Ok(Ended::Done)
}

/// Prints the object of a text and its signature.
pub(crate) fn manifest(
    asked: &Manifest,
    namespace: Option<&str>,
    out: &mut (dyn Write + Send),
) -> Result<Ended, Trouble> {
    let file = &asked.file;
    let mut beside = file.clone().into_os_string();
    beside.push(".sig");
    let text = read(file)?;
    let armored = read(Path::new(&beside))?;
    let spec = ClosureApprovalSpec::of_text(&text).ok_or_else(|| {
        Trouble::Usage(format!(
            "{} is not what `approve --text` or `attest --text` has printed",
            file.display()
        ))
    })?;
    signature::signer(&armored, &text).map_err(|why| {
        Trouble::Usage(format!(
            "{}: {why}; sign with `ssh-keygen -Y sign -n {NAMESPACE} -f <your key> {}`",
            beside.display(),
            file.display()
        ))
    })?;
    // The same text makes the same object, however often.
    let short = hex(&Sha256::digest(&text)[..4]);
    let name = format!("{}-{short}", spec.closure_name);
    let spec = ClosureApprovalSpec {
        signature: Some(armored),
        ..spec
    };
    let mut object = ClosureApproval::new(&name, spec);
    object.metadata.namespace = namespace.map(str::to_owned);
    let yaml = serde_saphyr::to_string(&object).map_err(|e| Trouble::Print(e.to_string()))?;
    out.write_all(yaml.as_bytes())?;
    Ok(Ended::Done)
}

fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path)
        .map_err(|why| Trouble::Usage(format!("cannot read {}: {why}", path.display())))
}
