//! What the API server refused, in its own words and no others, and what to do about it.

use crate::closure::label::unseen;
use kube::core::Status;

/// The policies say that one that nobody has told them of yet does not exist.
const NOT_HEARD_OF: &str = "no params found";

/// An error of the API server for a person: the message of its Status, then the remedy.
pub(crate) fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{}\n{}", said(status), remedy(status)),
        other => format!(
            "the API server cannot be asked: {}\nCheck that it answers: kubectl cluster-info",
            printable(&other.to_string())
        ),
    }
}

/// The message alone; a Status without one has a reason, or a code.
fn said(status: &Status) -> String {
    let told = [status.message.as_str(), status.reason.as_str()];
    let told = told.into_iter().find(|text| !text.trim().is_empty());
    told.map_or_else(
        || format!("the API server answers {}", status.code),
        printable,
    )
}

/// It may hold what others wrote: nothing of it acts on a terminal.
fn printable(text: &str) -> String {
    let shown = text.trim().chars();
    shown
        .map(|c| match c {
            c if c.is_whitespace() => ' ',
            c if c.is_control() || unseen(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn remedy(status: &Status) -> &'static str {
    let says = |words: &str| status.message.contains(words);
    if says(NOT_HEARD_OF) {
        return "The policies hear of a new closure a moment later: run it again in some seconds";
    }
    if says("ValidatingAdmissionPolicy") {
        return "Nothing was written. Who may approve, and who else: docs/approval.md";
    }
    match status.code {
        401 => "Sign in to the cluster again",
        403 => {
            "Nothing was written. Ask who administers the namespace for this right; kubectl auth can-i --list tells what you have"
        }
        404 => {
            "Check the name and the namespace, and that the operator is installed in this cluster"
        }
        409 => "Somebody changed it meanwhile: run it again",
        400 | 422 => "Nothing was written. Mend what the message names",
        429 | 500.. => "The API server is busy or in trouble: run it again in a while",
        _ => "Nothing was written",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail loudly
mod tests {
    use super::*;
    use serde_json::json;

    fn told(code: u16, message: &str) -> String {
        let status = json!({"status": "Failure", "code": code, "reason": "Forbidden", "message": message,
            "details": {"name": "contoso", "kind": "closureapprovals"}});
        words(&kube::Error::Api(serde_json::from_value(status).unwrap()))
    }

    #[test]
    fn the_message_and_a_remedy_and_nothing_of_the_struct() {
        let own = "closureapprovals.tenantclosure.dev \"contoso-x\" is forbidden: ValidatingAdmissionPolicy 'tenantclosure-approver-guard' \
                   with binding 'tenantclosure-approver-guard' denied request: the author of a closure cannot approve it; another person must";
        let text = told(403, own);
        assert!(text.starts_with(&format!("{own}\n")), "{text}");
        assert!(text.ends_with("docs/approval.md"), "{text}");
        for word in ["Status", "details", "reason", "Failure", "Some(", "{"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        for (code, message, remedy) in [
            (
                403,
                "no params found for policy binding",
                "run it again in some seconds",
            ),
            (403, "User \"alice\" cannot create", "kubectl auth can-i"),
            (401, "Unauthorized", "Sign in"),
            (404, "the server could not find", "is installed"),
            (409, "the object has been modified", "run it again"),
            (422, "spec.expiresAt: Invalid value", "Mend"),
            (429, "too many requests", "in a while"),
            (503, "apiserver not ready", "in a while"),
        ] {
            let text = told(code, message);
            assert!(text.starts_with(message) && text.contains(remedy), "{text}");
        }
        assert!(told(403, "").starts_with("Forbidden\n"));
    }

    #[test]
    fn what_others_wrote_does_nothing_on_a_terminal() {
        let text = told(422, "name \u{1b}[2J\u{202e}x\nerror: all is well");
        assert!(
            text.starts_with("name \u{fffd}[2J\u{fffd}x error: all is well\n"),
            "{text}"
        );
    }
}
